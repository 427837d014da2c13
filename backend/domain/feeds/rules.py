"""Decisions about one item: availability, price, identifiers, attributes. Pure."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

IN_STOCK, OUT_OF_STOCK, PREORDER, BACKORDER = "in_stock", "out_of_stock", "preorder", "backorder"
CONDITIONS = frozenset({"new", "refurbished", "used"})
GENDERS = frozenset({"male", "female", "unisex"})
AGE_GROUPS = frozenset({"newborn", "infant", "toddler", "kids", "adult"})

_CENT = Decimal("0.01")
_MILL = Decimal("0.001")
_THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_ALL_ZEROS = 14 * ord("0")
_IN_ONE_SHOP = (b"02", b"002", b"004")
_GTIN_LENGTHS = frozenset({8, 12, 13, 14})

OPTION_NAMES: Mapping[str, str] = {
    "color": "color",
    "colour": "color",
    "farbe": "color",
    "couleur": "color",
    "kleur": "color",
    "kolor": "color",
    "size": "size",
    "größe": "size",
    "groesse": "size",
    "taille": "size",
    "talla": "size",
    "maat": "size",
    "rozmiar": "size",
    "material": "material",
    "matériau": "material",
    "pattern": "pattern",
    "muster": "pattern",
    "gender": "gender",
    "geschlecht": "gender",
    "age group": "age_group",
    "age_group": "age_group",
}
"""Names of options in stores, lower case -> the channel attribute they mean."""


def availability(
    on_hand: int | None,
    uncounted_in_stock: bool | None,
    backorder: bool | None,
    available_from: date | None,
    today: date,
) -> str:
    """Decide between in_stock, out_of_stock, preorder and backorder.

    Args:     on_hand: pieces over all locations that count; None: none counts.
              uncounted_in_stock: whether a location that does not count says it has some; None: all count.
              available_from: a future date makes what is available a preorder.
    Returns:  out_of_stock for a variant without any stock level: better unsold than oversold.
    """
    if (on_hand is not None and on_hand > 0) or uncounted_in_stock:
        return PREORDER if available_from is not None and available_from > today else IN_STOCK
    return BACKORDER if backorder else OUT_OF_STOCK


def shown_amount(amount: Decimal, currency: str) -> str:
    """Print money with the decimals that channels expect: two, three for a dinar; rounded half up."""
    if currency in _THREE_DECIMALS:
        return str(amount.quantize(_MILL, ROUND_HALF_UP))
    return str(amount.quantize(_CENT, ROUND_HALF_UP))


def valid_gtin(barcode: str) -> str:
    """Return the GTIN-8, -12, -13 or -14 in a barcode, or "" when it is none.

    Blanks and dashes are dropped. The check digit must be right, and numbers for use inside one shop (GS1 prefixes
    02, 04 and 2) are none.

    Source:   GS1 General Specifications, check digit and prefixes; Google's rules for `gtin`.
    """
    digits = barcode if barcode.isdigit() else barcode.replace(" ", "").replace("-", "")
    if len(digits) not in _GTIN_LENGTHS or not (digits.isdigit() and digits.isascii()):
        return ""
    full = digits.zfill(14).encode()
    # Weights 3, 1, 3, 1 ... over 14 digits; their character codes bring 48 * (7 * 3 + 7) too many.
    plain = sum(full)
    if (plain + 2 * sum(full[::2]) - 1344) % 10 or plain == _ALL_ZEROS:
        return ""
    return "" if len(digits) in (12, 13) and full.startswith(_IN_ONE_SHOP) else digits


def attribute(attributes: Mapping[str, Any], name: str) -> str:
    """Return a named value as text on one line, or ""."""
    value = attributes.get(name)
    return " ".join(str(value).split()) if value is not None and not isinstance(value, (dict, list)) else ""


def one_of(value: str, known: frozenset[str]) -> str:
    """Return the value in lower case when the channel knows it, else ""."""
    lower = value.lower()
    return lower if lower in known else ""


def web_address(url: str) -> str:
    """Return an absolute http(s) address without blanks, or ""."""
    if url.startswith("https://") and " " not in url and url.isprintable():
        return url
    url = url.strip()
    if not url.startswith(("https://", "http://")):
        return ""
    return "%20".join(url.split()) if " " in url else "".join(url.split())


def parsed_date(text: str) -> date | None:
    """Return the date of an ISO date or time, or None."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC).date() if moment.tzinfo else moment.date()
