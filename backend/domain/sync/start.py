"""Ask for a run: the row and its job are recorded together, one unfinished run per store."""

import uuid
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.jobs.service import JobRecorder
from backend.domain.stores.repository import StoreRepository
from backend.domain.sync.repository import SyncRepository
from backend.kit.errors import DomainError, conflict, not_found
from backend.kit.ids import uuid7
from backend.models.stores import Store
from backend.models.sync import SyncIssue, SyncRun
from backend.ports.actor import Actor

_TRIES = 5
"""Another transaction may finish or open a run between two statements; it settles within a few tries."""
PULL_JOB = "sync.pull_store"
WANTS_FULL = "wants_full"
"""In the statistics of a run whose follow-up is to read everything."""


def pull_key(run_id: uuid.UUID) -> str:
    """Return the unique key of a run's job.

    Of the run, not of the store: the job of the run before may still be open when its run has ended.
    """
    return f"sync.pull:{run_id}"


def _new_run(store: Store, mode: str) -> dict[str, Any]:
    return {"id": uuid7(), "organization_id": store.organization_id, "store_id": store.id, "mode": mode}


def _take_along(run: SyncRun, mode: str) -> None:
    """Have an unfinished run, or the one behind it, read what is asked for as well."""
    if run.state == "queued" and mode == "full":
        run.mode = mode
    elif run.state == "running" or run.mode == "sweep":  # a sweep reads no fields, so that nothing of it will do
        run.follow_up = True
        if mode == "full":
            run.stats = {**run.stats, WANTS_FULL: 1}


def _busy() -> DomainError:
    return conflict("SYNC_BUSY", "The store's runs change too quickly; try again")


class SyncService:
    """Starts runs and shows them."""

    def __init__(self, session: AsyncSession, jobs: JobRecorder) -> None:
        self._jobs = jobs
        self._runs = SyncRepository(session)
        self._stores = StoreRepository(session)

    async def request_pull(self, actor: Actor, store_id: uuid.UUID, *, mode: str = "delta") -> SyncRun:
        """Start a pull of one store, or return the one that is not finished yet (its mode may differ).

        Args:     mode: `full` walks everything and finds deletions, `delta` reads what changed since the last pull,
                  `sweep` walks the ids alone and finds deletions.
        Raises:   not_found; conflict STORE_NOT_CONNECTED when the store is not active.
        """
        store = await self._active(actor, store_id)
        run = await self._open(store, mode)
        await self.record_job(run.id, run.organization_id)
        return run

    async def pull_soon(self, actor: Actor, store_id: uuid.UUID, *, delay_s: float, mode: str = "delta") -> None:
        """Have what changed until now read by a run that starts later than now.

        However often this is asked, at most one run waits: one that is queued will do, and one that is under way, which
        may have read the place already, is followed by one more (`FollowUps`).

        Args:     delay_s: how long the run waits for more to change. mode: `delta`, or `full` to have everything read.
        Raises:   not_found; conflict STORE_NOT_CONNECTED when the store is not active.
        """
        store = await self._active(actor, store_id)
        for _ in range(_TRIES):
            run = await self._runs.unfinished(store.organization_id, store.id, lock=True)
            if run is not None:
                _take_along(run, mode)
                return
            opened = await self._runs.open_run(_new_run(store, mode))
            if opened is not None:
                await self.record_job(opened, store.organization_id, delay_s)
                return
        raise _busy()

    async def _active(self, actor: Actor, store_id: uuid.UUID) -> Store:
        store = await self._stores.find(actor, store_id)
        if store is None:
            raise not_found("Store")
        if store.state != "active":
            raise conflict(
                "STORE_NOT_CONNECTED", f"The store is {store.state.replace('_', ' ')}: connect it again first"
            )
        return store

    async def _open(self, store: Store, mode: str) -> SyncRun:
        for _ in range(_TRIES):
            await self._runs.open_run(_new_run(store, mode))
            run = await self._runs.unfinished(store.organization_id, store.id)
            if run is not None:
                return run
        raise _busy()

    async def record_job(self, run_id: uuid.UUID, organization_id: uuid.UUID, delay_s: float = 0.0) -> None:
        """Record the job that works an unfinished run off; harmless when it has one."""
        await self._jobs.record(
            PULL_JOB,
            {"run_id": str(run_id)},
            organization_id=organization_id,
            unique_key=pull_key(run_id),
            delay_s=delay_s,
        )

    async def run(self, actor: Actor, run_id: uuid.UUID) -> SyncRun:
        """Return one run; raise not_found."""
        found = await self._runs.visible_run(actor, run_id)
        if found is None:
            raise not_found("Sync run")
        return found

    async def history(self, actor: Actor, store_id: uuid.UUID | None = None, most: int = 20) -> list[SyncRun]:
        """Return the newest runs, of one store or of all."""
        return list(await self._runs.latest_runs(actor, store_id, most))

    async def issues(self, actor: Actor, run_id: uuid.UUID, most: int = 100) -> list[SyncIssue]:
        """Return a run's issues, oldest first."""
        return list(await self._runs.issues(actor, run_id, most))
