"""Checking values of synced fields that somebody wants the catalog to hold."""

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from backend.domain.catalog.fields import spelled
from backend.kit.errors import DomainError, invalid
from backend.kit.text import storable

STATUSES = ("active", "draft", "archived")
MOST_AMOUNT = Decimal(10) ** 12
_SCALE = Decimal("0.000001")
MOST_GRAMS = 2**31 - 1


def checked_value(field: str, value: Any) -> Any:
    """Return a value of a synced field in its one spelling.

    Raises:   invalid FIELD_VALUE_INVALID with the field.
    """
    return spelled(field, _CHECKS[field](field, value))


def rounded(amount: Decimal) -> Decimal:
    """Return an amount as the catalog can hold it."""
    return amount.quantize(_SCALE, ROUND_HALF_UP)


def _refused(field: str, what: str) -> DomainError:
    return invalid("FIELD_VALUE_INVALID", f"{field}: {what}", field=field)


def _text(field: str, value: Any) -> str:
    if not isinstance(value, str) or storable(value) != value:
        raise _refused(field, "text without control characters")
    return value


def _title(field: str, value: Any) -> str:
    if not _text(field, value).strip():
        raise _refused(field, "must not be empty")
    return str(value)


def _status(field: str, value: Any) -> str:
    if value not in STATUSES:
        raise _refused(field, f"one of {', '.join(STATUSES)}")
    return str(value)


def _amount(field: str, value: Any) -> Decimal | None:
    if value is None:
        return None
    try:
        amount = Decimal(str(value))
        if amount.is_finite() and 0 <= amount < MOST_AMOUNT:
            return rounded(amount)
    except InvalidOperation:
        pass
    raise _refused(field, "an amount, 0 or more, or nothing")


def _grams(field: str, value: Any) -> int | None:
    if value is None or (type(value) is int and 0 <= value <= MOST_GRAMS):
        return value
    raise _refused(field, "whole grams, 0 or more, or nothing")


def _tags(field: str, value: Any) -> list[str]:
    if not isinstance(value, list | tuple):
        raise _refused(field, "a list of texts")
    return [_text(field, each) for each in value]


def _images(field: str, value: Any) -> list[dict[str, str]]:
    told = isinstance(value, list | tuple) and all(isinstance(each, Mapping) and "url" in each for each in value)
    if not told:
        raise _refused(field, "a list of pictures with url and alt")
    return [{"url": _text(field, each["url"]), "alt": _text(field, each.get("alt", ""))} for each in value]


_CHECKS: Mapping[str, Callable[[str, Any], Any]] = {
    "title": _title,
    "description": _text,
    "tags": _tags,
    "brand": _text,
    "images": _images,
    "status": _status,
    "sku": _text,
    "barcode": _text,
    "weight_g": _grams,
    "price": _amount,
    "sale_price": _amount,
}
