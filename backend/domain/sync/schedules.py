"""When stores are read without anybody asking: changes every few minutes, ids each night, everything once a week.

What walks all ids finds deletions, whatever webhooks were lost; what reads everything finds what no store told of.
"""

import random
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.jobs.service import JobRecorder
from backend.domain.stores.repository import StoreRepository
from backend.domain.sync.lost_jobs_repository import LostJobsRepository
from backend.domain.sync.schedule_repository import ScheduleRepository
from backend.domain.sync.start import SyncService
from backend.kit.clock import utc_now
from backend.kit.errors import invalid, not_found
from backend.kit.transaction import Transactions
from backend.models.sync import SyncSchedule
from backend.ports.actor import Actor, system_actor

USUAL: Mapping[str, int] = {"delta": 300, "sweep": 86_400, "full": 604_800}
"""Seconds between two runs of a store that nobody changed, by mode."""
LEAST: Mapping[str, int] = {"delta": 60, "sweep": 3_600, "full": 3_600}
MOST_S = 31 * 86_400
_DAY_S = 86_400
_NIGHT_HOUR = 3
_ONE_NIGHT_S = 8 * 3_600
_SPREAD_S = 7_200
AT_ONCE = 100


def next_run(mode: str, every_s: int, timezone: str, now: datetime, spread: float) -> datetime:
    """Return when a store is read next: whole days lead to the night of the store, all else counts from *now*.

    Args:     timezone: of the store, UTC when it is unknown. spread: 0..1, so that not all stores start at once.
    """
    if mode == "delta" or every_s % _DAY_S:
        return now + timedelta(seconds=every_s * (1 + 0.1 * spread))
    try:
        zone = ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):
        zone = ZoneInfo("UTC")
    night = now.astimezone(zone).replace(hour=_NIGHT_HOUR, minute=0, second=0, microsecond=0)
    planned = night.astimezone(now.tzinfo) + timedelta(seconds=_SPREAD_S * spread)
    if planned < now + timedelta(hours=1):
        planned += timedelta(days=1)
    return planned + timedelta(seconds=every_s - _DAY_S)


def covered_by_full(every_s: int, now: datetime, last_full_at: datetime | None, next_full_at: datetime | None) -> bool:
    """Tell whether a sweep that is due can be left out: a whole walk of the same night finds all that it would.

    Args:     every_s: from one sweep to the next. last_full_at: when the last whole walk was asked for, failed ones
              aside. next_full_at: when the next one is due; None: never.
    """
    near = timedelta(seconds=min(_ONE_NIGHT_S, every_s / 2))
    behind = last_full_at is not None and last_full_at > now - near
    return behind or (next_full_at is not None and next_full_at < now + near)


class SyncSchedules:
    """Shows and changes the schedules of the acting organization's stores, inside the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._rows = ScheduleRepository(session)
        self._stores = StoreRepository(session)

    async def begin(self, actor: Actor, store_id: uuid.UUID) -> None:
        """Give a store its usual schedules; those it has are kept, and start anew."""
        store = await self._stores.find(actor, store_id)
        if store is None:
            raise not_found("Store")
        now = utc_now()
        known = {row.mode: row for row in await self._rows.of_store(actor, store_id)}
        for mode, usual_s in USUAL.items():
            every_s = known[mode].every_s if mode in known else usual_s
            planned = next_run(mode, every_s, store.timezone or "UTC", now, random.random())  # noqa: S311 - no secret
            await self._rows.put(store, mode, every_s, planned)

    async def of_store(self, actor: Actor, store_id: uuid.UUID) -> list[SyncSchedule]:
        """Return a store's schedules, the most frequent mode first; empty for a store that was never connected."""
        return await self._rows.of_store(actor, store_id)

    async def of_all(self, actor: Actor) -> dict[uuid.UUID, list[SyncSchedule]]:
        """Return the schedules of all stores, as `of_store` does each."""
        return await self._rows.of_all(actor)

    async def change(self, actor: Actor, store_id: uuid.UUID, mode: str, every_s: int) -> None:
        """Read a store this often from now on.

        Args:     mode: `delta`, `sweep` or `full`. every_s: 0 for never, else at least `LEAST` and at most 31 days.
        Raises:   not_found; invalid SCHEDULE_INVALID.
        """
        least = LEAST.get(mode)
        if least is None:
            raise invalid("SCHEDULE_INVALID", f"mode: one of {', '.join(LEAST)}", field="mode")
        if every_s != 0 and not least <= every_s <= MOST_S:
            message = f"{mode}: 0 for never, or {least} to {MOST_S} seconds"
            raise invalid("SCHEDULE_INVALID", message, field=mode)
        store = await self._stores.find(actor, store_id)
        if store is None:
            raise not_found("Store")
        planned = next_run(mode, every_s, store.timezone or "UTC", utc_now(), random.random())  # noqa: S311 - no secret
        await self._rows.put(store, mode, every_s, planned)


class DueSyncs:
    """Starts what is due. Two of them at once share the work: a row that one holds, the other skips."""

    def __init__(self, begin: Transactions, jobs: Callable[[AsyncSession], JobRecorder]) -> None:
        self._begin = begin
        self._jobs = jobs

    async def start(self) -> int:
        """Start runs of stores whose time has come; return how many.

        A delta that is due while a run is under way is left out; what walks everything waits for the end of the run
        before it. A sweep in the night of a whole walk is left out. An unfinished run whose job is gone gets another:
        it would keep all others away.
        """
        started = 0
        async with self._begin() as session:
            rows = ScheduleRepository(session)
            service = SyncService(session, self._jobs(session))
            for left in await LostJobsRepository(session).runs(pulls=True):
                await service.record_job(left.run_id, left.organization_id)
            due = await rows.due(AT_ONCE)
            walks = await rows.whole_walks([store.id for row, store in due if row.mode == "sweep"])
            for row, store in due:
                covered = row.mode == "sweep" and covered_by_full(row.every_s, utc_now(), *walks[store.id])
                if not covered and not await _begun(service, row):
                    continue
                spread = random.random()  # noqa: S311 - no secret
                row.next_at = next_run(row.mode, row.every_s, store.timezone or "UTC", utc_now(), spread)
                started += not covered
        return started


async def _begun(service: SyncService, row: SyncSchedule) -> bool:
    """Ask for the run that is due; False when it has to wait for one that does less."""
    run = await service.request_pull(system_actor(row.organization_id), row.store_id, mode=row.mode)
    return row.mode == "delta" or run.mode in (row.mode, "full")
