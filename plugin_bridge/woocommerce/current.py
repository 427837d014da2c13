"""What single items of a store show at this moment, asked for by their ids: many in one request."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from backend.ports.platform_errors import StoreRefused
from plugin_bridge.woocommerce.bent import read_items
from plugin_bridge.woocommerce.catalog import API, all_of
from plugin_bridge.woocommerce.client import Answer, WooClient
from plugin_bridge.woocommerce.paging import PAGE_SIZE
from plugin_bridge.woocommerce.wire import PRODUCT_FIELDS, VARIATION_FIELDS, Items, WooItem

_STOCK = "id,parent_id,type,status,manage_stock,stock_quantity"
_MARKS = ",meta_data"


class Place(NamedTuple):
    """Which item: a product, or a variation below its parent."""

    parent: int
    """0 for a product."""
    id: int


class CurrentItems:
    """Reads items of one store.

    Args:     flat: whether it has a list of all variations; None finds out.
    """

    def __init__(self, client: WooClient, flat: bool | None) -> None:
        self._client = client
        self._flat = flat

    async def find(
        self, places: Iterable[Place], *, stock_only: bool = False, marks: bool = False
    ) -> dict[int, WooItem]:
        """Return those of the items that are there, and not in the trash, by id.

        Args:     marks: with what earlier writes left on them.
        Raises:   StoreRefused, StoreUnavailable, StoreThrottled.
        """
        wanted = list(dict.fromkeys(places))
        products = [place.id for place in wanted if not place.parent]
        below = [place for place in wanted if place.parent]
        more = _MARKS if marks else ""
        found, varied = await all_of(
            [
                self._list("products", products, (_STOCK if stock_only else PRODUCT_FIELDS) + more),
                self._variations(below, (_STOCK if stock_only else VARIATION_FIELDS) + more),
            ]
        )
        return {item.id: item for item in (*found, *varied) if item.status != "trash"}

    async def _variations(self, places: Sequence[Place], fields: str) -> list[WooItem]:
        if places and self._flat is not False:
            try:
                return await self._list("variations", [place.id for place in places], fields)
            except StoreRefused as error:
                if error.status != 404 or self._flat:
                    raise
                self._flat = False
        found: list[WooItem] = []
        for parent in dict.fromkeys(place.parent for place in places):
            ids = [place.id for place in places if place.parent == parent]
            found += await self._below(parent, ids, fields)
        return found

    async def _below(self, parent: int, ids: list[int], fields: str) -> list[WooItem]:
        try:
            return await self._list(f"products/{parent}/variations", ids, fields)
        except StoreRefused as gone:
            if gone.status != 404:
                raise
            return []

    async def _list(self, path: str, ids: Sequence[int], fields: str) -> list[WooItem]:
        found: list[WooItem] = []
        for start in range(0, len(ids), PAGE_SIZE):
            wanted = ",".join(str(one) for one in ids[start : start + PAGE_SIZE])
            parameters = {"include": wanted, "per_page": str(PAGE_SIZE), "_fields": fields}
            answer = await self._client.get(f"{API}/{path}", parameters, good=lambda one: _items(one) is not None)
            page = _items(answer)
            found += page.items if page is not None else []
        return found


def _items(answer: Answer) -> Items | None:
    return read_items(answer.content, answer.content_type)
