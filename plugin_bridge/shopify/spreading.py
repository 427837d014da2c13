"""How a change of an item's pieces is spread over the places that hold it (pure)."""

from collections.abc import Mapping


def spread(held: Mapping[str, int], target: int) -> dict[str, int]:
    """Return what each place holds once all together hold *target*: only the places that change.

    What is added goes to the first place; what is taken away comes from the fullest, then the next. No place falls
    below zero unless all together do: then the first one owes what is missing.

    Args:     held: pieces by place, the place that sells first; not empty.
    """
    after = dict(held)
    first = next(iter(after))
    missing = sum(after.values()) - target
    for place in sorted(after, key=lambda one: -after[one]) if missing > 0 else ():
        taken = min(max(after[place], 0), missing)
        after[place] -= taken
        missing -= taken
    after[first] -= missing
    return {place: pieces for place, pieces in after.items() if pieces != held[place]}
