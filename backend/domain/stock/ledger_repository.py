"""Queries on what there is and how it came to be."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.models.stock import StockAdjustment
from backend.ports.actor import Actor

_LEVELS = text("""
SELECT v.id AS variant_id, v.sku, coalesce(k.location, 'default') AS location, k.on_hand,
       coalesce(k.in_stock, false) AS in_stock, coalesce(k.backorder, false) AS backorder,
       coalesce(k.updated_at, v.updated_at) AS updated_at
FROM (SELECT * FROM variants
      WHERE organization_id = :org AND deleted_at IS NULL AND id > :above
        AND (cast(:ids AS bigint[]) IS NULL OR id = ANY(cast(:ids AS bigint[])))
      ORDER BY id LIMIT :most) v
LEFT JOIN stock_levels k ON k.organization_id = v.organization_id AND k.variant_id = v.id
ORDER BY v.id, k.location
""")
_UNEXPLAINED = text("""
SELECT id, variant_id, delta, abs(delta) - explained AS left FROM stock_adjustments
WHERE organization_id = :org AND variant_id = ANY(cast(:ids AS bigint[])) AND reason = 'store' AND store_id = :store
  AND abs(delta) > explained AND observed_at >= :since
ORDER BY id
""")
_EXPLAIN = text("""
UPDATE stock_adjustments a SET explained = a.explained + told.pieces
FROM unnest(cast(:ids AS bigint[]), cast(:pieces AS int[])) AS told(id, pieces)
WHERE a.organization_id = :org AND a.id = told.id
""")


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """What there is of one variant in one place."""

    variant_id: int
    sku: str
    location: str
    on_hand: int | None
    """None: not counted."""
    in_stock: bool
    backorder: bool
    updated_at: datetime
    reserved: int = 0
    """Pieces set aside; orders take theirs at once, so there are none."""

    @property
    def available(self) -> int | None:
        """Return what can be sold of it."""
        return None if self.on_hand is None else self.on_hand - self.reserved


class Unexplained(NamedTuple):
    """A change that a store showed and that no order has explained in full."""

    id: int
    variant_id: int
    delta: int
    left: int
    """Pieces of it that may still turn out to be an order's."""


class LedgerRepository:
    """Reads `stock_levels` and `stock_adjustments`, and marks what orders explain."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def levels(self, actor: Actor, variant_ids: Sequence[int] | None, above: int, limit: int) -> list[Level]:
        """Return what there is of variants by place, in the order of their ids."""
        ids = None if variant_ids is None else list(variant_ids)
        rows = await self._session.execute(_LEVELS, {"org": actor.tenant, "ids": ids, "above": above, "most": limit})
        return [Level(**row._mapping) for row in rows]

    async def history(self, actor: Actor, variant_id: int, below: int | None, limit: int) -> Sequence[StockAdjustment]:
        """Return a variant's changes, newest first."""
        query = select(StockAdjustment).where(
            StockAdjustment.organization_id == actor.tenant, StockAdjustment.variant_id == variant_id
        )
        if below is not None:
            query = query.where(StockAdjustment.id < below)
        return (await self._session.execute(query.order_by(StockAdjustment.id.desc()).limit(limit))).scalars().all()

    async def unexplained(
        self, organization_id: uuid.UUID, store_id: uuid.UUID, variant_ids: Iterable[int], since: datetime
    ) -> list[Unexplained]:
        """Return the changes that a store showed since, as far as no order has explained them, oldest first."""
        values = {"org": organization_id, "store": store_id, "ids": list(variant_ids), "since": since}
        return [Unexplained(*row) for row in await self._session.execute(_UNEXPLAINED, values)]

    async def explain(self, organization_id: uuid.UUID, pieces: Mapping[int, int]) -> None:
        """Mark so many more pieces of changes as an order's."""
        if pieces:
            values = {"org": organization_id, "ids": list(pieces), "pieces": list(pieces.values())}
            await self._session.execute(_EXPLAIN, values)
