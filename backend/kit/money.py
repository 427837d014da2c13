"""Money texts to Decimal and back, refusing what a machine would have to guess."""

import re
from decimal import ROUND_HALF_UP, Decimal

_PLAIN = re.compile(r"-?\d{1,12}(\.\d{1,30})?")
_PLACES = Decimal("0.000001")
"""What is stored; stores that compute net prices show up to fifteen decimals."""
MAX_AMOUNT = Decimal("999999999999")


class NotMoney(ValueError):
    """The text is not an amount that can be read without guessing."""


def parse_amount(text: object) -> Decimal | None:
    """Read an amount written as a plain decimal ("12.50"), rounded half up to six decimals; None and "" are None.

    "12,50", "1,234.50", "abc", "1e3", "NaN" and JSON floats are refused: WooCommerce itself stores "12,50" as 1250.

    Raises:   NotMoney with the text as given (cut to 40 characters).
    """
    if text is None or text == "":
        return None
    if isinstance(text, Decimal):
        if text.is_finite() and abs(text) <= MAX_AMOUNT:
            return text
        raise NotMoney(str(text)[:40])
    if isinstance(text, int) and not isinstance(text, bool):
        text = str(text)
    if not isinstance(text, str) or not _PLAIN.fullmatch(text.strip()) or not text.isascii():
        raise NotMoney(str(text)[:40])
    amount = _rounded(Decimal(text.strip()))
    if abs(amount) > MAX_AMOUNT + 1 - _PLACES:
        raise NotMoney(text[:40])
    return amount


def _rounded(amount: Decimal) -> Decimal:
    exponent = amount.as_tuple().exponent
    longer = isinstance(exponent, int) and exponent < -6
    return amount.quantize(_PLACES, ROUND_HALF_UP) if longer else amount


def format_amount(amount: Decimal, places: int = 2) -> str:
    """Print an amount with a dot and at least *places* decimals, never an exponent; further digits are kept."""
    exponent = amount.normalize().as_tuple().exponent
    shown = max(places, -exponent if isinstance(exponent, int) else places)
    return f"{amount:.{shown}f}"
