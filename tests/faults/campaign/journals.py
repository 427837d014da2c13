"""What the journals of the simulated stores tell: which stock writes and creations they carried out. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

HEARD_LATE = timedelta(seconds=3)
"""How long after something happened to an article a write may still be because of it alone."""
Write = Mapping[str, Any]


@dataclass(frozen=True)
class Pieces:
    """A number that a store was told to show."""

    item: str
    """The store's own id of what it sells."""
    number: int
    at: datetime
    key: str = ""
    """Under which the store does it once; "" where it knows no such keys."""


def pieces_written(writes: Iterable[Write]) -> list[Pieces]:
    """Return the stock writes that a store carried out, in order."""
    return [one for write in writes for one in _pieces(write, _body(write))]


def _body(write: Write) -> Mapping[str, Any]:
    return write["body"] if isinstance(write["body"], dict) else {}


def _rows(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _pieces(write: Write, body: Mapping[str, Any]) -> Iterator[Pieces]:
    at = datetime.fromisoformat(write["at"])
    if body.get("mutation") == "inventorySetQuantities":
        key = str(body.get("idempotency_key", ""))
        for row in body["arguments"]["input"]["quantities"]:
            item = str(row["inventoryItemId"]).rpartition("/")[2]
            yield Pieces(item, row["quantity"], at, key)
    own = {"id": str(write["path"]).rstrip("/").rpartition("/")[2], **body}
    for row in (own, *_rows(body.get("update"))):
        if row.get("stock_quantity") is not None and str(row["id"]).isdigit():
            yield Pieces(str(row["id"]), int(row["stock_quantity"]), at)


def created(writes: Iterable[Write]) -> Counter[str]:
    """Return how often a store was made to create each article, by SKU."""
    return Counter(sku for write in writes for sku in _created(write, _body(write)) if sku)


def _created(write: Write, body: Mapping[str, Any]) -> Iterator[str]:
    if body.get("mutation") == "productSet" and not body["arguments"].get("identifier"):
        given = body["arguments"]["input"]
        if "id" not in given:
            for row in _rows(given.get("variants")):
                yield str(row.get("sku") or (row.get("inventoryItem") or {}).get("sku") or "")
    for row in _rows(body.get("create")):
        yield str(row.get("sku", ""))
    if write["method"] == "POST" and str(write["path"]).rstrip("/").endswith("/products"):
        yield str(body.get("sku", ""))


def applied_twice(pieces: Sequence[Pieces], moments: Mapping[str, Sequence[datetime]]) -> list[Pieces]:
    """Return the stock writes that were applied a second time.

    That is one under a key that was used before, and one that repeats the number before it although nothing happened to
    the article in between.

    Args:     moments: when something happened to each item: orders, adjustments, counts.
    """
    keyed: set[tuple[str, str]] = set()
    last: dict[str, Pieces] = {}
    again = []
    for one in pieces:
        same_key = bool(one.key) and (one.item, one.key) in keyed
        if same_key or _repeats(last.get(one.item), one, moments.get(one.item, ())):
            again.append(one)
        last[one.item] = one
        keyed.add((one.item, one.key))
    return again


def _repeats(before: Pieces | None, one: Pieces, moments: Sequence[datetime]) -> bool:
    if before is None:
        return False
    since = before.at - HEARD_LATE
    return one.number == before.number and not any(since <= moment <= one.at for moment in moments)
