"""Turns neutral products into a store's items, always the same way for the same input."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from backend.ports.store_platform import PlatformProduct, PlatformVariant
from plugin_bridge.sandbox.woocommerce.item import Attribute, Item, Meta, Picture
from plugin_bridge.sandbox.woocommerce.slugs import Slugs
from plugin_bridge.sandbox.woocommerce.terms import BRANDS, TAGS, Terms

FIRST_ID = 10
TIES = 10
"""So many products share one second of creation, as an importer leaves them."""

_STATUS = {"active": "publish", "draft": "draft", "archived": "private"}


class Seeder:
    """Gives out ids, slugs and terms while products are turned into items.

    Args:     seeded_at: Unix second of the first product; each tenth product is a second later unless it says itself.
    """

    def __init__(self, terms: Terms, seeded_at: int) -> None:
        self._terms = terms
        self._seeded_at = seeded_at
        self._slugs = Slugs()
        self._next_meta = 1
        self.next_id = FIRST_ID

    def items(self, products: Iterable[PlatformProduct]) -> Iterator[Item]:
        """Yield each product followed by its variations."""
        for index, product in enumerate(products):
            at = self._seeded_at + index // TIES
            if product.modified_at is not None:
                at = int(product.modified_at.timestamp())
            if len(product.variants) > 1:
                yield from self._variable(product, at)
            else:
                yield self._simple(product, at)

    def _simple(self, product: PlatformProduct, at: int) -> Item:
        item = self._product(product, at)
        if product.variants:
            variant = product.variants[0]
            self._sell(item, variant)
            pairs = (*variant.options.items(), *variant.attributes.items())
            item.attributes = tuple(_attribute(name, value) for name, value in pairs if value)
        return item

    def _variable(self, product: PlatformProduct, at: int) -> Iterator[Item]:
        parent = self._product(product, at)
        parent.kind = "variable"
        names = product.option_names or tuple(product.variants[0].options)
        parent.attributes = (
            *(Attribute(name, _values(product, name), variation=True) for name in names),
            *(_attribute(name, value) for name, value in _common(product).items()),
        )
        variations = [self._variation(parent, variant) for variant in product.variants]
        parent.children = tuple(item.id for item in variations)
        yield parent
        yield from variations

    def _product(self, product: PlatformProduct, at: int) -> Item:
        terms = self._terms
        return Item(
            id=self._take_id(),
            name=product.title,
            slug=self._slugs.take(product.handle or product.title),
            description=product.description,
            status=_STATUS.get(product.status, "publish"),
            categories=tuple(dict.fromkeys(terms.path(path) for path in product.categories)) or (terms.path(""),),
            tags=tuple(terms.named(TAGS, tag) for tag in product.tags),
            brands=(terms.named(BRANDS, product.brand),) if product.brand else (),
            pictures=tuple(Picture(self._take_id(), image.url, image.alt) for image in product.images),
            created_at=at,
            modified_at=at,
        )

    def _variation(self, parent: Item, variant: PlatformVariant) -> Item:
        item = Item(
            id=self._take_id(),
            kind="variation",
            parent_id=parent.id,
            status="publish" if variant.active else "private",
            choices=tuple(variant.options.items()),
            created_at=parent.created_at,
            modified_at=parent.modified_at,
        )
        self._sell(item, variant)
        shared = {attribute.name for attribute in parent.attributes}
        own = [(name, value) for name, value in variant.attributes.items() if _label(name) not in shared]
        item.meta += tuple(self._meta(f"_{name}", value) for name, value in own)
        if variant.image_url:
            item.pictures = (Picture(self._take_id(), variant.image_url),)
        return item

    def _sell(self, item: Item, variant: PlatformVariant) -> None:
        item.sku = variant.sku
        item.gtin = variant.barcode
        item.regular_price = price_text(variant.price)
        item.sale_price = price_text(variant.sale_price)
        item.manage_stock = variant.stock is not None
        item.stock = variant.stock
        item.backorders = "yes" if variant.backorder else "no"
        item.stock_status = stock_status(item) if item.manage_stock else _said(variant)
        if variant.weight_g is not None:
            item.weight = f"{(Decimal(variant.weight_g) / 1000).normalize():f}"
        if variant.cost is not None:
            item.meta = (self._meta("_wc_cog_cost", price_text(variant.cost)),)

    def _meta(self, key: str, value: str) -> Meta:
        self._next_meta += 1
        return Meta(self._next_meta, key, value)

    def _take_id(self) -> int:
        self.next_id += 1
        return self.next_id - 1


def price_text(amount: Decimal | None) -> str:
    """Print an amount as it is written, which is how WooCommerce keeps it; None is ""."""
    return "" if amount is None else f"{amount:f}"


def stock_status(item: Item) -> str:
    """Return what the store says of an item whose pieces it counts."""
    if (item.stock or 0) > 0:
        return "instock"
    return "outofstock" if item.backorders == "no" else "onbackorder"


def _said(variant: PlatformVariant) -> str:
    if variant.in_stock:
        return "instock"
    return "onbackorder" if variant.backorder else "outofstock"


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize() if name.islower() else name


def _attribute(name: str, value: str) -> Attribute:
    return Attribute(_label(name), (value,))


def _values(product: PlatformProduct, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(variant.options[name] for variant in product.variants if name in variant.options))


def _common(product: PlatformProduct) -> dict[str, str]:
    first = product.variants[0].attributes
    return {
        name: value
        for name, value in first.items()
        if value and all(variant.attributes.get(name) == value for variant in product.variants)
    }
