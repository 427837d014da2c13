"""Queries on `sync_schedules`."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import case, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.models.stores import Store
from backend.models.sync import SyncSchedule
from backend.ports.actor import Actor

_MOST_FREQUENT_FIRST = case({"delta": 0, "sweep": 1, "full": 2}, value=SyncSchedule.mode, else_=3)
_WHOLE_WALKS = text("""
SELECT asked.store_id, last.created_at, f.next_at
FROM unnest(cast(:stores AS uuid[])) AS asked(store_id)
JOIN stores s ON s.id = asked.store_id
LEFT JOIN sync_schedules f ON f.organization_id = s.organization_id AND f.store_id = s.id AND f.mode = 'full'
    AND f.every_s > 0
LEFT JOIN LATERAL (
    SELECT r.created_at FROM sync_runs r
    WHERE r.organization_id = s.organization_id AND r.store_id = s.id AND r.kind = 'pull' AND r.mode = 'full'
      AND r.state IN ('queued', 'running', 'completed')
    ORDER BY r.created_at DESC LIMIT 1
) last ON true
""")


class WholeWalks(NamedTuple):
    """When a store was last walked whole without failing, and when it is due to be again; None: never."""

    last_at: datetime | None
    next_at: datetime | None


class ScheduleRepository:
    """Reads and writes schedules."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def put(self, store: Store, mode: str, every_s: int, next_at: datetime) -> None:
        """Store a schedule in place of the one there was."""
        values = {"every_s": every_s, "next_at": next_at}
        statement = (
            insert(SyncSchedule)
            .values(organization_id=store.organization_id, store_id=store.id, mode=mode, **values)
            .on_conflict_do_update(index_elements=["organization_id", "store_id", "mode"], set_=values)
        )
        await self._session.execute(statement)

    async def of_store(self, actor: Actor, store_id: uuid.UUID) -> list[SyncSchedule]:
        """Return a store's schedules, the most frequent mode first."""
        return (await self.of_all(actor)).get(store_id, [])

    async def of_all(self, actor: Actor) -> dict[uuid.UUID, list[SyncSchedule]]:
        """Return the schedules of the acting organization's stores, as `of_store` does each."""
        query = select(SyncSchedule).where(SyncSchedule.organization_id == actor.tenant).order_by(_MOST_FREQUENT_FIRST)
        found: defaultdict[uuid.UUID, list[SyncSchedule]] = defaultdict(list)
        for row in (await self._session.execute(query)).scalars():
            found[row.store_id].append(row)
        return dict(found)

    async def due(self, most: int) -> list[tuple[SyncSchedule, Store]]:
        """Return schedules of active stores whose time has come, whole walks first, held to the transaction's end."""
        query = (
            select(SyncSchedule, Store)
            .join(Store, Store.id == SyncSchedule.store_id)
            .where(SyncSchedule.every_s > 0, SyncSchedule.next_at <= func.now(), Store.state == "active")
            .order_by(_MOST_FREQUENT_FIRST.desc(), SyncSchedule.next_at)
            .limit(most)
            .with_for_update(of=SyncSchedule, skip_locked=True)
        )
        return [(schedule, store) for schedule, store in await self._session.execute(query)]

    async def whole_walks(self, store_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, WholeWalks]:
        """Return the whole walks of these stores, in one look."""
        if not store_ids:
            return {}
        found = await self._session.execute(_WHOLE_WALKS, {"stores": list(store_ids)})
        return {row[0]: WholeWalks(row[1], row[2]) for row in found}
