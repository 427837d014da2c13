"""Shopify's products and variants to platform-neutral ones: pure, never raises, never guesses a price."""

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from backend.kit.money import NotMoney, parse_amount
from backend.ports.store_platform import (
    PlatformImage,
    PlatformLocation,
    PlatformProduct,
    PlatformVariant,
    RowIssue,
)
from plugin_bridge.shopify.answers import Place
from plugin_bridge.shopify.wire import Item, Parent, Picture, ProductLine, VariantLine, Weight

GRAMS = {"KILOGRAMS": 1000.0, "GRAMS": 1.0, "POUNDS": 453.59237, "OUNCES": 28.349523125}
# An unlisted product is sold to whoever has its link and shown to nobody else, feeds included.
_STATUS = {"ACTIVE": "active", "ARCHIVED": "archived", "DRAFT": "draft", "UNLISTED": "draft"}
_SCHEMES = ("https://", "http://")
_MOST = 2_147_483_647
_ONLY = ("Title", "Default Title")
"""What Shopify calls the option, and the variant, of a product without options."""
_NO_LEVELS: dict[str, int] = {}
_NO_TEXTS: dict[str, str] = {}


class Mapper:
    """Maps roots with their children; what could not be taken as it is collects in `issues`."""

    def __init__(self) -> None:
        self.issues: list[RowIssue] = []
        self._parent_id = ""
        self._parent = self._url = self._joint = ""
        self._attributes: dict[str, str] = {}

    def products(self, groups: Sequence[tuple[ProductLine, list[ProductLine]]]) -> tuple[PlatformProduct, ...]:
        """Return the products, without variants; children are their pictures."""
        return tuple([self.product(line, children) for line, children in groups])

    def variants(self, groups: Sequence[tuple[VariantLine, list[VariantLine]]]) -> tuple[PlatformVariant, ...]:
        """Return the variants; children are their stock by place and their pictures."""
        return tuple([self.variant(line, children) for line, children in groups])

    def product(
        self,
        line: ProductLine,
        pictures: Sequence[ProductLine | Picture] = (),
        variants: tuple[PlatformVariant, ...] = (),
    ) -> PlatformProduct:
        """Return one product.

        Args:     pictures: in the shop's order. variants: all it is sold as, or none when they come apart.
        """
        identifier = number(line.id)
        title = line.title
        category = line.category
        return PlatformProduct(
            external_id=identifier,
            title=title if title and not title.isspace() else self._stand_in(line, identifier),
            description=line.description_html or "",
            handle=line.handle or "",
            brand=line.vendor or "",
            categories=_categories(category.full_name if category is not None else "", line.product_type or ""),
            tags=tuple(line.tags),
            images=_images(pictures) if pictures else (),
            option_names=() if line.has_only_default_variant else tuple([one.name for one in line.options if one.name]),
            status=_STATUS.get(line.status, "draft"),
            url=_address(line.online_store_url),
            modified_at=line.updated_at,
            variants=variants,
        )

    def variant(self, line: VariantLine, children: Sequence[VariantLine] = ()) -> PlatformVariant:
        """Return one variant; what hangs on it as a page lists it is taken too."""
        identifier = number(line.id)
        item = line.inventory_item or _NO_ITEM
        parent = line.product or _NO_PARENT
        if parent.id != self._parent_id:
            self._remember(parent)
        price, sale = self._prices(line, identifier)
        levels, image_url = _hanging_on(line, children) if children or line.media is not None else (_NO_LEVELS, "")
        title = line.title or ""
        default = title == "Default Title"
        tracked = item.tracked
        return PlatformVariant(
            external_id=identifier,
            external_product_id=self._parent,
            title="" if default else title,
            sku=line.sku or "",
            barcode=line.barcode or "",
            price=price,
            sale_price=sale,
            cost=self._money(identifier, "cost", item.unit_cost.amount) if item.unit_cost is not None else None,
            stock=line.inventory_quantity if tracked else None,
            levels=levels if tracked else _NO_LEVELS,
            inventory_id=number(item.id),
            in_stock=line.available_for_sale,
            backorder=line.inventory_policy == "CONTINUE",
            options=_options(line),
            image_url=image_url,
            url=self._url if default or not self._url else f"{self._url}{self._joint}variant={identifier}",
            weight_g=self._weight(identifier, item.measurement.weight) if item.measurement is not None else None,
            active=parent.status == "ACTIVE",
            attributes=self._attributes if line.mpn is line.condition is line.color is None else _own(line, parent),
            modified_at=line.updated_at,
        )

    def _remember(self, parent: Parent) -> None:
        """Work out what all variants of one product say alike: they usually follow each other."""
        self._parent_id, self._parent = parent.id, number(parent.id)
        self._url = _address(parent.online_store_url)
        self._joint = "&" if "?" in self._url else "?"
        self._attributes = _of_product(parent)

    def _stand_in(self, line: ProductLine, identifier: str) -> str:
        self._issue(identifier, "title_missing", "The product has no title", "title")
        return line.handle or f"Product {identifier}"

    def _prices(self, line: VariantLine, identifier: str) -> tuple[Decimal | None, Decimal | None]:
        """Return the price without a sale and the lower one in force: Shopify calls them the other way round."""
        price = self._money(identifier, "price", line.price)
        if line.compare_at_price is None or price is None:
            return price, None
        before = self._money(identifier, "compareAtPrice", line.compare_at_price)
        return (before, price) if before is not None and before > price else (price, None)

    def _money(self, identifier: str, name: str, text: str | None) -> Decimal | None:
        if not text:
            return None
        amount = _amount(text)
        if amount is None:
            self._issue(identifier, "price_unreadable", f"{name} {text[:40]!r} cannot be read as a price", name)
        return amount

    def _weight(self, identifier: str, weight: Weight | None) -> int | None:
        if weight is None or not weight.value:
            return None
        unit = GRAMS.get(weight.unit)
        grams = -1.0 if unit is None else weight.value * unit
        if 0 <= grams <= _MOST:
            return round(grams)
        self._issue(identifier, "weight_unreadable", "The weight cannot be read", "weight")
        return None

    def _issue(self, identifier: str, code: str, message: str, field: str) -> None:
        self.issues.append(RowIssue(code=code, message=message, external_id=identifier, field=field))


_NO_PARENT = Parent()
_NO_ITEM = Item()


def unreadable(line: bytes) -> RowIssue:
    """Return the issue for a line of a file that is not what it should be."""
    shown = line[:200].decode("utf-8", "replace")
    return RowIssue(code="row_unreadable", message=f"Shopify wrote a row that cannot be read: {shown}")


def location(place: Place) -> PlatformLocation:
    """Return one place where stock is kept."""
    return PlatformLocation(external_id=number(place.id), name=place.name, active=place.is_active)


def number(global_id: str) -> str:
    """Return the number in `gid://shopify/Product/632910392`, which is what webhooks and merchants call it."""
    return global_id.rpartition("/")[2]


def global_id(kind: str, number: str) -> str:
    """Return what `number` takes apart."""
    return f"gid://shopify/{kind}/{number}"


def _images(pictures: Sequence[ProductLine | Picture]) -> tuple[PlatformImage, ...]:
    return tuple(
        [
            PlatformImage(url=one.image.url, alt=one.alt or "")
            for one in pictures
            if one.image is not None and one.image.url.startswith(_SCHEMES)
        ]
    )


def _options(line: VariantLine) -> dict[str, str]:
    chosen = line.selected_options
    if not chosen or (len(chosen) == 1 and (chosen[0].name, chosen[0].value) == _ONLY):
        return _NO_TEXTS
    return {one.name: one.value for one in chosen if one.name and one.value}


def _hanging_on(line: VariantLine, children: Sequence[VariantLine]) -> tuple[dict[str, int], str]:
    """Return pieces by place and the variant's own picture, from a file's children or from a page."""
    levels: dict[str, int] = {}
    image_url = ""
    for child in children:
        if child.location is not None:
            levels[_place(child.location.id)] = child.quantities[0].quantity if child.quantities else 0
        elif child.image is not None and not image_url:
            image_url = _address(child.image.url)
    if line.media is not None:
        image_url = next((_address(one.image.url) for one in line.media.nodes if one.image is not None), image_url)
    item = line.inventory_item
    if item is not None and item.inventory_levels is not None:
        for level in item.inventory_levels.nodes:
            if level.location is not None:
                levels[_place(level.location.id)] = level.quantities[0].quantity if level.quantities else 0
    return levels, image_url


def _of_product(parent: Parent) -> dict[str, str]:
    """Return what feeds need and a product says for all its variants."""
    found = {
        "google_product_category": parent.google_product_category,
        "mpn": parent.mpn,
        "condition": parent.condition,
        "gender": parent.gender,
        "age_group": parent.age_group,
        "color": parent.color,
        "material": parent.material,
        "pattern": parent.pattern,
    }
    return {name: value.value for name, value in found.items() if value is not None and value.value}


def _own(line: VariantLine, parent: Parent) -> dict[str, str]:
    """Return the same where the variant has a word of its own."""
    own = {"mpn": line.mpn, "condition": line.condition, "color": line.color}
    return {**_of_product(parent), **{name: one.value for name, one in own.items() if one is not None and one.value}}


def _address(url: str | None) -> str:
    return url if url and url.startswith(_SCHEMES) else ""


_place = lru_cache(maxsize=1024)(number)
"""The number of a place: a shop has few."""


# Categories and prices repeat over a catalog far more often than they differ.
@lru_cache(maxsize=8192)
def _categories(full_name: str, product_type: str) -> tuple[str, ...]:
    """Return Shopify's own category as the path, and the merchant's product type before it unless it says the same."""
    product_type = product_type.strip()
    if not full_name:
        return (product_type,) if product_type else ()
    if not product_type or full_name.rpartition(" > ")[2].lower() == product_type.lower():
        return (full_name,)
    return product_type, full_name


@lru_cache(maxsize=8192)
def _amount(text: str) -> Decimal | None:
    """Return an amount of zero or more, None when the text cannot be read without guessing."""
    try:
        amount = parse_amount(text)
    except NotMoney:
        return None
    return None if amount is None or amount.is_signed() else amount
