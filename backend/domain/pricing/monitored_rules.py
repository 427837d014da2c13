"""What a monitored product is told as, and how its own price stands among competitors' prices: pure."""

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from backend.domain.catalog.limits import MOST_NAME
from backend.kit.errors import DomainError, invalid
from backend.kit.money import NotMoney, parse_amount
from backend.kit.text import storable

REQUIRED = ("name", "brand", "category")
TEXTS = (*REQUIRED, "product_code", "barcode", "external_ref")
AMOUNTS = ("cost", "additional_cost")
MOST_TAGS = 100
_CENT = Decimal("0.01")
_BETWEEN = " - "
_MOST_CUTS = 8


class NewProduct(msgspec.Struct, frozen=True, array_like=True):
    """A product that is to be monitored; array-like, so that a long list of them is stored small."""

    name: str
    brand: str
    category: str
    product_code: str = ""
    barcode: str = ""
    external_ref: str = ""
    cost: Decimal | None = None
    additional_cost: Decimal | None = None
    tags: tuple[str, ...] = ()


def new_product(told: Mapping[str, str]) -> NewProduct:
    """Return the product that somebody tells of.

    Raises:   invalid PARAMETER_MISSING, PARAMETER_INVALID with the field.
    """
    for field in REQUIRED:
        if not told.get(field, "").strip():
            raise invalid("PARAMETER_MISSING", f"{field}: is required", field=field)
    return NewProduct(**told_fields(told))


def told_fields(told: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields that are told, read; what is no field of a product is left out. Empty clears (decision G16).

    Raises:   invalid PARAMETER_MISSING for an empty required field, PARAMETER_INVALID, with the field.
    """
    fields: dict[str, Any] = {}
    for field in TEXTS:
        if field in told:
            fields[field] = _text(field, told[field])
    for field in AMOUNTS:
        if field in told:
            fields[field] = _cost(field, told[field])
    if "tags" in told:
        fields["tags"] = _tags(told["tags"])
    for field in REQUIRED:
        if fields.get(field, True) == "":
            raise invalid("PARAMETER_MISSING", f"{field}: must not be empty", field=field)
    return fields


def _wrong(field: str, what: str) -> DomainError:
    return invalid("PARAMETER_INVALID", f"{field}: {what}", field=field)


def _text(field: str, text: str) -> str:
    told = text.strip()
    if not told.isprintable() and storable(told) != told:
        raise _wrong(field, "must not hold control characters")
    if len(told) > MOST_NAME:
        raise _wrong(field, f"at most {MOST_NAME} characters")
    return told


def _cost(field: str, text: str) -> Decimal | None:
    try:
        amount = parse_amount(text.strip())
    except NotMoney:
        raise _wrong(field, "a plain number such as 12.50") from None
    if amount is not None and amount < 0:
        raise _wrong(field, "must not be negative")
    return amount


def _tags(text: str) -> tuple[str, ...]:
    tags = tuple(dict.fromkeys(tag for tag in (_text("tags", part) for part in text.split(",")) if tag))
    if len(tags) > MOST_TAGS:
        raise _wrong("tags", f"at most {MOST_TAGS}")
    return tags


def titles_of(name: str) -> list[tuple[str, str]]:
    """Return what a name can be: a product's title, or one and its variant's (`products_rows.full_title`)."""
    cuts = [place for place in range(len(name)) if name.startswith(_BETWEEN, place)] if _BETWEEN in name else []
    return [(name, ""), *((name[:cut], name[cut + len(_BETWEEN) :]) for cut in cuts[:_MOST_CUTS])]


def title_in(name: str, variant: str) -> str:
    """Return the product's title in the name of one of its variants."""
    return name.removesuffix(f"{_BETWEEN}{variant}") if variant else name


class PagePrice(msgspec.Struct, frozen=True, kw_only=True):
    """The newest reading of one tracked page."""

    own: bool
    """Of a page of our own shop."""
    price: Decimal | None
    currency: str | None
    in_stock: bool | None


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """How a product stands among its competitors; None where nothing is known."""

    min_price: Decimal | None = None
    max_price: Decimal | None = None
    avg_price: Decimal | None = None
    my_price: Decimal | None = None
    my_position: str | None = None
    """`cheapest`, `cheaper`, `average`, `higher` or `highest`."""


def market(pages: Iterable[PagePrice], price: Decimal | None, currency: str) -> Market:
    """Return how a product stands.

    Prices compare in one currency only: that of our price; without one, that of most competitors. A competitor who has
    nothing to sell sets no price.

    Args:     price: ours, as the catalog knows it, in *currency*; None: the page of our own shop tells it.
    """
    told = [page for page in pages if page.price is not None]
    rivals = [page for page in told if not page.own and page.in_stock is not False]
    own = next((page for page in told if page.own), None)
    mine = price
    if mine is None and own is not None:
        mine, currency = own.price, own.currency or currency
    elif mine is None:
        currency = _usual([page.currency for page in rivals]) or currency
    prices = [page.price for page in rivals if page.price is not None and page.currency in (None, currency)]
    if not prices:
        return Market(my_price=mine)
    average = (sum(prices, Decimal(0)) / len(prices)).quantize(_CENT, ROUND_HALF_UP)
    least, most = min(prices), max(prices)
    where = None if mine is None else _position(mine, least, most, average)
    return Market(min_price=least, max_price=most, avg_price=average, my_price=mine, my_position=where)


def _usual(currencies: list[str | None]) -> str | None:
    known = [currency for currency in currencies if currency]
    return max(sorted(set(known)), key=known.count, default=None)


def _position(mine: Decimal, least: Decimal, most: Decimal, average: Decimal) -> str:
    if mine <= least:
        return "cheapest"
    if mine >= most:
        return "highest"
    if mine == average:
        return "average"
    return "cheaper" if mine < average else "higher"
