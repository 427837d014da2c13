"""WooCommerce rows to platform-neutral products and variants: pure, never raises, never guesses a price."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

import msgspec

from backend.kit.money import NotMoney, parse_amount
from backend.ports.store_platform import PARENT_MISSING, PlatformImage, PlatformProduct, PlatformVariant, RowIssue
from plugin_bridge.woocommerce.wire import MAX_COUNT, Items, WooAttribute, WooImage, WooItem, WooTerm

GRAMS = {"kg": Decimal(1000), "g": Decimal(1), "lbs": Decimal("453.59237"), "oz": Decimal("28.349523125")}
_STATUS = {"publish": "active", "trash": "archived"}
_PARENTS = ("variable", "grouped")
_BACKORDERS = ("yes", "notify")
_BRANDS = ("brand", "pa_brand")
_SCHEMES = ("https://", "http://")
_NOT_WORD = re.compile(r"\W+")


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """What mapping has to know about the store."""

    weight_unit: str = "kg"
    """`kg`, `g`, `lbs` or `oz`."""
    category_paths: Mapping[int, str] = {}
    """Category id to "Clothing > Shirts"."""


def is_parent(kind: str) -> bool:
    """Say whether products of this type are sold only through others: variable (also subscriptions) and grouped."""
    return kind.startswith(_PARENTS)


def has_variations(kind: str) -> bool:
    """Say whether products of this type list variations: variable and what plugins derive from it."""
    return kind.startswith("variable")


class Mapper:
    """Maps the rows of one page; what could not be taken as it is collects in `issues`."""

    def __init__(self, page: Items, shop: Shop) -> None:
        self.issues: list[RowIssue] = list(page.issues)
        self._items = page.items
        self._paths = shop.category_paths
        self._grams = GRAMS.get(shop.weight_unit, GRAMS["kg"])

    def products(self) -> tuple[PlatformProduct, ...]:
        """Return the rows as products; what is sold as it is carries its one variant, a variable parent none."""
        return tuple([self._product(item) for item in self._items])

    def variants(self, parent_id: int | None = None) -> tuple[PlatformVariant, ...]:
        """Return the rows as variants of the parents they name, or of *parent_id* where a store does not name it."""
        made = []
        for item in self._items:
            parent = item.parent_id or parent_id
            if parent is None:
                self._issue(item, PARENT_MISSING, "The variation belongs to no product", "parent_id")
            else:
                made.append(self._variation(item, str(parent)))
        return tuple(made)

    def _product(self, item: WooItem) -> PlatformProduct:
        identifier = str(item.id)
        attributes = item.attributes
        return PlatformProduct(
            external_id=identifier,
            title=item.name if item.name and not item.name.isspace() else self._stand_in(item),
            description=item.description or item.short_description,
            handle=item.slug,
            brand=_brand(item.brands, attributes),
            categories=self._categories(item.categories) if item.categories else (),
            tags=_names(item.tags) if item.tags else (),
            images=_images(item.images) if item.images else (),
            option_names=_option_names(attributes) if attributes else (),
            status=_STATUS.get(item.status, "draft"),
            url=item.permalink if item.permalink.startswith(_SCHEMES) else "",
            modified_at=_moment(item.date_modified_gmt),
            variants=() if item.type.startswith(_PARENTS) else (self._own_variant(item, identifier),),
        )

    def _own_variant(self, item: WooItem, identifier: str) -> PlatformVariant:
        images = item.images
        return self._variant(
            item,
            identifier,
            identifier,
            "",
            {},
            images[0].src if images else "",
            _values(item.attributes) if item.attributes else {},
        )

    def _variation(self, item: WooItem, parent: str) -> PlatformVariant:
        options = {one.name: one.option for one in item.attributes if one.name and one.option}
        title = item.name or ", ".join(options.values())
        return self._variant(item, str(item.id), parent, title, options, item.image.src if item.image else "", {})

    def _variant(
        self,
        item: WooItem,
        identifier: str,
        parent: str,
        title: str,
        options: dict[str, str],
        image_url: str,
        attributes: dict[str, str],
    ) -> PlatformVariant:
        # Bundles and some plugins leave regular_price empty; `price` is then what a customer pays.
        regular = item.regular_price
        price = self._money(item, "regular_price", regular) if regular else self._money(item, "price", item.price)
        return PlatformVariant(
            external_id=identifier,
            external_product_id=parent,
            title=title,
            sku=item.sku,
            barcode=item.global_unique_id,
            price=price,
            sale_price=self._sale(item, price) if item.on_sale and regular and price is not None else None,
            stock=item.stock_quantity if item.manage_stock else None,
            in_stock=item.stock_status != "outofstock",
            backorder=item.backorders in _BACKORDERS,
            options=options,
            image_url=image_url if image_url.startswith(_SCHEMES) else "",
            url=item.permalink if item.permalink.startswith(_SCHEMES) else "",
            weight_g=self._weight(item) if item.weight else None,
            active=item.status == "publish",
            attributes=attributes,
            modified_at=_moment(item.date_modified_gmt),
        )

    def _stand_in(self, item: WooItem) -> str:
        self._issue(item, "title_missing", "The product has no name", "name")
        return item.slug or f"Product {item.id}"

    def _sale(self, item: WooItem, price: Decimal) -> Decimal | None:
        name = "sale_price" if item.sale_price else "price"
        sale = self._money(item, name, item.sale_price or item.price)
        return sale if sale is not None and sale < price else None

    def _money(self, item: WooItem, name: str, text: str) -> Decimal | None:
        if not text:
            return None
        amount = _amount(text)
        if amount is None:
            self._issue(item, "price_unreadable", f"{name} {text[:40]!r} cannot be read as a price", name)
        return amount

    def _weight(self, item: WooItem) -> int | None:
        weight = _amount(item.weight)
        grams = -1 if weight is None else int((weight * self._grams).to_integral_value())
        if 0 <= grams <= MAX_COUNT:
            return grams
        self._issue(item, "weight_unreadable", "weight cannot be read as a number", "weight")
        return None

    def _categories(self, terms: list[WooTerm]) -> tuple[str, ...]:
        paths = self._paths
        if len(terms) == 1:
            path = paths.get(terms[0].id) or terms[0].name
            return (path,) if path else ()
        named = [path for path in dict.fromkeys([paths.get(term.id) or term.name for term in terms]) if path]
        named.sort(key=_depth)
        return tuple(named)

    def _issue(self, item: WooItem, code: str, message: str, field: str) -> None:
        self.issues.append(RowIssue(code=code, message=message, external_id=str(item.id), field=field))


def _names(terms: list[WooTerm]) -> tuple[str, ...]:
    return tuple([name for name in dict.fromkeys([term.name for term in terms]) if name])


def _brand(brands: list[WooTerm], attributes: list[WooAttribute]) -> str:
    for term in brands:
        if term.name:
            return term.name
    for attribute in attributes:
        if attribute.options and _snake(attribute.name) in _BRANDS:
            return attribute.options[0]
    return ""


def _values(attributes: list[WooAttribute]) -> dict[str, str]:
    named = {}
    for attribute in attributes:
        name, options = _snake(attribute.name), attribute.options
        value = options[0] if len(options) == 1 else ", ".join([text for text in options if text])
        if name and value:
            named[name] = value
    return named


def _option_names(attributes: list[WooAttribute]) -> tuple[str, ...]:
    names = [attribute.name for attribute in attributes if attribute.variation and attribute.name]
    return tuple(dict.fromkeys(names)) if names else ()


def _images(images: list[WooImage]) -> tuple[PlatformImage, ...]:
    return tuple([PlatformImage(url=one.src, alt=one.alt) for one in images if one.src.startswith(_SCHEMES)])


def _depth(path: str) -> int:
    return path.count(" > ")


# Prices, seconds and attribute names repeat over a catalog far more often than they differ.
@lru_cache(maxsize=8192)
def _amount(text: str) -> Decimal | None:
    """Return an amount of zero or more, None when the text cannot be read without guessing."""
    try:
        amount = parse_amount(text)
    except NotMoney:
        return None
    return None if amount is None or amount.is_signed() else amount


@lru_cache(maxsize=8192)
def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if text else None
        if moment is None:
            return None
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=8192)
def _snake(name: str) -> str:
    return _NOT_WORD.sub("_", name.lower()).strip("_")
