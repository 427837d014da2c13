"""Queries on what orders took."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.orders.rules import KnownLine, SoldListing

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 9))")
_LINES = text("""
SELECT line_id, variant_id, wanted, taken, order_modified_at FROM order_stock
WHERE organization_id = :org AND store_id = :store AND order_id = :order
""")
# A listing that has gone meanwhile was sold all the same.
_LISTINGS = text("""
SELECT external_id, variant_id, created_at FROM listings
WHERE organization_id = :org AND store_id = :store AND external_id = ANY(cast(:ids AS text[]))
""")
_PUT = text("""
INSERT INTO order_stock AS o
    (organization_id, store_id, order_id, line_id, variant_id, wanted, taken, order_modified_at)
SELECT cast(:org AS uuid), cast(:store AS uuid), :order, told.*, cast(:modified_at AS timestamptz)
FROM unnest(cast(:lines AS text[]), cast(:variants AS bigint[]), cast(:wanted AS int[]), cast(:taken AS int[])) AS told
ON CONFLICT (organization_id, store_id, order_id, line_id) DO UPDATE
SET wanted = excluded.wanted, taken = excluded.taken, updated_at = now(),
    order_modified_at = coalesce(excluded.order_modified_at, o.order_modified_at)
""")


class TakenLine(msgspec.Struct, frozen=True, kw_only=True):
    """What a line took."""

    line_id: str
    variant_id: int
    wanted: int
    taken: int


class OrderStockRepository:
    """Reads and writes `order_stock` of one store."""

    def __init__(self, session: AsyncSession, organization_id: uuid.UUID, store_id: uuid.UUID) -> None:
        self._session = session
        self._scope = {"org": organization_id, "store": store_id}
        self._store_id = store_id

    async def lock(self, order_id: str) -> dict[str, KnownLine]:
        """Make two versions of one order take turns, and return what its lines took so far, by line."""
        await self._session.execute(_LOCK, {"key": f"order:{self._store_id}:{order_id}"})
        return {row.line_id: KnownLine(*row) for row in await self._run(_LINES, order=order_id)}

    async def listings(self, external_ids: Collection[str]) -> dict[str, SoldListing]:
        """Return what the store sells under these ids, as far as it is known."""
        return {row[0]: SoldListing(*row) for row in await self._run(_LISTINGS, ids=list(external_ids))}

    async def put(self, order_id: str, modified_at: datetime | None, lines: Sequence[TakenLine]) -> None:
        """Keep what the lines of an order's version took."""
        if lines:
            values = {
                "lines": [one.line_id for one in lines],
                "variants": [one.variant_id for one in lines],
                "wanted": [one.wanted for one in lines],
                "taken": [one.taken for one in lines],
            }
            await self._run(_PUT, order=order_id, modified_at=modified_at, **values)

    async def _run(self, statement: Any, **values: Any) -> Any:
        return await self._session.execute(statement, {**self._scope, **values})
