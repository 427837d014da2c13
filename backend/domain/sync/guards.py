"""When a pull waits for a person: pure decisions over counts, so that a broken source never empties a catalog."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from backend.domain.stores.settings import Guards, StoreSettings

FORMAT_ROWS, FORMAT_SHARE = 20, 0.5
"""A source writes in another way than it used to when this share of its rows, once so many are read, has an issue of
one code, and more than twice as many of them as in the last whole walk."""
_THEN = "check the store, then sync again, or let this run through with a reason."


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Why a run is held."""

    code: str
    message: str


class MergeHeld(Exception):
    """A step of a pull is not stored: a person has to look first."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class SizeNeeded(Exception):
    """Shares can only be taken once it is known how many listings the store has: `SIZE_KEYS` of the statistics."""


SIZE_KEYS = ("size_listings", "size_counted")


class StepCounts(Protocol):
    """What a step of a pull is about to do to listings."""

    @property
    def zeroed(self) -> int:
        """Listings whose pieces go from some to none."""
        ...

    @property
    def moved(self) -> int:
        """Listings whose price moves further than the store's settings allow."""
        ...


def may_remove(*, listed: int, missing: int, guards: Guards, what: str = "listings") -> Held | None:
    """Decide whether *missing* of *listed* live products or listings may be marked gone after a verified walk.

    Args:     what: the word for them.
    Returns:  None when they may; else the reason to hold the run.
    """
    if missing == 0:
        return None
    if missing >= listed:
        return Held(
            code="source_empty",
            message=f"The store shows none of its {listed} {what} any more. Nothing was removed; {_THEN}",
        )
    if too_many(missing, listed, guards.shrink_share, guards.free):
        return Held(
            code="source_shrank",
            message=f"The store shows {listed - missing} of {listed} {what} ({missing / listed:.0%} are missing). "
            f"Nothing was removed; {_THEN}",
        )
    return None


def may_merge(*, zeroed: int, moved: int, listings: int, counted: int, guards: Guards) -> Held | None:
    """Decide whether a run may empty and reprice so many listings, all its steps together.

    Args:     listings: live ones of the store. counted: those of them whose pieces are counted.
    """
    if too_many(zeroed, counted, guards.zero_share, guards.free):
        what = f"{zeroed} of {counted} counted listings go to zero in this run. It stopped there"
        return Held(code="stock_zeroed", message=f"{what}; {_THEN}")
    if too_many(moved, listings, guards.price_move_share, guards.free):
        what = f"{moved} of {listings} prices move by more than {guards.price_move:.0%} in this run. It stopped there"
        return Held(code="prices_moved", message=f"{what}; {_THEN}")
    return None


def too_many(count: int, of: int, share: float, free: int) -> bool:
    """Tell whether *count* is more than a share of *of*, and more than what is free."""
    return count > free and count > share * of


def check_merge(settings: StoreSettings, so_far: Mapping[str, Any], counts: StepCounts) -> None:
    """Let a step pass, or refuse it.

    Args:     so_far: the run's statistics before this step: `stock_zeroed`, `prices_moved`, and `SIZE_KEYS` once they
                  are known.
    Raises:   MergeHeld; SizeNeeded when the step is not harmless at any size.
    """
    guards = settings.guards
    zeroed = int(so_far.get("stock_zeroed", 0)) + counts.zeroed
    moved = int(so_far.get("prices_moved", 0)) + counts.moved
    if max(zeroed, moved) <= guards.free:
        return
    if any(key not in so_far for key in SIZE_KEYS):
        raise SizeNeeded
    listings, counted = (int(so_far[key]) for key in SIZE_KEYS)
    held = may_merge(zeroed=zeroed, moved=moved, listings=listings, counted=counted, guards=guards)
    if held is not None:
        raise MergeHeld(held.code, held.message)


def strange_codes(stats: Mapping[str, Any]) -> list[str]:
    """Return the codes that so many rows of a run have that its source may have changed its format.

    Args:     stats: as `page_totals.format_counts` counts.
    """
    codes = sorted(key.removeprefix("issues_") for key in stats if key.startswith("issues_"))
    return [code for code in codes if _rows(stats, code) >= FORMAT_ROWS and _share(stats, code) >= FORMAT_SHARE]


def may_read(stats: Mapping[str, Any], last_whole: Mapping[str, Any]) -> Held | None:
    """Decide whether what a run has read still looks as it did in the last whole walk of its store.

    A walk of a few rows, as of a store that was empty, says nothing of its format.
    """
    for code in strange_codes(stats):
        count, before = _count(stats, code), _count(last_whole, code)
        if _rows(last_whole, code) >= FORMAT_ROWS and count > 2 * before:
            message = (
                f"{count} rows of this run have the issue {code}, in the last whole walk {before} had it: the store "
                f"seems to write them in another way. The run stopped there; {_THEN}"
            )
            return Held(code="format_changed", message=message)
    return None


def _count(stats: Mapping[str, Any], code: str) -> int:
    return int(stats.get(f"issues_{code}", 0))


def _rows(stats: Mapping[str, Any], code: str) -> int:
    """Return how many rows of a run might have had an issue."""
    products, variants = int(stats.get("read_products", 0)), int(stats.get("read_variants", 0))
    # What cannot be read at all, or has no id, is among neither.
    unread = products + _count(stats, code)
    return {"price_unreadable": variants, "stock_unreadable": variants, "title_missing": products}.get(code, unread)


def _share(stats: Mapping[str, Any], code: str) -> float:
    return _count(stats, code) / _rows(stats, code)


def walk_is_complete(*, expected: dict[str, int], seen: dict[str, int]) -> bool:
    """Tell whether a walk met as many distinct things as the store said it has (a store that says nothing: yes)."""
    return all(seen.get(kind, 0) == count for kind, count in expected.items())
