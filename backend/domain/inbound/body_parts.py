"""Taking parts out of a webhook's JSON object, whatever it holds."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from backend.domain.inbound.handling import Unreadable
from backend.kit.text import clipped, storable

Body = Mapping[str, Any]
MOST_PIECES = 1_000_000
"""A line that says more is clipped: nobody sells so many pieces in one line."""
_MOST_ID = 100


def rows(body: Body, name: str) -> Iterator[Body]:
    """Yield the objects of a list; nothing when there is none."""
    found = body.get(name)
    return (row for row in (found if isinstance(found, list) else ()) if isinstance(row, dict))


def identifier(body: Body, name: str) -> str:
    """Return a number or a name as text; raise Unreadable when it is missing."""
    found = body.get(name)
    if not isinstance(found, int | str) or isinstance(found, bool) or not found:
        raise Unreadable(f"it has no {name}")
    return label(str(found))


def label(text: str) -> str:
    """Return a short text that can be stored."""
    return clipped(storable(text), _MOST_ID)


def moment(body: Body, name: str) -> datetime:
    """Return an instant in UTC, which is taken for its zone when none is told; raise Unreadable when it is missing."""
    try:
        found = datetime.fromisoformat(body.get(name) or "")
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise Unreadable(f"it has no {name}") from None


def pieces(value: Any) -> int:
    """Return a whole number of pieces, 0 when it is none or below zero."""
    try:
        return min(MOST_PIECES, max(0, int(float(value))))
    except (TypeError, ValueError, OverflowError):
        return 0
