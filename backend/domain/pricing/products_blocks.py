"""Where the pages of a long list begin: ids counted by blocks, so that any page is found by key. Pure."""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

BLOCK = 64
"""Ids in one block: a page reads at most one block more than it shows."""


class Place(NamedTuple):
    """Where a page lies: the blocks it is spread over, and how many rows of the first ones come before it."""

    blocks: list[int]
    """Block *b* holds the ids from `b * BLOCK` up to `(b + 1) * BLOCK`."""
    skip: int


class Blocks:
    """How many rows of a list lie in each block of ids, in the order of ids.

    Args:     numbers: of blocks that hold any, ascending. counts: of rows in each, above zero.
    """

    __slots__ = ("_ends", "_numbers")

    def __init__(self, numbers: Sequence[int], counts: Sequence[int]) -> None:
        self._numbers = array("q", numbers)
        self._ends = array("q", accumulate(counts))

    @property
    def total(self) -> int:
        """Return how many rows the list has."""
        return self._ends[-1] if self._ends else 0

    def place(self, offset: int, limit: int) -> Place:
        """Return where the rows from *offset* on lie; no blocks past the end."""
        first = bisect_right(self._ends, offset)
        last = bisect_right(self._ends, offset + limit - 1)
        before = self._ends[first - 1] if first else 0
        return Place(self._numbers[first : last + 1].tolist(), offset - before)
