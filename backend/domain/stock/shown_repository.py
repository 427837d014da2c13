"""Queries on what a store shows of stock: over the rows a merge has staged (`catalog/staging.py`), or by name."""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.stock.rules import Sent

_levels = msgspec.json.Decoder(dict[str, int]).decode

# One look-up in a key for each row, spelled so that the planner cannot do otherwise: of a tenant that came after
# statistics were taken it knows nothing.

# What is shown as it is held, with nothing beside it, is left alone: no lock, no write.
_DIFFERING = text("""
SELECT array_agg(DISTINCT r.variant_id)
FROM stage_variants s JOIN resolved_variants r USING (external_id)
CROSS JOIN LATERAL (
    SELECT o.gone_at, o.shown FROM listings o
    WHERE o.organization_id = r.organization_id AND o.store_id = r.store_id AND o.external_id = r.external_id LIMIT 1
) l
CROSS JOIN LATERAL (
    SELECT count(*) AS places, bool_and(
               k.in_stock = s.in_stock AND k.backorder = s.backorder AND CASE WHEN s.levels = ''
               THEN k.location = 'default' AND k.on_hand IS NOT DISTINCT FROM s.stock
               ELSE k.on_hand IS NOT DISTINCT FROM cast(cast(s.levels AS jsonb) ->> k.location AS int) END) AS same
    FROM stock_levels k WHERE k.organization_id = r.organization_id AND k.variant_id = r.variant_id
) held
WHERE r.changed AND NOT r.is_new AND r.organization_id = :org AND r.store_id = :store
  AND (held.same IS NOT TRUE
       OR held.places <> CASE WHEN s.levels = '' THEN 1 ELSE (
              SELECT count(*) FROM jsonb_object_keys(cast(nullif(s.levels, '') AS jsonb))) END
       OR l.gone_at IS NOT NULL OR coalesce(l.shown ? 'stock', false))
""")
# What a run read may be from before we wrote to the store, or heard of an order, while the run was under way: it is
# judged only if it is younger than that; what was not there before, and was written down just now, is looked at as it
# is. While a number is on its way to the store, nobody can tell whether what is
# shown is from before or after it arrived; a run that failed has left that to the next one.
_TOLD = text("""
WITH sending AS MATERIALIZED (
    SELECT c.entity, c.action, c.external_id, c.fields
    FROM sync_runs w JOIN sync_changes c ON c.organization_id = w.organization_id AND c.run_id = w.id
    WHERE w.organization_id = :org AND w.store_id = :store AND w.kind <> 'pull' AND w.state IN ('running', 'failed')
      AND c.state = 'sending' AND (c.entity = 'stock' OR c.action = 'create')
), given AS MATERIALIZED (
    SELECT cast(one ->> 'external_id' AS bigint) AS variant_id, cast(one ->> 'stock' AS int) AS pieces
    FROM sending CROSS JOIN LATERAL jsonb_array_elements(fields -> 'given' -> 1 -> 'variants') AS one
    WHERE action = 'create'
)
SELECT DISTINCT ON (r.variant_id) r.variant_id, s.external_id, s.stock, s.levels, s.in_stock, s.backorder,
       s.modified_at, l.gone_at IS NOT NULL AS returned,
       CASE WHEN l.gone_at IS NOT NULL THEN (
           SELECT pieces FROM given WHERE given.variant_id = r.variant_id LIMIT 1) END AS given,
       coalesce(l.gone_at IS NULL AND l.updated_at > run.started_at
                AND coalesce(s.modified_at < greatest(l.seen_modified_at, l.updated_at), true), false)
           OR s.external_id IN (SELECT external_id FROM sending WHERE entity = 'stock') AS outdated
FROM stage_variants s JOIN resolved_variants r USING (external_id)
CROSS JOIN LATERAL (
    SELECT o.* FROM listings o
    WHERE o.organization_id = r.organization_id AND o.store_id = r.store_id AND o.external_id = r.external_id LIMIT 1
) l
LEFT JOIN sync_runs run ON run.id = cast(:run AS uuid)
WHERE r.changed AND NOT r.is_new AND r.organization_id = :org AND r.store_id = :store
  AND r.variant_id = ANY(cast(:ids AS bigint[]))
ORDER BY r.variant_id, l.gone_at IS NOT NULL, s.external_id
""")
_FORGET = text("UPDATE stage_variants SET hash = '' WHERE external_id = ANY(cast(:ids AS text[]))")
_VARIANTS = text("""
SELECT external_id, variant_id FROM listings
WHERE organization_id = :org AND store_id = :store AND external_id = ANY(cast(:ids AS text[])) AND gone_at IS NULL
""")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a store shows of one variant."""

    variant_id: int
    external_id: str
    pieces: int | None
    """In all places together; None: not counted."""
    levels: dict[str, int] | None = None
    """By place; None: it did not say."""
    flags: tuple[bool, bool] | None = None
    """In stock and back-order, as `StockLevel`; None: it did not say."""
    modified_at: datetime | None = None
    returned: bool = False
    """The store did not show it before."""
    given: int | None = None
    """Pieces with which we put it up for sale there; the store has not said yet that it has it."""
    sent: Sent | None = None
    """A number of ours that may have reached it."""
    outdated: bool = False
    """It was read before something that we know of by now."""


class ShownRepository:
    """Reads what one store shows."""

    def __init__(self, session: AsyncSession, organization_id: uuid.UUID, store_id: uuid.UUID) -> None:
        self._session = session
        self._scope = {"org": organization_id, "store": store_id}

    async def differing(self) -> Sequence[int]:
        """Return the staged variants whose stock is not what the catalog holds, or that show another number."""
        return (await self._run(_DIFFERING)).scalar_one() or ()

    async def told(self, variant_ids: Sequence[int], run_id: uuid.UUID | None) -> list[Told]:
        """Return what the store shows of staged variants; read it once they are held."""
        return [_told(row) for row in await self._run(_TOLD, ids=list(variant_ids), run=run_id)]

    async def forget(self, external_ids: Collection[str]) -> None:
        """Have staged rows judged anew when they are read again, however they look then."""
        if external_ids:
            await self._run(_FORGET, ids=list(external_ids))

    async def variants(self, external_ids: Collection[str]) -> dict[str, int]:
        """Return the variants of live listings."""
        return {row[0]: row[1] for row in await self._run(_VARIANTS, ids=list(external_ids))}

    async def _run(self, statement: Any, **values: Any) -> Any:
        return await self._session.execute(statement, {**self._scope, **values})


def _told(row: Any) -> Told:
    levels = _levels(row.levels) if row.levels else None
    return Told(
        variant_id=row.variant_id,
        external_id=row.external_id,
        pieces=row.stock if levels is None else sum(levels.values()),
        levels=levels,
        flags=(row.in_stock, row.backorder),
        modified_at=row.modified_at,
        returned=row.returned and row.given is None,
        given=row.given,
        outdated=row.outdated,
    )
