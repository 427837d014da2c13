"""How WooCommerce reads a price: it never refuses a text, it only makes another one of it."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

_TAGS = re.compile(r"<[^>]*>")
_JUNK = re.compile(r"\.(?![^.]+$)|[^0-9.-]")


def read_price(value: Any) -> str:
    """Return the text that is stored for a price.

    All but the last dot and everything that is no digit, dot or minus falls out: "12,50" becomes "1250",
    "1,234.50" becomes "1234.50", "abc" and None become "". Numbers, which only a batch lets through, are printed.
    """
    if value is None or isinstance(value, bool):
        return "1" if value is True else ""
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    text = _JUNK.sub("", _TAGS.sub("", str(value)).strip())
    try:
        return text if Decimal(text).is_finite() else ""
    except InvalidOperation:
        return ""


def settled(regular: str, sale: str) -> tuple[str, str]:
    """Return regular and sale price as kept: a sale that is not below the regular price is cleared silently."""
    if sale and (not regular or Decimal(sale) >= Decimal(regular)):
        return regular, ""
    return regular, sale
