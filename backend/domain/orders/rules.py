"""Which version of an order counts, and which lines are to be looked at: pure decisions."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from backend.domain.orders.shown_order import CANCELLED, ShownOrder


class KnownLine(NamedTuple):
    """What a line took when its order was last told of."""

    line_id: str
    variant_id: int
    wanted: int
    taken: int
    order_modified_at: datetime | None


class SoldListing(NamedTuple):
    """Which variant a store sold."""

    external_id: str
    variant_id: int
    created_at: datetime
    """Since when we know it."""


class SoldLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an order whose variant is known."""

    line_id: str
    variant_id: int
    external_id: str
    """Of the listing it was sold as; "" when the order does not name it any more."""
    wanted: int
    known: bool = False
    """It was told of before."""
    shown_already: bool = False
    """It was sold before we first saw what the store has: that number was without these pieces."""


def is_outdated(order: ShownOrder, known: Iterable[KnownLine]) -> bool:
    """Tell whether a later version is known already.

    Stores tell time in seconds: of two versions of one second a cancelled one is the later.
    """
    lines = list(known)
    moments = [line.order_modified_at for line in lines if line.order_modified_at is not None]
    if not moments or order.modified_at is None:
        return False
    latest = max(moments)
    return order.modified_at < latest or (order.modified_at == latest and not any(line.wanted for line in lines))


def begins_after(order: ShownOrder, known: Iterable[KnownLine]) -> datetime:
    """Return since when, by the store's clock, what is new in this version can have happened."""
    moments = [line.order_modified_at for line in known if line.order_modified_at is not None]
    return max(moments, default=order.created_at)


def sold_lines(
    order: ShownOrder, known: Mapping[str, KnownLine], listings: Mapping[str, SoldListing]
) -> list[SoldLine]:
    """Return the lines to look at, those that left the order too, in the order of their variants.

    A line that never needed anything is left out, unless the order was cancelled: then an earlier version of it that
    comes later must not take anything.
    """
    found = []
    for line in order.lines:
        listing, before = listings.get(line.external_variant_id), known.get(line.line_id)
        if listing is None and before is None:
            continue
        variant_id = before.variant_id if before else listing.variant_id if listing else 0
        if before is None and line.quantity <= 0 and order.state != CANCELLED:
            continue
        found.append(
            SoldLine(
                line_id=line.line_id,
                variant_id=variant_id,
                external_id=line.external_variant_id,
                wanted=max(0, line.quantity),
                known=before is not None,
                shown_already=not known and listing is not None and order.created_at < listing.created_at,
            )
        )
    named = {line.line_id for line in order.lines}
    found += [
        SoldLine(line_id=one.line_id, variant_id=one.variant_id, external_id="", wanted=0, known=True)
        for one in known.values()
        if one.line_id not in named
    ]
    return sorted(found, key=lambda line: (line.variant_id, line.line_id))
