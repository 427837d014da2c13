"""WooCommerce's own ways of writing a cell: lists with escaped commas, guarded formulas, dates, published states."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, time

import msgspec

from backend.domain.catalog.product_csv import cells
from backend.domain.catalog.product_csv.report import Refused, shown

_COMMA = re.compile(r"(?<!\\),")
_NEWLINE = re.compile(r"\\\\n|\\n")
_GUARDED = ("'=", "'+", "'-", "'@", "'\t", "'\r")
_PUBLISHED = {"": 1, "1": 1, "true": 1, "0": 0, "-1": -1, "false": -1, "2": -1}
"""1 published, 0 private, -1 draft; a pending product (2) is not for customers yet."""
_UNIT = re.compile(r"\((kg|g|lbs|lb|oz)\)", re.IGNORECASE)


class Attribute(msgspec.Struct, frozen=True):
    """A numbered attribute of a record."""

    name: str
    key: str
    """Its name in lower case with underscores."""
    values: tuple[str, ...]


def unescaped(value: str) -> str:
    """Take away the apostrophe that the exporter puts before text that a spreadsheet would run as a formula."""
    return value[1:] if value.startswith(_GUARDED) else value


def parts(value: str) -> list[str]:
    """Split a list at its commas; a comma inside a value is written as backslash and comma."""
    return [word for part in _COMMA.split(value) if (word := part.replace("\\,", ",").strip())]


def with_newlines(description: str) -> str:
    r"""Turn the exporter's ``\n`` into line breaks; ``\\n`` is a backslash and an n."""
    return _NEWLINE.sub(lambda match: "\n" if match[0] == "\\n" else "\\n", description)


def categories(value: str, name: str) -> tuple[str, ...]:
    """Return paths ("A > B"), the most specific last."""
    paths = cells.words([_path(part) for part in parts(value)], name, cells.MOST_PATH)
    return tuple(sorted(paths, key=lambda path: path.count(" > ")))


def brand(value: str, name: str) -> str:
    """Return the first brand, without the brands above it."""
    return next((cells.text(_path(part).split(" > ")[-1], name) for part in parts(value)), "")


def _path(value: str) -> str:
    return " > ".join(word for part in value.split(">") if (word := part.strip()))


def published(value: str, name: str) -> int:
    """Return 1 published, 0 private or -1 draft."""
    state = _PUBLISHED.get(unescaped(value).lower())
    if state is None:
        raise Refused(f"{name} {shown(value)} is unknown: write 1 for published, 0 for private, -1 for a draft")
    return state


def availability(value: str, stock: int | None, name: str) -> tuple[bool, bool]:
    """Return (in stock, on backorder) of an "In stock?" cell; an empty one follows the count."""
    if value == "backorder":
        return False, True
    told = cells.flag(value, name)
    return (stock is None or stock > 0) if told is None else told, False


def backorders(value: str, name: str) -> bool:
    """Tell whether customers may order what is not there; `notify` is a yes."""
    return value == "notify" or bool(cells.flag(value, name))


def moment(value: str, name: str, *, end_of_day: bool) -> datetime | None:
    """Read a date, or a date with a time, as UTC; a bare date is its first or its last instant."""
    if not value:
        return None
    try:
        read = datetime.fromisoformat(_two_digit_hour(value))
    except ValueError:
        raise Refused(f"{name} {shown(value)} is not a date: write it like 2026-11-24") from None
    if len(value) <= 10 and end_of_day:
        read = datetime.combine(read, time.max)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read


def _two_digit_hour(value: str) -> str:
    """Return "2026-11-24 9:05:00" as fromisoformat wants it: the exporter prints hours without a leading zero."""
    return f"{value[:11]}0{value[11:]}" if len(value) > 12 and value[12] == ":" else value


def attribute(name: str, values: str) -> Attribute | None:
    """Return a numbered attribute, or None where the record has none under this number."""
    if not name:
        return None
    key = cells.attribute_name(cells.text(name, "Attribute name"))
    return Attribute(name, key or name, cells.words(parts(values), f"Attribute {shown(name)}"))


def weight_unit(header: str) -> str:
    """Return the unit in a header like "Weight (lbs)"; kilograms when there is no such column."""
    found: Iterable[str] = _UNIT.findall(header)
    return next((unit.lower().replace("lbs", "lb") for unit in found), "kg")
