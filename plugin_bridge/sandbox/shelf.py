"""Sorted indexes, so that a page costs its own length and not the catalog's."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping

_SHIFT = 48
_MASK = (1 << _SHIFT) - 1


class Shelf:
    """Ids in ascending order, and again in order of their last change (seconds, then id)."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self._moves: list[int] = []

    def __len__(self) -> int:
        return len(self.ids)

    def fill(self, rows: list[tuple[int, int]]) -> None:
        """Replace the content with (id, modified_at) rows; sorts once, for seeding."""
        self.ids = sorted(row[0] for row in rows)
        self._moves = sorted(modified_at << _SHIFT | item_id for item_id, modified_at in rows)

    def add(self, item_id: int, modified_at: int) -> None:
        """Put an id in."""
        insort(self.ids, item_id)
        insort(self._moves, modified_at << _SHIFT | item_id)

    def remove(self, item_id: int, modified_at: int) -> None:
        """Take an id out; nothing happens when it is not there."""
        _discard(self.ids, item_id)
        _discard(self._moves, modified_at << _SHIFT | item_id)

    def touch(self, item_id: int, old_at: int, new_at: int) -> None:
        """Note a new time of change."""
        _discard(self._moves, old_at << _SHIFT | item_id)
        insort(self._moves, new_at << _SHIFT | item_id)

    @property
    def moves(self) -> list[int]:
        """Return all keys in order of the last change; `id_of` tells whose they are."""
        return self._moves

    @staticmethod
    def moves_of(changed_at: Mapping[int, int]) -> list[int]:
        """Return the same keys for a few ids and their times of change."""
        return sorted(at << _SHIFT | item_id for item_id, at in changed_at.items())

    @staticmethod
    def id_of(key: int) -> int:
        """Return the id in a key."""
        return key & _MASK

    def changed(self, after: int | None, before: int | None) -> list[int]:
        """Return the ids changed strictly between the two instants, oldest change first."""
        start = 0 if after is None else bisect_right(self._moves, after << _SHIFT | _MASK)
        stop = len(self._moves) if before is None else bisect_left(self._moves, before << _SHIFT)
        return [key & _MASK for key in self._moves[start:stop]]


def _discard(values: list[int], value: int) -> None:
    at = bisect_left(values, value)
    if at < len(values) and values[at] == value:
        del values[at]
