"""Queries on `sync_schedules`."""

import uuid
from collections import defaultdict
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.models.stores import Store
from backend.models.sync import SyncSchedule
from backend.ports.actor import Actor


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
        """Return a store's schedules, by mode."""
        return (await self.of_all(actor)).get(store_id, [])

    async def of_all(self, actor: Actor) -> dict[uuid.UUID, list[SyncSchedule]]:
        """Return the schedules of the acting organization, by mode."""
        query = select(SyncSchedule).where(SyncSchedule.organization_id == actor.tenant).order_by(SyncSchedule.mode)
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
            .order_by(SyncSchedule.mode.desc(), SyncSchedule.next_at)
            .limit(most)
            .with_for_update(of=SyncSchedule, skip_locked=True)
        )
        return [(schedule, store) for schedule, store in await self._session.execute(query)]
