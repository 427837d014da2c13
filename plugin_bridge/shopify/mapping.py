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
from plugin_bridge.shopify.wire import Item, Parent, Picture, Place, ProductLine, VariantLine, Weight

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
        parent = line.product or _NO_PARENT
        item = line.inventory_item or _NO_ITEM
        price, sale = self._prices(line, identifier)
        levels, image_url = self._children(line, children)
        default = line.title == "Default Title"
        tracked = item.tracked
        return PlatformVariant(
            external_id=identifier,
            external_product_id=number(parent.id),
            title="" if default else line.title or "",
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
            url=_variant_address(parent.online_store_url, identifier, default),
            weight_g=self._weight(identifier, item.measurement.weight) if item.measurement is not None else None,
            active=parent.status == "ACTIVE",
            attributes=_attributes(line, parent),
            modified_at=line.updated_at,
        )

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

    def _children(self, line: VariantLine, children: Sequence[VariantLine]) -> tuple[dict[str, int], str]:
        levels: dict[str, int] = {}
        image_url = ""
        for child in children:
            if child.location is not None:
                levels[number(child.location.id)] = child.quantities[0].quantity if child.quantities else 0
            elif child.image is not None and not image_url:
                image_url = _address(child.image.url)
        if line.media is not None:
            image_url = next((_address(one.image.url) for one in line.media.nodes if one.image is not None), image_url)
        item = line.inventory_item
        if item is not None and item.inventory_levels is not None:
            for level in item.inventory_levels.nodes:
                if level.location is not None:
                    levels[number(level.location.id)] = level.quantities[0].quantity if level.quantities else 0
        return levels, image_url

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
    last = global_id[global_id.rfind("/") + 1 :]
    return last.partition("?")[0] if "?" in last else last


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


def _attributes(line: VariantLine, parent: Parent) -> dict[str, str]:
    """Return what feeds need, the variant's own word before its product's."""
    found = {}
    for name, own, of_product in (
        ("google_product_category", None, parent.google_product_category),
        ("mpn", line.mpn, parent.mpn),
        ("condition", line.condition, parent.condition),
        ("gender", None, parent.gender),
        ("age_group", None, parent.age_group),
        ("color", line.color, parent.color),
        ("material", None, parent.material),
        ("pattern", None, parent.pattern),
    ):
        value = own or of_product
        if value is not None and value.value:
            found[name] = value.value
    return found


def _address(url: str | None) -> str:
    return url if url and url.startswith(_SCHEMES) else ""


def _variant_address(url: str | None, identifier: str, default: bool) -> str:
    if not url or not url.startswith(_SCHEMES):
        return ""
    return url if default else f"{url}{'&' if '?' in url else '?'}variant={identifier}"


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
