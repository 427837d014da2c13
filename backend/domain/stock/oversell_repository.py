"""Queries on oversells."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.models.stock import Oversell
from backend.ports.actor import Actor

# Pieces that are gone from a store and that nobody had: the order that took them is not known, or not yet.
_ADD_UNNAMED = text("""
INSERT INTO oversells AS o (organization_id, store_id, order_id, line_id, variant_id, missing)
SELECT cast(:org AS uuid), cast(:store AS uuid), '', 'variant:' || told.variant_id, told.variant_id, told.missing
FROM unnest(cast(:ids AS bigint[]), cast(:missing AS int[])) AS told(variant_id, missing)
ON CONFLICT (organization_id, store_id, order_id, line_id) DO UPDATE
SET missing = CASE WHEN o.state = 'open' THEN o.missing ELSE 0 END + excluded.missing, state = 'open',
    settled_at = NULL, settled_by = NULL
""")
_UNNAMED = text("""
SELECT variant_id, missing FROM oversells
WHERE organization_id = :org AND store_id = :store AND order_id = '' AND state = 'open'
  AND line_id = ANY(cast(:lines AS text[]))
FOR UPDATE
""")
# An order turned out to be what took them: the case is that order's now.
_NAME = text("""
UPDATE oversells o
SET missing = o.missing - told.pieces, state = CASE WHEN o.missing > told.pieces THEN 'open' ELSE 'settled' END,
    settled_at = CASE WHEN o.missing > told.pieces THEN NULL ELSE now() END,
    note = CASE WHEN o.missing > told.pieces THEN o.note ELSE 'an order explains it' END
FROM unnest(cast(:ids AS bigint[]), cast(:pieces AS int[])) AS told(variant_id, pieces)
WHERE o.organization_id = :org AND o.store_id = :store AND o.order_id = '' AND o.line_id = 'variant:' || told.variant_id
""")
_OF_ORDER = text("""
SELECT line_id, missing FROM oversells WHERE organization_id = :org AND store_id = :store AND order_id = :order
""")
# What a person settled stays so unless more is missing.
_PUT = text("""
INSERT INTO oversells AS o (organization_id, store_id, order_id, order_number, line_id, variant_id, missing)
SELECT cast(:org AS uuid), cast(:store AS uuid), :order, :number, told.* FROM unnest(
    cast(:lines AS text[]), cast(:ids AS bigint[]), cast(:missing AS int[])) AS told(line_id, variant_id, missing)
ON CONFLICT (organization_id, store_id, order_id, line_id) DO UPDATE
SET missing = excluded.missing, order_number = excluded.order_number,
    state = CASE WHEN excluded.missing = 0 THEN 'settled' WHEN excluded.missing > o.missing THEN 'open'
                 ELSE o.state END,
    note = CASE WHEN excluded.missing = 0 AND o.state = 'open' THEN 'the order needs them no more' ELSE o.note END,
    settled_at = CASE WHEN excluded.missing > o.missing THEN NULL
                      WHEN excluded.missing = 0 THEN coalesce(o.settled_at, now()) ELSE o.settled_at END,
    settled_by = CASE WHEN excluded.missing > o.missing THEN NULL ELSE o.settled_by END
""")


class LineMissing(msgspec.Struct, frozen=True, kw_only=True):
    """What an order's line sold that nobody has."""

    line_id: str
    variant_id: int
    missing: int


class OversellRepository:
    """Reads and writes `oversells` of one organization."""

    def __init__(self, session: AsyncSession, organization_id: uuid.UUID) -> None:
        self._session = session
        self._org = organization_id

    async def page(self, actor: Actor, *, above: int, limit: int) -> Sequence[Oversell]:
        """Return open cases of the acting organization, oldest first."""
        query = (
            select(Oversell)
            .where(Oversell.organization_id == actor.tenant, Oversell.state == "open", Oversell.id > above)
            .order_by(Oversell.id)
            .limit(limit)
        )
        return (await self._session.execute(query)).scalars().all()

    async def locked(self, actor: Actor, oversell_id: int) -> Oversell | None:
        """Return a case of the acting organization, held to the end of the transaction."""
        query = select(Oversell).where(Oversell.organization_id == actor.tenant, Oversell.id == oversell_id)
        return (await self._session.execute(query.with_for_update())).scalar_one_or_none()

    async def add_unnamed(self, store_id: uuid.UUID, missing: Mapping[int, int]) -> None:
        """Add pieces that are gone from a store without a known order.

        Args:     missing: pieces by variant.
        """
        if missing:
            values = {"ids": list(missing), "missing": list(missing.values())}
            await self._run(_ADD_UNNAMED, store=store_id, **values)

    async def unnamed(self, store_id: uuid.UUID, variant_ids: Sequence[int]) -> dict[int, int]:
        """Return the pieces gone from a store without a known order, by variant, and hold their rows."""
        lines = [f"variant:{one}" for one in variant_ids]
        return {row[0]: row[1] for row in await self._run(_UNNAMED, store=store_id, lines=lines)}

    async def name(self, store_id: uuid.UUID, pieces: Mapping[int, int]) -> None:
        """Take pieces off the cases without an order: an order has been found for them."""
        if pieces:
            await self._run(_NAME, store=store_id, ids=list(pieces), pieces=list(pieces.values()))

    async def of_order(self, store_id: uuid.UUID, order_id: str) -> dict[str, int]:
        """Return what is missing of an order, by line, settled or not."""
        return {row[0]: row[1] for row in await self._run(_OF_ORDER, store=store_id, order=order_id)}

    async def put(self, store_id: uuid.UUID, order_id: str, number: str, lines: Sequence[LineMissing]) -> None:
        """Open, change or settle the cases of an order's lines."""
        if lines:
            values = {
                "lines": [one.line_id for one in lines],
                "ids": [one.variant_id for one in lines],
                "missing": [one.missing for one in lines],
            }
            await self._run(_PUT, store=store_id, order=order_id, number=number, **values)

    async def _run(self, statement: Any, **values: Any) -> Any:
        return await self._session.execute(statement, {"org": self._org, **values})
