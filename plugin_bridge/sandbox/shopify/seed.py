"""Turns neutral products into a shop's products and variants, always the same way for the same input."""

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from backend.ports.store_platform import PlatformProduct, PlatformVariant
from plugin_bridge.sandbox.shopify.records import (
    Collection,
    Image,
    Location,
    Metafield,
    Option,
    OptionValue,
    Product,
    Variant,
)

FIRST_ID = 8_000_000_000_001
TIES = 10
"""So many products share one second of creation, as an importer leaves them."""
FEED_NAMESPACE = "mm-google-shopping"
"""Where Google's Shopify app keeps what its feed needs of a product or variant."""

_FEED_KEYS = {"google_category": "google_product_category", "google_product_category": "google_product_category"}
_FEED_NAMES = frozenset(
    {"condition", "mpn", "gender", "age_group", "color", "material", "pattern", "size_system", "size_type"}
)


class Ids:
    """Gives out ids, each once in a shop, whatever the kind."""

    def __init__(self, first: int = FIRST_ID) -> None:
        self.next = first

    def take(self) -> int:
        """Return a new id."""
        self.next += 1
        return self.next - 1


class Seeder:
    """Turns products into records.

    Args:     locations: the first one gets the stock of variants that do not say where it lies.
              seeded_at: Unix second of the first product; each tenth product is a second later unless it says itself.
    """

    def __init__(self, ids: Ids, locations: list[Location], seeded_at: int) -> None:
        self._ids = ids
        self._locations = locations
        self._seeded_at = seeded_at
        self._handles: set[str] = set()
        self.collections: dict[str, Collection] = {}

    def pairs(self, products: Iterable[PlatformProduct]) -> Iterator[tuple[Product, list[Variant]]]:
        """Yield each product with its variants."""
        for index, product in enumerate(products):
            at = self._seeded_at + index // TIES
            if product.modified_at is not None:
                at = int(product.modified_at.timestamp())
            yield self._pair(product, at)

    def _pair(self, given: PlatformProduct, at: int) -> tuple[Product, list[Variant]]:
        product_id, take = self._ids.take(), self._ids.take
        names = given.option_names or tuple(given.variants[0].options if given.variants else ())
        images = [Image(take(), image.url, image.alt) for image in given.images]
        variants = [
            self._variant(one, product_id, names, number, at, images)
            for number, one in enumerate(given.variants or (_only_variant(given),), 1)
        ]
        shared = _shared(given)
        for one, variant in zip(given.variants, variants, strict=False):
            own = {name: value for name, value in one.attributes.items() if name not in shared}
            variant.metafields = self._metafields(own, at)
        status = given.status.upper() if given.status in ("active", "draft", "archived") else "ACTIVE"
        category = given.categories[-1] if given.categories else ""
        product = Product(
            id=product_id,
            title=given.title,
            handle=self._handle(given.handle or slug(given.title)),
            body_html=given.description,
            vendor=given.brand,
            product_type=category.rpartition(" > ")[2],
            category=category,
            tags=tuple(sorted(given.tags)),
            status=status,
            options=self._options(names, variants),
            images=tuple(images),
            variants=tuple(variant.id for variant in variants),
            collections=(self._collection(category, at).id,) if category else (),
            metafields=self._metafields(shared, at),
            created_at=at,
            updated_at=at,
            published_at=at if status == "ACTIVE" else None,
        )
        return product, variants

    def _variant(
        self, given: PlatformVariant, product_id: int, names: tuple[str, ...], number: int, at: int, images: list[Image]
    ) -> Variant:
        full, sale = money(given.price), money(given.sale_price)
        price = (sale if sale is not None else full) or "0.00"
        return Variant(
            id=self._ids.take(),
            product_id=product_id,
            inventory_id=self._ids.take(),
            position=number,
            choices=tuple(given.options.get(name, "") or "-" for name in names),
            sku=given.sku,
            barcode=given.barcode,
            price=price,
            compare_at=full if sale is not None else None,
            cost=money(given.cost),
            tracked=given.stock is not None,
            policy="CONTINUE" if given.backorder else "DENY",
            weight=float(given.weight_g or 0),
            levels=self._levels(given),
            image_id=self._image(given.image_url, images),
            created_at=at,
            updated_at=at,
        )

    def _levels(self, given: PlatformVariant) -> dict[int, int]:
        if given.stock is None:
            return {self._locations[0].id: 0}
        by_name = {location.name: location.id for location in self._locations}
        said = {by_name[name]: pieces for name, pieces in given.levels.items() if name in by_name}
        return said or {self._locations[0].id: given.stock}

    def _image(self, url: str, images: list[Image]) -> int:
        if not url:
            return 0
        for image in images:
            if image.url == url:
                return image.id
        images.append(Image(self._ids.take(), url))
        return images[-1].id

    def _options(self, names: tuple[str, ...], variants: list[Variant]) -> tuple[Option, ...]:
        take = self._ids.take
        if not names:
            return (Option(take(), "Title", (OptionValue(take(), "Default Title"),)),)
        found = []
        for place, name in enumerate(names):
            values = dict.fromkeys(variant.choices[place] for variant in variants)
            found.append(Option(take(), name, tuple(OptionValue(take(), value) for value in values)))
        return tuple(found)

    def _metafields(self, attributes: Mapping[str, str], at: int) -> tuple[Metafield, ...]:
        rows = []
        for name, value in attributes.items():
            key = _FEED_KEYS.get(name) or (name if name in _FEED_NAMES else "")
            if value:
                namespace = FEED_NAMESPACE if key else "custom"
                kind = "single_line_text_field" if "\n" not in value else "multi_line_text_field"
                rows.append(Metafield(self._ids.take(), namespace, key or name, kind, value, at, at))
        return tuple(rows)

    def _collection(self, category: str, at: int) -> Collection:
        title = category.rpartition(" > ")[2]
        if title not in self.collections:
            self.collections[title] = Collection(id=self._ids.take(), title=title, handle=slug(title), updated_at=at)
        return self.collections[title]

    def _handle(self, wanted: str) -> str:
        handle, number = wanted, 0
        while handle in self._handles:
            number += 1
            handle = f"{wanted}-{number}"
        self._handles.add(handle)
        return handle


def slug(title: str) -> str:
    """Return the handle that Shopify makes of a title."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:255] or "product"


def money(amount: Decimal | None) -> str | None:
    """Return an amount as Shopify prints it, with two places at least."""
    if amount is None:
        return None
    return f"{amount:.2f}" if amount == amount.quantize(Decimal("0.01")) else f"{amount.normalize():f}"


def _only_variant(given: PlatformProduct) -> PlatformVariant:
    return PlatformVariant(external_id="", external_product_id=given.external_id)


def _shared(given: PlatformProduct) -> dict[str, str]:
    first = given.variants[0].attributes if given.variants else {}
    return {
        name: value
        for name, value in first.items()
        if value and all(variant.attributes.get(name) == value for variant in given.variants)
    }
