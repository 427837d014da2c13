"""Asking for pushes: the run and its job are recorded together, one unfinished run of each kind per store."""

import uuid
from collections.abc import Callable, Iterable

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.jobs.service import JobRecorder
from backend.domain.stores.repository import StoreRepository
from backend.domain.stores.settings import settings_of
from backend.domain.sync.lost_jobs_repository import LostJobsRepository
from backend.domain.sync.push_repository import PushRepository
from backend.kit.ids import uuid7
from backend.kit.transaction import Transactions
from backend.models.stores import Store
from backend.ports.actor import Actor, system_actor

PUSH, STOCK = "push", "stock"
JOB_OF = {PUSH: "sync.push_store", STOCK: "sync.push_stock"}
"""Pieces go out by the queue of short jobs, and wait for no long push."""

ASK_JOB = "sync.ask_push"
ASK_AGAIN_S = 0.2
"""How long one waits before looking again for what a run that was under way may have missed."""


def push_key(run_id: uuid.UUID) -> str:
    """Return the unique key of a writing run's job."""
    return f"sync.push:{run_id}"


class PushRequests:
    """Asks for pushes inside the caller's transaction. However often it is asked, at most one run of a kind waits."""

    def __init__(self, session: AsyncSession, jobs: JobRecorder) -> None:
        self._jobs = jobs
        self._runs = PushRepository(session)
        self._stores = StoreRepository(session)

    async def soon(
        self, actor: Actor, store_ids: Iterable[uuid.UUID], *, kind: str = PUSH, delay_s: float = 0.0
    ) -> None:
        """Have what is due in these stores written; a run that is under way takes it along or is followed by one.

        Stores that are not connected are left out, and so are those whose owner applies pushes by hand (not for stock).

        Args:     kind: `push`, or `stock` for pieces alone.
        """
        for store_id in sorted(set(store_ids)):
            store = await self._stores.find(actor, store_id)
            if store is None or store.state != "active":
                continue
            if kind == PUSH and settings_of(store.settings).push == "manual":
                continue
            await self._open(store, kind, delay_s)

    async def _open(self, store: Store, kind: str, delay_s: float) -> None:
        where = (store.organization_id, store.id, kind)
        opened = await self._runs.open_run(
            {"id": uuid7(), "organization_id": store.organization_id, "store_id": store.id, "kind": kind}
        )
        if opened is not None:
            await self.record_job(opened, store.organization_id, kind, delay_s)
            return
        run = await self._runs.unfinished_at_rest(*where)
        if run is not None:
            # One that waits reads what is due when it starts; one that has started may have read it already.
            run.follow_up = run.follow_up or run.state == "running"
            return
        # Somebody is at the run this very moment and may or may not see what is due now: it is asked again.
        await self._jobs.record(
            ASK_JOB, {"store_id": str(store.id)}, organization_id=store.organization_id, delay_s=ASK_AGAIN_S
        )

    async def record_job(self, run_id: uuid.UUID, organization_id: uuid.UUID, kind: str, delay_s: float = 0.0) -> None:
        """Record the job that carries a queued run out."""
        await self._jobs.record(
            JOB_OF.get(kind, JOB_OF[PUSH]),
            {"run_id": str(run_id)},
            organization_id=organization_id,
            unique_key=push_key(run_id),
            delay_s=delay_s,
        )


class DuePushes:
    """Asks for pushes of stores in which something is due, whoever made it due and whatever was lost on the way."""

    def __init__(self, begin: Transactions, jobs: Callable[[AsyncSession], JobRecorder]) -> None:
        self._begin = begin
        self._jobs = jobs

    async def start(self, store_id: uuid.UUID | None = None) -> int:
        """Ask for the pushes that are missing; return how many stores have something due.

        A store whose last run failed is left alone for some minutes, and one whose run is held until a person decides.
        An unfinished run whose job is gone gets another: it would keep all others of its kind away.

        Args:     store_id: look at this store alone.
        """
        async with self._begin() as session:
            runs = PushRepository(session)
            if store_id is None:
                await runs.retry_temporary_errors()
            due = await runs.due_stores(store_id)
            requests = PushRequests(session, self._jobs(session))
            for run in await LostJobsRepository(session).runs(pulls=False) if store_id is None else ():
                await requests.record_job(run.run_id, run.organization_id, run.kind)
            for row in due:
                await requests.soon(system_actor(row.organization_id), [row.store_id], kind=row.kind)
        return len(due)
