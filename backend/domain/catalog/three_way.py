"""What becomes of a field that a store shows: the table of decision 0024 as a pure function."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from backend.domain.catalog.fields import UNREAD, sale_holds
from backend.domain.stores.settings import HUB, NEWEST, STORE


class Verdict(StrEnum):
    """What becomes of one field."""

    AGREE = "agree"
    """The store shows what the catalog holds: nothing stands beside it, nothing is due."""
    TAKE = "take"
    """The catalog takes what the store shows."""
    KEEP = "keep"
    """The store shows what it showed: whatever is due stays due."""
    SHOW = "show"
    """It stands beside the catalog and is not due: the store owns it without being its home, or keeps a copy of it."""
    DUE = "due"
    """The catalog's value is to be written to the store."""
    OPEN = "open"
    """Both changed and nobody can say who is newer: neither taken nor due until a person decides."""
    HUB_NEWER = "hub_newer"
    """Both changed, the hub later: due, and a settled conflict."""
    STORE_NEWER = "store_newer"
    """Both changed, the store later: taken, and a settled conflict."""
    OUTDATED = "outdated"
    """Read before the store was written to: nothing changes, and the row is judged anew when it is read again."""
    ENDED = "ended"
    """The catalog has no sale price any more: what it would hold is not below its price."""

    @property
    def takes(self) -> bool:
        """Tell whether the catalog takes what the store shows."""
        return self in (Verdict.TAKE, Verdict.STORE_NEWER)

    @property
    def conflict(self) -> bool:
        """Tell whether both sides changed since they agreed."""
        return self in (Verdict.OPEN, Verdict.HUB_NEWER, Verdict.STORE_NEWER)


class HubChange(msgspec.Struct, frozen=True, kw_only=True):
    """One change of the catalog's value that did not come from the store."""

    at: datetime
    old: Any
    """What the catalog held before it."""
    actor: str = ""


class Sides(msgspec.Struct, frozen=True, kw_only=True):
    """One field, as the catalog holds it and as a store shows it; values as `fields.spelled` spells them."""

    held: Any
    last: Any
    """What the store showed last; at a first meeting what it shows now."""
    now: Any
    due: bool = False
    owner: str = NEWEST
    home: bool = False
    """The store is the product's oldest."""
    copied: bool = False
    """The store keeps copies of its own of this field (`fields.COPIED`)."""
    beside: bool = False
    """The store's value stood beside the catalog before."""
    open: bool = False
    """There is a conflict that waits for a person."""
    store_at: datetime | None = None
    """When the store changed the row, by its own clock."""
    touched_at: datetime | None = None
    """When the listing was written since the run that read it began; None: it was not."""
    hub: tuple[HubChange, ...] = ()
    """Newest first; only looked at when `asks_history`."""


def asks_history(sides: Sides) -> bool:
    """Tell whether the verdict depends on when the catalog changed."""
    changed = sides.now not in (sides.held, sides.last)
    return changed and sides.owner == NEWEST and not sides.open and (sides.due or sides.touched_at is not None)


def judge(sides: Sides) -> Verdict:
    """Return what becomes of a field."""
    if sides.now == sides.held:
        return Verdict.AGREE
    if _is_own_copy(sides):
        return Verdict.SHOW
    if sides.owner == HUB:
        return Verdict.DUE
    if sides.owner == STORE:
        return Verdict.TAKE if sides.home else Verdict.SHOW
    if sides.open:
        return Verdict.OPEN
    if sides.now == sides.last:
        return Verdict.KEEP
    if sides.due:
        return _newer(sides)
    return Verdict.OUTDATED if _outdated(sides) else Verdict.TAKE


def _is_own_copy(sides: Sides) -> bool:
    """Tell whether the store shows its own copy of what it was sent, or of what it showed all the time."""
    if not sides.copied or sides.due or sides.owner == STORE:
        return False
    return bool(sides.last == UNREAD or (sides.beside and sides.now == sides.last))


def _newer(sides: Sides) -> Verdict:
    if _is_echo(sides):
        return Verdict.DUE
    if not sides.hub or sides.store_at is None or sides.hub[0].at == sides.store_at:
        return Verdict.OPEN
    return Verdict.HUB_NEWER if sides.hub[0].at > sides.store_at else Verdict.STORE_NEWER


def _is_echo(sides: Sides) -> bool:
    """Tell whether the store shows what the catalog held on its way from what both agreed on: we wrote it."""
    for change in sides.hub:
        if change.old == sides.last:
            return False
        if change.old == sides.now:
            return True
    return False


def _outdated(sides: Sides) -> bool:
    """Tell whether the store shows what the catalog held before, read before we wrote."""
    if sides.touched_at is None or (sides.store_at is not None and sides.store_at > sides.touched_at):
        return False
    return any(change.old == sides.now for change in sides.hub)


class After(msgspec.Struct, frozen=True, kw_only=True):
    """A field once it was judged."""

    held: Any
    shown: Any
    due: bool

    @property
    def differs(self) -> bool:
        """Tell whether something stands beside the catalog."""
        return bool(self.shown != self.held)


def after(sides: Sides, verdict: Verdict) -> After:
    """Return what the catalog holds, what the store shows and whether it is due, once a verdict is carried out."""
    if verdict.takes:
        return After(held=sides.now, shown=sides.now, due=False)
    if verdict is Verdict.ENDED:
        return After(held=None, shown=sides.now, due=sides.now is not None)
    if verdict is Verdict.OUTDATED:
        return After(held=sides.held, shown=sides.last, due=sides.due)
    stays = verdict is Verdict.KEEP and sides.due
    due = stays or verdict in (Verdict.DUE, Verdict.HUB_NEWER)
    return After(held=sides.held, shown=sides.now, due=due)


def with_sale(sides: Mapping[str, Sides], verdicts: Mapping[str, Verdict]) -> dict[str, Verdict]:
    """Return a variant's verdicts such that the catalog holds no sale price that is not below its price.

    Fields are judged one by one: the price may come from one store and the sale from another.
    """
    price, sale = (after(sides[name], verdicts[name]).held for name in ("price", "sale_price"))
    took = verdicts["price"].takes or verdicts["sale_price"].takes
    if not took or sale_holds(price, sale):
        return {**verdicts}
    return {**verdicts, "sale_price": Verdict.ENDED}
