"""Carry a run out that writes: take changes (tx), send them (no transaction open), note what became of them (tx).

What was taken and got no answer may have been done: it stays `sending`, and is sent again as repeated, which reads the
store first. So a run may be killed at any point and go on.
"""

import uuid
from collections.abc import Callable, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.jobs.service import JobRecorder
from backend.domain.sync.catalog_changes import CatalogChanges
from backend.domain.sync.pull import StoreOpener
from backend.domain.sync.push_results import PushResults
from backend.domain.sync.push_soon import STOCK, PushRequests
from backend.domain.sync.push_step import Batch, finish, start, take
from backend.domain.sync.repository import SyncRepository
from backend.kit.transaction import Transactions
from backend.models.stores import Store
from backend.models.sync import SyncRun
from backend.ports.actor import system_actor
from backend.ports.platform_errors import StoreNotReady
from backend.ports.store_platform import Platforms, StorePlatform
from backend.ports.store_writes import WriteResult

WAITS = "waits"
"""In the statistics of a run: how often it has waited for orders."""
MOST_WAITS = 5
WAIT_S = 2.0


class StorePush:
    """Works writing runs off. Two at once on one run are harmless: each change is taken once, or sent as repeated."""

    def __init__(
        self,
        begin: Transactions,
        opener: StoreOpener,
        platforms: Platforms,
        jobs: Callable[[AsyncSession], JobRecorder],
    ) -> None:
        self._begin = begin
        self._opener = opener
        self._platforms = platforms
        self._jobs = jobs

    async def run(self, run_id: uuid.UUID) -> None:
        """Carry one run out to its end.

        Raises:   StoreRefused, StoreUnavailable, StoreThrottled, UnsafeAddress: the run goes on with the next try.
                  StoreNotReady too when nobody can tell yet whether pieces arrived or were sold.
        """
        begun = await self._start(run_id)
        if begun is None:
            return
        run, store = begun
        await CatalogChanges(self._begin, self._jobs).apply(run_id)
        await self._send_all(run, store)
        async with self._begin() as session:
            if await finish(session, run_id):
                await PushRequests(session, self._jobs(session)).soon(
                    system_actor(store.organization_id), [store.id], kind=run.kind
                )

    async def _start(self, run_id: uuid.UUID) -> tuple[SyncRun, Store] | None:
        async with self._begin() as session:
            found = await SyncRepository(session).lock(run_id)
            if found is None:
                return None
            return await start(session, run_id, {found[1].platform: self._platforms.get(found[1].platform).writes})

    async def _send_all(self, run: SyncRun, store: Store) -> None:
        most = self._platforms.get(store.platform).writes_at_once
        batch = await self._take(run.id, most)
        if batch is None:
            return
        platform = await self._opener.open(store)
        try:
            while batch is not None:
                await self._send(platform, run.id, batch)
                batch = await self._take(run.id, most)
        finally:
            await platform.aclose()

    async def _take(self, run_id: uuid.UUID, most: int) -> Batch | None:
        async with self._begin() as session:
            return await take(session, run_id, most)

    async def _send(self, platform: StorePlatform, run_id: uuid.UUID, batch: Batch) -> None:
        told: set[str] = set()
        unclear = False
        async for some in platform.write(batch.writes, repeated=batch.repeated):
            told.update(result.key for result in some)
            unclear |= await self._note(run_id, batch, some)
        missing = [write.key for write in batch.writes if write.key not in told]
        if missing:
            await self._note(run_id, batch, [_unanswered(key) for key in missing])
        if unclear:
            await self._count_wait(run_id)
            message = "Orders that explain what the store shows may still be on their way"
            raise StoreNotReady(message, retry_after_s=WAIT_S)

    async def _note(self, run_id: uuid.UUID, batch: Batch, results: Sequence[WriteResult]) -> bool:
        """Note what became of writes; tell whether some are left until it is clearer what did."""
        async with self._begin() as session:
            found = await SyncRepository(session).lock(run_id)
            if found is None:
                return False
            run, store = found
            writes = {write.key: write for write in batch.writes}
            noting = PushResults(session, run, store)
            waits = batch.repeated and int(run.stats.get(WAITS, 0)) < MOST_WAITS
            left = await noting.unclear(writes, results) if waits else frozenset()
            clear = [one for one in results if one.key not in left]
            due = await noting.note(writes, clear, repeated=batch.repeated)
            if due:
                requests = PushRequests(session, self._jobs(session))
                await requests.soon(system_actor(store.organization_id), due, kind=STOCK)
            return bool(left)

    async def _count_wait(self, run_id: uuid.UUID) -> None:
        async with self._begin() as session:
            found = await SyncRepository(session).lock(run_id)
            if found is not None:
                run, _ = found
                run.stats = {**run.stats, WAITS: int(run.stats.get(WAITS, 0)) + 1}


def _unanswered(key: str) -> WriteResult:
    return WriteResult(key=key, outcome="failed", code="failed", message="The store said nothing about this item")
