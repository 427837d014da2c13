"""One cell to one value: text within its limit, money, whole numbers, yes or no, weights. Nothing is guessed."""

import re
from decimal import ROUND_HALF_UP, Decimal

from backend.domain.catalog.product_csv.report import Refused, shown
from backend.kit.money import NotMoney, parse_amount

MOST_TITLE = 5_000
MOST_DESCRIPTION = 1_000_000
MOST_NAME = 255
"""Handles, skus, barcodes, brands, tags, option names and values, single attributes."""
MOST_PATH = 500
"""Category paths."""
MOST_URL = 2_000
MOST_COUNT = 2_000_000_000
"""Pieces and grams: what a 32-bit column holds."""
GRAMS = {"g": Decimal(1), "kg": Decimal(1000), "lb": Decimal("453.59237"), "oz": Decimal("28.349523125")}
_WHOLE = re.compile(r"-?\d{1,10}(\.0+)?", re.ASCII)
_WEIGHT = re.compile(r"\d{0,9}(\.\d{1,9})?|\d{1,9}\.", re.ASCII)
_SHORTENED = re.compile(r"\d([.,]\d+)?E\+?\d+", re.IGNORECASE | re.ASCII)
_URL = re.compile(r"https?://[^\s/]+\S*", re.IGNORECASE)
_YES = frozenset({"true", "yes", "1"})
_NO = frozenset({"false", "no", "0"})


def text(value: str, name: str, most: int = MOST_NAME) -> str:
    """Return the text, refusing what is longer than *most* characters: cutting it would lose data."""
    if len(value) > most:
        raise Refused(f"{name} has {len(value):,} characters, at most {most:,} are kept: shorten it")
    return value


def money(value: str, name: str) -> Decimal | None:
    """Read a price of zero or more; "" is None."""
    if not value:
        return None
    try:
        amount = parse_amount(value)
    except NotMoney:
        raise Refused(
            f"{name} {shown(value)} is not a price: write it with a dot and without thousands signs, like 12.50"
        ) from None
    if amount is not None and amount < 0:
        raise Refused(f"{name} {shown(value)} is below zero: write the price as a positive number")
    return amount


def whole(value: str, name: str) -> int | None:
    """Read a whole number; "" is None, "5.0" is 5."""
    if not value:
        return None
    if not _WHOLE.fullmatch(value) or abs(number := int(value.split(".")[0])) > MOST_COUNT:
        raise Refused(f"{name} {shown(value)} is not a whole number: write it like 12")
    return number


def weight(value: str, name: str, unit: str) -> int | None:
    """Read a weight given in *unit* and return whole grams; "" and 0 are None, as stores print a missing weight."""
    if not value:
        return None
    if not _WEIGHT.fullmatch(value) or value == ".":
        raise Refused(f"{name} {shown(value)} is not a weight: write it with a dot, like 0.25")
    grams = int((Decimal(value) * GRAMS[unit]).to_integral_value(ROUND_HALF_UP))
    if grams > MOST_COUNT:
        raise Refused(f"{name} {shown(value)} is too heavy to be true")
    return grams or None


def flag(value: str, name: str) -> bool | None:
    """Read yes or no; "" is None."""
    lowered = value.lower()
    if lowered in _YES:
        return True
    if lowered in _NO:
        return False
    if lowered:
        raise Refused(f"{name} {shown(value)} is neither true nor false")
    return None


def barcode(value: str, name: str) -> str:
    """Return a barcode as text; one that a spreadsheet turned into 8.41E+12 has lost digits and is refused."""
    code = value.removeprefix("'")
    if _SHORTENED.fullmatch(code):
        raise Refused(f"{name} {shown(code)} was shortened by a spreadsheet: format the column as text")
    return text(code, name)


def address(value: str, name: str) -> str:
    """Return an http(s) address as written; "" stays ""."""
    if value and not _URL.fullmatch(value):
        raise Refused(f"{name} {shown(value)} is not an address: it must start with http:// or https://")
    return text(value, name, MOST_URL)


def words(parts: list[str], name: str, most: int = MOST_NAME) -> tuple[str, ...]:
    """Return the non-empty parts, each once, in order."""
    return tuple(dict.fromkeys(text(word, name, most) for part in parts if (word := part.strip())))


def attribute_name(name: str) -> str:
    """Return an attribute's name in lower case with underscores."""
    return re.sub(r"\W+", "_", name.casefold()).strip("_")
