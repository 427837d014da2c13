"""Queries on changes of our own prices."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from backend.kit.quick_reads import QuickReads
from backend.ports.actor import Actor

_HISTORY = """
SELECT told.total, page.*
FROM variants v CROSS JOIN LATERAL (
    SELECT count(*) AS total FROM price_changes c
    WHERE c.organization_id = $1 AND c.variant_id = $2 AND c.changed_at >= $3
) told CROSS JOIN LATERAL (
    SELECT array_agg(trim_scale(price)) AS prices, array_agg(trim_scale(old_price)) AS old_prices,
           array_agg(currency) AS currencies, array_agg(reason) AS reasons, array_agg(source) AS sources,
           array_agg(date_trunc('second', changed_at)) AS moments
    FROM (SELECT * FROM price_changes c
          WHERE c.organization_id = $1 AND c.variant_id = $2 AND c.changed_at >= $3
          ORDER BY c.changed_at DESC, c.id DESC OFFSET $4 LIMIT $5) one
) page
WHERE v.organization_id = $1 AND v.id = $2 AND v.deleted_at IS NULL
"""
_COLUMNS = ("prices", "old_prices", "currencies", "reasons", "sources", "moments")
"""In the order of the fields of `PriceMove`."""


class PriceMove(msgspec.Struct, frozen=True):
    """One change of what customers pay."""

    price: Decimal | None
    old_price: Decimal | None
    currency: str
    reason: str
    """As `PriceChange.reason`."""
    source: str
    """A store's, a rule's or a person's name or id; may be empty."""
    changed_at: datetime
    """To the second."""


class Moves(NamedTuple):
    """Some changes of a variant's price, newest first."""

    rows: Sequence[PriceMove]
    total: int


class PriceHistoryRepository:
    """Reads changes of prices of the acting organization."""

    def __init__(self, reads: QuickReads) -> None:
        self._reads = reads

    async def moves(self, actor: Actor, product_id: int, since: datetime, offset: int, limit: int) -> Moves | None:
        """Return changes since a moment; None when there is no such live variant."""
        row = await self._reads.row(_HISTORY, actor.tenant, product_id, since, offset, limit)
        if row is None:
            return None
        rows = list(map(PriceMove, *(row[name] for name in _COLUMNS))) if row["moments"] else []
        return Moves(rows, row["total"])
