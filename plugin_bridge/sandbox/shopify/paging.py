"""Connections: a sorted source of things, and the page of it that `first/after` or `last/before` ask for."""

import base64
import binascii
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from plugin_bridge.sandbox.shopify.problems import Refused

MAX_PAGE = 250
DEEPEST = 25_000
"""Paging ends here."""

Key = Any
"""An int, or a tuple that ends in the id; unique within one source."""


class Page(msgspec.Struct, frozen=True):
    """One page with the cursor of each node."""

    nodes: list[Any]
    cursors: list[str]
    has_next: bool
    has_previous: bool


class Source:
    """Things in the order of their keys.

    Args:     keys: ascending and unique. load: returns the thing of a key, None when it has gone.
              keeps: tells which things belong; None keeps all.
    """

    def __init__(
        self,
        keys: Sequence[Key],
        load: Callable[[Key], Any],
        keeps: Callable[[Any], bool] | None = None,
        *,
        reverse: bool = False,
    ) -> None:
        self._keys = keys
        self._load = load
        self._keeps = keeps
        self._reverse = reverse

    def everything(self) -> Iterator[Any]:
        """Yield all things, for bulk operations and counts."""
        for _, thing in self._between(0, len(self._keys), backwards=self._reverse):
            yield thing

    def _between(self, low: int, high: int, *, backwards: bool) -> Iterator[tuple[Key, Any]]:
        keys = self._keys[low:high]
        for key in reversed(keys) if backwards else keys:
            thing = self._load(key)
            if thing is not None and (self._keeps is None or self._keeps(thing)):
                yield key, thing

    def page(self, args: Mapping[str, Any]) -> Page:
        """Return the page that the arguments of a connection ask for.

        Raises:   Refused as Shopify refuses wrong, missing and contradictory arguments.
        """
        first, last = args.get("first"), args.get("last")
        size = _size(first, last)
        after, before = _read(args.get("after")), _read(args.get("before"))
        depth = after[1] if after else 0
        if depth + size > DEEPEST and first is not None:
            raise Refused(f"Pagination is limited to {DEEPEST} objects; narrow the query down.", "PAGINATION_LIMIT")
        low, high = self._window(after[0] if after else None, before[0] if before else None)
        backwards = self._reverse if first is not None else not self._reverse
        taken: list[tuple[Key, Any]] = []
        for pair in self._between(low, high, backwards=backwards):
            taken.append(pair)
            if len(taken) > size:
                break
        more = len(taken) > size
        taken = taken[:size]
        if first is None:
            taken.reverse()
        cursors = [_write(key, depth + number) for number, (key, _) in enumerate(taken, 1)]
        nodes = [thing for _, thing in taken]
        forward = first is not None
        return Page(nodes, cursors, more if forward else before is not None, after is not None if forward else more)

    def _window(self, after: Key | None, before: Key | None) -> tuple[int, int]:
        if self._reverse:
            after, before = before, after
        try:
            low = 0 if after is None else bisect_right(self._keys, after)
            high = len(self._keys) if before is None else bisect_left(self._keys, before)
        except TypeError:
            raise Refused("Invalid cursor for current pagination sort.", "INVALID_CURSOR") from None
        return low, max(low, high)


def _size(first: int | None, last: int | None) -> int:
    if first is None and last is None:
        raise Refused("you must provide one of first or last", "BAD_REQUEST")
    if first is not None and last is not None:
        raise Refused("providing both first and last is not supported", "BAD_REQUEST")
    size = first if first is not None else last or 0
    if size > MAX_PAGE:
        raise Refused(f"Argument 'first' must be at most {MAX_PAGE}, got {size}", "BAD_REQUEST")
    if size < 0:
        raise Refused("'first' and 'last' must be positive", "BAD_REQUEST")
    return size


def _write(key: Key, depth: int) -> str:
    return base64.b64encode(msgspec.json.encode({"last_id": key, "at": depth})).decode()


def _read(cursor: str | None) -> tuple[Key, int] | None:
    if cursor is None:
        return None
    try:
        said = msgspec.json.decode(base64.b64decode(cursor, validate=True))
        key = said["last_id"]
        return (tuple(key) if isinstance(key, list) else key), int(said["at"])
    except (msgspec.DecodeError, binascii.Error, UnicodeDecodeError, KeyError, TypeError, ValueError):
        raise Refused(f"Invalid cursor: {cursor[:60]}", "INVALID_CURSOR") from None


def cursor_of(key: Key) -> str:
    """Return the cursor of a thing outside any page."""
    return _write(key, 0)
