"""Queries on fields that the hub and a store changed both."""

import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.models.sync import SyncConflict
from backend.ports.actor import Actor

# What left its store has nothing to be decided any more.
_THERE = """CASE WHEN k.variant_id IS NULL THEN EXISTS (
         SELECT 1 FROM product_links l WHERE l.organization_id = k.organization_id AND l.store_id = k.store_id
           AND l.external_id = k.external_id AND l.gone_at IS NULL)
     ELSE EXISTS (
         SELECT 1 FROM listings l WHERE l.organization_id = k.organization_id AND l.store_id = k.store_id
           AND l.external_id = k.external_id AND l.gone_at IS NULL) END"""
_PAGE = text(f"""
SELECT k.id, k.store_id, coalesce(nullif(s.name, ''), s.url) AS store, k.product_id, k.variant_id, k.external_id,
       p.title, coalesce(v.title, '') AS variant_title, coalesce(v.sku, '') AS sku, k.field,
       k.hub_value -> 'value' AS hub_value, k.hub_at, k.hub_actor, k.store_value -> 'value' AS store_value, k.store_at,
       k.state, k.chosen, k.settled_by, k.settled_at, k.created_at
FROM sync_conflicts k
JOIN stores s ON s.id = k.store_id
JOIN products p ON p.organization_id = k.organization_id AND p.id = k.product_id
LEFT JOIN variants v ON v.organization_id = k.organization_id AND v.id = k.variant_id
WHERE k.organization_id = :org AND k.state = :state AND k.id < :below
  AND (cast(:store AS uuid) IS NULL OR k.store_id = :store) AND (k.state <> 'open' OR {_THERE})
ORDER BY k.id DESC LIMIT :most
""")
_OPEN_IDS = text(f"""
SELECT k.id FROM sync_conflicts k
WHERE k.organization_id = :org AND k.store_id = :store AND k.state = 'open'
  AND k.field = ANY(cast(:fields AS text[])) AND {_THERE}
ORDER BY k.id FOR UPDATE OF k
""")
_COUNT = text(f"SELECT count(*) FROM sync_conflicts k WHERE k.organization_id = :org AND k.state = 'open' AND {_THERE}")
_SETTLE = text("""
UPDATE sync_conflicts SET state = 'settled', chosen = :chosen, settled_by = :who, settled_at = now()
WHERE organization_id = :org AND id = ANY(cast(:ids AS bigint[]))
RETURNING product_id, variant_id, external_id, field, hub_value -> 'value' AS hub_value,
          store_value -> 'value' AS store_value
""")


class Contested(NamedTuple):
    """A field with what both sides hold, as JSON."""

    product_id: int
    variant_id: int | None
    external_id: str
    field: str
    hub_value: Any
    store_value: Any


class ConflictRepository:
    """Reads and settles the acting organization's `sync_conflicts`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def page(
        self, actor: Actor, state: str, store_id: uuid.UUID | None, *, below: int, most: int
    ) -> list[dict[str, Any]]:
        """Return conflicts in a state, newest first, with what people call their parts."""
        values = {"state": state, "store": store_id, "below": below, "most": most}
        return [dict(row) for row in (await self._run(_PAGE, actor, **values)).mappings()]

    async def count_open(self, actor: Actor) -> int:
        """Count what is to be decided."""
        return int((await self._run(_COUNT, actor)).scalar_one())

    async def locked(self, actor: Actor, conflict_id: int) -> SyncConflict | None:
        """Return a conflict and hold its row to the end of the transaction."""
        query = select(SyncConflict).where(SyncConflict.organization_id == actor.tenant, SyncConflict.id == conflict_id)
        query = query.with_for_update().execution_options(populate_existing=True)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def lock_open(self, actor: Actor, store_id: uuid.UUID, fields: Sequence[str]) -> list[int]:
        """Return the open conflicts of a store in some fields, and hold their rows."""
        return list((await self._run(_OPEN_IDS, actor, store=store_id, fields=list(fields))).scalars())

    async def settle(self, actor: Actor, ids: Sequence[int], chosen: str, who: str) -> list[Contested]:
        """Settle conflicts alike, and return what they are about."""
        rows = await self._run(_SETTLE, actor, ids=list(ids), chosen=chosen, who=who)
        return [Contested(*row) for row in rows]

    async def _run(self, statement: Any, actor_: Actor, /, **values: Any) -> Any:
        return await self._session.execute(statement, {"org": actor_.tenant, **values})
