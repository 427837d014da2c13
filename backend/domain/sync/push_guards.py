"""When a push waits for a person: pure decisions over a change set, so that no mistake empties or reprices a store."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from backend.domain.stores.settings import Guards
from backend.domain.sync.guards import Held
from backend.domain.sync.plan import DELETE, Change


class StoreSize(msgspec.Struct, frozen=True, kw_only=True):
    """What a store shows now: shares are taken of this."""

    listings: int
    """Live ones."""
    counted: int
    """Those whose pieces are counted."""


EMPTY = StoreSize(listings=0, counted=0)
"""What lets through a change set of this size goes through at any."""


def may_push(changes: Iterable[Change], size: StoreSize, guards: Guards) -> Held | None:
    """Decide whether a change set may go out by itself.

    Returns:  None when it may; else the first reason to hold the run.
    """
    changes = list(changes)
    return _unlisting(changes, size, guards) or _emptying(changes, size, guards) or _moving(changes, size, guards)


def _too_many(count: int, of: int, share: float, free: int) -> bool:
    return count > free and count > share * of


def _unlisting(changes: list[Change], size: StoreSize, guards: Guards) -> Held | None:
    leaving = sum(1 for change in changes if change.action == DELETE or hides(change))
    if not _too_many(leaving, size.listings, guards.unlist_share, guards.free):
        return None
    return Held(code="push_unlists", message=_sentence(leaving, size.listings, "listings would leave the store"))


def _emptying(changes: list[Change], size: StoreSize, guards: Guards) -> Held | None:
    emptied = sum(1 for change in changes if empties(change.fields.get("stock")))
    if not _too_many(emptied, size.counted, guards.zero_share, guards.free):
        return None
    return Held(code="push_empties", message=_sentence(emptied, size.counted, "counted listings would go to zero"))


def _moving(changes: list[Change], size: StoreSize, guards: Guards) -> Held | None:
    moved = sum(1 for change in changes if moves(change.fields.get("price"), guards.price_move))
    if not _too_many(moved, size.listings, guards.price_move_share, guards.free):
        return None
    what = f"prices would move by more than {guards.price_move:.0%}"
    return Held(code="push_prices_move", message=_sentence(moved, size.listings, what))


def _sentence(count: int, of: int, what: str) -> str:
    return (
        f"{count} of {of} {what}. Nothing was written; look at the changes, then apply them with a reason, "
        "or discard them."
    )


def hides(change: Change) -> bool:
    """Tell whether a change takes a product off sale."""
    status = change.fields.get("status")
    return status is not None and status[0] == "active" and status[1] != "active"


def empties(pieces: list[Any] | None) -> bool:
    """Tell whether `[old, new]` pieces go from some to none."""
    return pieces is not None and (pieces[0] or 0) > 0 and (pieces[1] or 0) <= 0


def moves(amounts: list[Any] | None, beyond: float) -> bool:
    """Tell whether `[old, new]` amounts differ by more than a share of the old one; a price that goes counts."""
    if amounts is None or amounts[0] is None:
        return False
    if amounts[1] is None:
        return True
    old, new = Decimal(amounts[0]), Decimal(amounts[1])
    return abs(new - old) > abs(old) * Decimal(str(beyond))
