"""Products that a store has already: by SKU, or among its newest by the mark that we put on what we make."""

from collections.abc import Iterable, Mapping, Sequence

from backend.ports.platform_errors import StoreRefused
from backend.ports.store_writes import ProductCreation
from plugin_bridge.woocommerce.bent import read_items
from plugin_bridge.woocommerce.catalog import API
from plugin_bridge.woocommerce.client import WooClient
from plugin_bridge.woocommerce.new_items import folded, guard_sku, is_made_for, own_skus
from plugin_bridge.woocommerce.wire import Items, WooItem

FIELDS = "id,parent_id,type,status,name,sku,permalink,attributes,images,meta_data"
_PAGE = 100
_MOST_SKUS = 50
_MOST_CHARACTERS = 1500
_NEWEST_PAGES = 3
_MOST_PAGES = 50


class LookUp:
    """Finds products and variations of one store."""

    def __init__(self, client: WooClient) -> None:
        self._client = client

    async def by_creation(self, creations: Sequence[ProductCreation], *, made: bool = True) -> dict[str, list[WooItem]]:
        """Return by each creation's key what bears one of its SKUs, or the SKU it bore while it was made.

        Args:     made: they may have been made whole; what has no SKU is then looked for among the newest products.
        Raises:   StoreRefused, StoreUnavailable, StoreThrottled.
        """
        skus = {one.key: [*own_skus(one), guard_sku(one)] for one in creations}
        found = await self.by_sku(sku for some in skus.values() for sku in some if sku)
        hits = {key: _distinct(found, some) for key, some in skus.items()}
        nameless = [one for one in creations if made and not own_skus(one) and not hits[one.key]]
        if nameless:
            newest = await self._newest()
            hits |= {one.key: [item for item in newest if _is(item, one)] for one in nameless}
        return hits

    async def by_sku(self, skus: Iterable[str]) -> dict[str, list[WooItem]]:
        """Return what bears these SKUs, variations too; a SKU with a comma cannot be asked for."""
        found: dict[str, list[WooItem]] = {}
        for some in _portions(sku for sku in dict.fromkeys(skus) if "," not in sku):
            for item in (await self._list("products", {"sku": ",".join(some), "per_page": str(_PAGE)})).items:
                found.setdefault(folded(item.sku), []).append(item)
        return found

    async def product(self, number: int) -> WooItem | None:
        """Return one product."""
        found = await self.products([number])
        return found[0] if found else None

    async def products(self, numbers: Sequence[int]) -> list[WooItem]:
        """Return products by id, at most a hundred."""
        page = await self._list("products", {"include": ",".join(map(str, numbers)), "per_page": str(_PAGE)})
        return page.items

    async def variations(self, parent: int) -> list[WooItem]:
        """Return all variations of a product."""
        try:
            return await self._walk(f"products/{parent}/variations", "asc", _MOST_PAGES)
        except StoreRefused as gone:
            if gone.status != 404:
                raise
            return []

    async def _newest(self) -> list[WooItem]:
        return await self._walk("products", "desc", _NEWEST_PAGES)

    async def _walk(self, path: str, order: str, most: int) -> list[WooItem]:
        found: list[WooItem] = []
        for page in range(1, most + 1):
            sorting = {"per_page": str(_PAGE), "page": str(page), "orderby": "id", "order": order}
            rows = await self._list(path, sorting)
            found += rows.items
            if rows.listed < _PAGE:
                break
        return found

    async def _list(self, path: str, parameters: Mapping[str, str]) -> Items:
        answer = await self._client.get(
            f"{API}/{path}",
            {**parameters, "_fields": FIELDS},
            good=lambda one: read_items(one.content, one.content_type) is not None,
        )
        return read_items(answer.content, answer.content_type) or Items([], [], 0)


def _is(item: WooItem, creation: ProductCreation) -> bool:
    # The name too: another Storeloom that writes to this store may have given the same id to another product.
    return is_made_for(item, creation.product) and folded(item.name) == folded(creation.product.title)


def _distinct(found: Mapping[str, list[WooItem]], skus: Iterable[str]) -> list[WooItem]:
    items = [item for sku in skus for item in found.get(folded(sku), [])]
    return list({item.id: item for item in items}.values())


def _portions(skus: Iterable[str]) -> list[list[str]]:
    """Cut SKUs into what fits in one address; WooCommerce takes any number of them."""
    portions: list[list[str]] = [[]]
    characters = 0
    for sku in skus:
        if len(portions[-1]) >= _MOST_SKUS or characters + len(sku) > _MOST_CHARACTERS:
            portions.append([])
            characters = 0
        portions[-1].append(sku)
        characters += len(sku) + 1
    return [portion for portion in portions if portion]
