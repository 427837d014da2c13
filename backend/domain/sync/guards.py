"""What a complete walk may delete: pure decisions over counts, so that a broken source never empties a catalog."""

import msgspec

SHRINK_HOLD_SHARE = 0.3
"""Share of a store's products, or of its listings, that one walk may find gone before a person has to look, 0..1."""
SHRINK_FREE = 10
"""So few may always go: a small shop tidies up."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Why a run is held; nothing was deleted."""

    code: str
    message: str


def may_remove(*, listed: int, missing: int, what: str = "listings") -> Held | None:
    """Decide whether *missing* of *listed* live products or listings may be marked gone after a verified walk.

    Args:     what: the word for them.
    Returns:  None when they may; else the reason to hold the run.
    """
    if missing == 0:
        return None
    if missing >= listed:
        return Held(
            code="source_empty",
            message=f"The store shows none of its {listed} {what} any more. Nothing was removed; check the store, "
            "then sync again, or let this run through with a reason.",
        )
    share = missing / listed
    if missing > SHRINK_FREE and share > SHRINK_HOLD_SHARE:
        return Held(
            code="source_shrank",
            message=f"The store shows {listed - missing} of {listed} {what} ({share:.0%} are missing). Nothing was "
            "removed; check the store, then sync again, or let this run through with a reason.",
        )
    return None


def walk_is_complete(*, expected: dict[str, int], seen: dict[str, int]) -> bool:
    """Tell whether a walk met as many distinct things as the store said it has (a store that says nothing: yes)."""
    return all(seen.get(kind, 0) == count for kind, count in expected.items())
