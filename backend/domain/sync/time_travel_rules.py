"""What something in the catalog was at an earlier time, and what leads back to it: pure."""

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain, islice, repeat
from typing import Any, Protocol, TypeVar

import msgspec

from backend.domain.catalog.fields import GROUP_OF
from backend.domain.stores.settings import Guards
from backend.domain.sync.guards import Held
from backend.domain.sync.plan import PRODUCT, UPDATE, VARIANT, Change, Difference, Fields, difference
from backend.domain.sync.push_guards import StoreSize, hides, may_push, moves

DELETED = "deleted"
CAME_LATER = "it came later: it stays as it is"
IS_GONE = "it is not in the catalog any more: put it up for sale in a store again first"
WAS_GONE = "it was not in the catalog then: it stays as it is"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A product or variant as the catalog holds it now."""

    product_id: int
    variant_id: int | None
    """None: the product itself."""
    label: str
    held: Fields
    """All synced fields, and a variant's pieces."""
    created_at: datetime
    deleted_at: datetime | None
    """When it left the catalog; None: it is there."""


class Then(msgspec.Struct, frozen=True, kw_only=True):
    """What a product or variant was at a time."""

    fields: Fields
    deleted: bool
    """It was there before and had left the catalog."""


def state_at(place: Place, since: Iterable[Mapping[str, Sequence[Any]]], at: datetime) -> Then | None:
    """Return what something was at a time: today's values, with what changed since taken back.

    Args:     since: the changes after that time, newest first, each field to `[old, new]`. Of a field that changed more
              than once its first change is enough.
    Returns:  None: it did not exist yet.
    """
    if place.created_at > at:
        return None
    fields, deleted = dict(place.held), place.deleted_at is not None and place.deleted_at <= at
    for change in since:
        for name, (old, *_) in change.items():
            if name == DELETED:
                deleted = bool(old)
            elif name in GROUP_OF:
                fields[name] = old
    return Then(fields=fields, deleted=deleted)


def restored(place: Place, then: Then | None, fields: Iterable[str]) -> tuple[Difference, str]:
    """Return what brings a place back to what it was, and why that cannot be done ("" when it can).

    Args:     fields: those to be restored; the place may have only some of them.
    """
    if place.deleted_at is not None:
        return {}, "" if then is None or then.deleted else IS_GONE
    if then is None:
        return {}, CAME_LATER
    if then.deleted:
        return {}, WAS_GONE
    return difference(then.fields, place.held, [name for name in fields if name in place.held]), ""


def change_back(place: Place, fields: Difference) -> Change:
    """Return the change of the catalog that restores fields."""
    return Change(
        action=UPDATE,
        entity=PRODUCT if place.variant_id is None else VARIANT,
        product_id=place.product_id,
        variant_id=place.variant_id,
        label=place.label,
        fields=fields,
        target="catalog",
    )


class Tally:
    """Counts the changes of a restore one by one, so that however many there are, none has to be kept."""

    def __init__(self, guards: Guards) -> None:
        self._guards = guards
        self._weighed: dict[tuple[bool, bool], tuple[Change, int]] = {}
        self.fields: Counter[str] = Counter()
        """How often each field changes."""

    def add(self, change: Change) -> None:
        """Count one change."""
        self.fields.update(change.fields.keys())
        kind = (hides(change), moves(change.fields.get("price"), self._guards.price_move))
        example, times = self._weighed.get(kind, (change, 0))
        self._weighed[kind] = (example, times + 1)

    def held(self, size: StoreSize) -> Held | None:
        """Return why the restore has to wait for a person's word, as of a push of the same changes."""
        # Guards count: an example stands for all changes that they cannot tell apart.
        return may_push(chain.from_iterable(repeat(*one) for one in self._weighed.values()), size, self._guards)


class Dated(Protocol):
    """Something that happened at a time."""

    @property
    def at(self) -> datetime:
        """Return when."""
        ...


_One = TypeVar("_One", bound=Dated)
_Other = TypeVar("_Other", bound=Dated)


def newest_first(one: Iterable[_One], other: Iterable[_Other], most: int) -> list[_One | _Other]:
    """Return the newest of two histories that are each in order already; neither loses its own order."""
    both: Iterable[_One | _Other] = heapq.merge(one, other, key=_when, reverse=True)
    return list(islice(both, most))


def _when(row: Dated) -> datetime:
    return row.at
