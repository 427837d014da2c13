"""WooCommerce rows to platform-neutral products and variants: pure, never raises, never guesses a price."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from html import unescape

import msgspec

from backend.kit.money import NotMoney, parse_amount
from backend.kit.text import storable
from backend.ports.store_platform import PlatformImage, PlatformProduct, PlatformVariant, RowIssue
from plugin_bridge.woocommerce.wire import MAX_ID, Items, Scalar, WooAttribute, WooImage, WooItem, WooTerm

GRAMS = {"kg": Decimal(1000), "g": Decimal(1), "lbs": Decimal("453.59237"), "oz": Decimal("28.349523125")}
MAX_COUNT = 2**31 - 1
_STATUS = {"publish": "active", "trash": "archived"}
_PARENTS = ("variable", "grouped")
_NOT_WORD = re.compile(r"\W+")


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """What mapping has to know about the store."""

    weight_unit: str = "kg"
    """`kg`, `g`, `lbs` or `oz`."""
    category_paths: Mapping[int, str] = {}
    """Category id to "Clothing > Shirts"."""


def is_parent(kind: Scalar) -> bool:
    """Say whether products of this type are sold only through others: variable (also subscriptions) and grouped."""
    return isinstance(kind, str) and kind.startswith(_PARENTS)


def has_variations(kind: Scalar) -> bool:
    """Say whether products of this type list variations: variable and what plugins derive from it."""
    return isinstance(kind, str) and kind.startswith("variable")


class Mapper:
    """Maps the rows of one page; what could not be taken as it is collects in `issues`."""

    def __init__(self, page: Items, shop: Shop) -> None:
        self.issues: list[RowIssue] = list(page.issues)
        self._items = page.items
        self._clean = page.clean
        self._paths = shop.category_paths
        self._grams = GRAMS.get(shop.weight_unit, GRAMS["kg"])

    def products(self) -> tuple[PlatformProduct, ...]:
        """Return the rows as products; what is sold as it is carries its one variant, a variable parent none."""
        return tuple([self._product(item) for item in self._items if self._usable(item)])

    def variants(self, parent_id: int | None = None) -> tuple[PlatformVariant, ...]:
        """Return the rows as variants of the parents they name, or of *parent_id* where a store does not name it."""
        made = []
        for item in self._items:
            parent = item.parent_id if 0 < item.parent_id <= MAX_ID else parent_id
            if not self._usable(item):
                continue
            if parent is None:
                self._issue(item, "parent_missing", "The variation belongs to no product", "parent_id")
                continue
            made.append(self._variation(item, str(parent)))
        return tuple(made)

    def _usable(self, item: WooItem) -> bool:
        if 0 < item.id <= MAX_ID:
            return True
        self.issues.append(RowIssue(code="id_missing", message="The store listed a product without an ID", field="id"))
        return False

    def _product(self, item: WooItem) -> PlatformProduct:
        images = self._images(item.images) if item.images else ()
        attributes = item.attributes or ()
        parent = is_parent(item.type)
        title = self._text(item.name)
        if not title.strip():
            title = self._text(item.slug) or f"Product {item.id}"
            self._issue(item, "title_missing", "The product has no name", "name")
        identifier = str(item.id)
        modified_at = self._moment(item.date_modified_gmt)
        url = self._url(item.permalink)
        named = {} if not attributes or parent else self._attributes(attributes)
        return PlatformProduct(
            external_id=identifier,
            title=title,
            description=self._raw(item.description) or self._raw(item.short_description),
            handle=self._text(item.slug),
            brand=self._brand(item.brands, attributes),
            categories=self._categories(item.categories) if item.categories else (),
            tags=self._names(item.tags) if item.tags else (),
            images=images,
            option_names=self._option_names(attributes) if attributes else (),
            status=_STATUS.get(item.status, "draft") if isinstance(item.status, str) else "draft",
            url=url,
            modified_at=modified_at,
            variants=()
            if parent
            else (self._variant(item, identifier, "", named, {}, images[0].url if images else "", url, modified_at),),
        )

    def _variation(self, item: WooItem, parent: str) -> PlatformVariant:
        options = {}
        for attribute in item.attributes or ():
            name, value = self._text(attribute.name), self._text(attribute.option)
            if name and value:
                options[name] = value
        image = self._images([item.image]) if item.image is not None else ()
        title = self._text(item.name) or ", ".join(options.values())
        return self._variant(
            item,
            parent,
            title,
            {},
            options,
            image[0].url if image else "",
            self._url(item.permalink),
            self._moment(item.date_modified_gmt),
        )

    def _variant(
        self,
        item: WooItem,
        parent: str,
        title: str,
        attributes: dict[str, str],
        options: dict[str, str],
        image_url: str,
        url: str,
        modified_at: datetime | None,
    ) -> PlatformVariant:
        price, sale_price = self._prices(item)
        return PlatformVariant(
            external_id=str(item.id),
            external_product_id=parent,
            title=title,
            sku=self._text(item.sku),
            barcode=self._text(item.global_unique_id),
            price=price,
            sale_price=sale_price,
            stock=self._stock(item) if item.manage_stock else None,
            in_stock=item.stock_status != "outofstock",
            backorder=item.backorders in ("yes", "notify"),
            options=options,
            image_url=image_url,
            url=url,
            weight_g=self._weight(item) if item.weight else None,
            active=item.status == "publish",
            attributes=attributes,
            modified_at=modified_at,
        )

    def _prices(self, item: WooItem) -> tuple[Decimal | None, Decimal | None]:
        # Bundles and some plugins leave regular_price empty; `price` is then what a customer pays.
        name = "price" if item.regular_price is None or item.regular_price == "" else "regular_price"
        price = self._money(item, name)
        if price is None or not item.on_sale or name == "price":
            return price, None
        sale = self._money(item, "price" if item.sale_price is None or item.sale_price == "" else "sale_price")
        return price, sale if sale is not None and sale < price else None

    def _money(self, item: WooItem, name: str) -> Decimal | None:
        value: Scalar = getattr(item, name)
        if type(value) is float and math.isfinite(value):
            value = repr(value)
        try:
            amount = parse_amount(value)
        except NotMoney:
            amount = None
        else:
            if amount is None or not amount.is_signed():
                return amount
        shown = storable(str(value))[:40] if not isinstance(value, int) else "a number out of range"
        self._issue(item, "price_unreadable", f"{name} {shown!r} cannot be read as a price", name)
        return None

    def _stock(self, item: WooItem) -> int | None:
        value = item.stock_quantity
        if type(value) is int and -MAX_COUNT <= value <= MAX_COUNT:
            return value
        if value is None or value == "":
            return None
        try:
            count = float(value)
        except (ValueError, OverflowError):
            count = math.inf
        if not -MAX_COUNT <= count <= MAX_COUNT or isinstance(value, bool):
            self._issue(item, "stock_unreadable", "stock_quantity cannot be read as a number", "stock_quantity")
            return None
        if count != math.floor(count):
            self._issue(item, "stock_rounded", "stock_quantity is no whole number; rounded down", "stock_quantity")
        return math.floor(count)

    def _weight(self, item: WooItem) -> int | None:
        value = repr(item.weight) if type(item.weight) is float else item.weight
        try:
            weight = parse_amount(value)
        except NotMoney:
            weight = Decimal(-1)
        grams = -1 if weight is None else int((weight * self._grams).to_integral_value())
        if 0 <= grams <= MAX_COUNT and not isinstance(value, bool):
            return grams
        self._issue(item, "weight_unreadable", "weight cannot be read as a number", "weight")
        return None

    def _categories(self, terms: list[WooTerm]) -> tuple[str, ...]:
        paths = [
            (self._paths.get(term.id) if isinstance(term.id, int) else None) or self._text(term.name) for term in terms
        ]
        named = [path for path in dict.fromkeys(paths) if path]
        if len(named) > 1:
            named.sort(key=_depth)
        return tuple(named)

    def _names(self, terms: list[WooTerm]) -> tuple[str, ...]:
        return tuple([name for name in dict.fromkeys([self._text(term.name) for term in terms]) if name])

    def _brand(self, brands: list[WooTerm] | None, attributes: list[WooAttribute] | tuple[()]) -> str:
        for term in brands or ():
            name = self._text(term.name)
            if name:
                return name
        for attribute in attributes:
            if attribute.options and _snake(self._text(attribute.name)) in ("brand", "pa_brand"):
                return self._text(attribute.options[0])
        return ""

    def _attributes(self, attributes: list[WooAttribute] | tuple[()]) -> dict[str, str]:
        named = {}
        for attribute in attributes:
            name = _snake(self._text(attribute.name))
            value = ", ".join([text for text in map(self._text, attribute.options or ()) if text])
            if name and value:
                named[name] = value
        return named

    def _option_names(self, attributes: list[WooAttribute] | tuple[()]) -> tuple[str, ...]:
        names = [self._text(attribute.name) for attribute in attributes if attribute.variation]
        return tuple([name for name in dict.fromkeys(names) if name])

    def _images(self, images: list[WooImage]) -> tuple[PlatformImage, ...]:
        made = []
        for image in images:
            url = self._url(image.src)
            if url:
                made.append(PlatformImage(url=url, alt=self._text(image.alt) if image.alt else ""))
        return tuple(made)

    def _url(self, value: Scalar) -> str:
        if type(value) is not str or not value.startswith(("https://", "http://")):
            return ""
        return self._text(value)

    def _moment(self, value: Scalar) -> datetime | None:
        if type(value) is not str or not value:
            return None
        try:
            moment = datetime.fromisoformat(value)
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):
            return None

    def _text(self, value: Scalar) -> str:
        if type(value) is str:
            if "&" in value:
                return storable(unescape(value))
            return value if self._clean else storable(value)
        if value is None or isinstance(value, bool):
            return ""
        # Python refuses to print integers of thousands of digits, and no name or SKU is one.
        return str(value) if isinstance(value, str | float) or -(10**40) < value < 10**40 else ""

    def _raw(self, value: Scalar) -> str:
        if type(value) is not str:
            return self._text(value)
        return value if self._clean else storable(value)

    def _issue(self, item: WooItem, code: str, message: str, field: str) -> None:
        self.issues.append(RowIssue(code=code, message=message, external_id=str(item.id), field=field))


def _depth(path: str) -> int:
    return path.count(" > ")


@lru_cache(maxsize=4096)
def _snake(name: str) -> str:
    return _NOT_WORD.sub("_", name.lower()).strip("_")
