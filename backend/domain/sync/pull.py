"""Work a pull off: read pages ahead, store each with the cursor behind it, verify the walk, then remove what is gone.

Every step is one transaction that holds rows, statistics and cursor together, so a killed run goes on where it was
and a page that is stored twice changes nothing. No request to the store is made while a transaction is open.
"""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from datetime import timedelta
from typing import NamedTuple, Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog.service import CatalogService
from backend.domain.events.service import EventRecorder
from backend.domain.events.types import SyncStarted
from backend.domain.jobs.service import JobRecorder
from backend.domain.sync.guards import MergeHeld, SizeNeeded
from backend.domain.sync.outcome import WalkEnd, end_run, finish_walk, hold_step, missing_after
from backend.domain.sync.reading import PageT, pages_ahead
from backend.domain.sync.ready import ready_pages
from backend.domain.sync.repository import SyncRepository
from backend.domain.sync.step import StepContext, store_pages
from backend.domain.sync.step_guards import note_size
from backend.domain.sync.sweep import store_ids
from backend.kit.clock import utc_now
from backend.kit.transaction import Transactions
from backend.models.stores import Store
from backend.models.sync import SyncRun
from backend.ports.actor import system_actor
from backend.ports.store_platform import PullRequest, StorePlatform

log = structlog.get_logger()

OVERLAP = timedelta(minutes=5)
"""A delta starts so much before the newest change seen: changes are stamped before they become visible."""
MOST_WALKS = 3
"""A walk whose count is off is redone; after so many the run ends without removing anything."""


class StoreOpener(Protocol):
    """Unseals a store's credentials and opens it."""

    async def open(self, store: Store) -> StorePlatform:
        """Return the opened store; raise not_found when its credentials are gone."""
        ...


ProductLimit = Callable[[AsyncSession, uuid.UUID], Awaitable[int | None]]
"""How many products an organization's plan holds; None: as many as it likes."""


class PullPlan:
    """What one attempt at a run needs to know; read once at its start."""

    def __init__(self, run: SyncRun, store: Store) -> None:
        self.run_id = run.id
        self.walk = run.walk
        self.mode = run.mode
        self.request = PullRequest(since=run.since_at, cursor=run.cursor)
        self.store = store


class ReadTo(NamedTuple):
    """How far a walk has been read and stored."""

    cursor: str | None


Step = Callable[[AsyncSession, StepContext, list[PageT]], Awaitable[bool]]
"""Stores a group of pages, or refuses."""


class Contested(Exception):
    """Somebody else works on the same run: a worker that lost its lease and does not know yet."""


class StorePull:
    """Works pulls off. Two at once on one run are harmless: steps lock the run and check the cursor they build on.

    Args:     jobs: for pushes of what a pull makes due in other stores; None: they are left to `DuePushes`.
    """

    def __init__(
        self,
        begin: Transactions,
        opener: StoreOpener,
        product_limit: ProductLimit,
        jobs: Callable[[AsyncSession], JobRecorder] | None = None,
    ) -> None:
        self._begin = begin
        self._opener = opener
        self._product_limit = product_limit
        self._jobs = jobs

    async def run(self, run_id: uuid.UUID) -> None:
        """Work one run off to its end.

        Raises:   StoreRefused, StoreUnavailable, StoreThrottled, UnsafeAddress, Contested: the run stays resumable.
        """
        for _ in range(MOST_WALKS + 2):
            plan = await self._start(run_id)
            if plan is None:
                return
            await self._walk(plan)
        raise Contested("another worker stores into the same run")

    async def _start(self, run_id: uuid.UUID) -> PullPlan | None:
        async with self._begin() as session:
            found = await SyncRepository(session).lock(run_id)
            if found is None or found[0].state not in ("queued", "running"):
                return None
            run, store = found
            if store.state != "active":
                message = f"The store is {store.state.replace('_', ' ')}"
                await end_run(session, run, state="failed", code="store_not_connected", message=message)
                return None
            if run.state == "queued":
                await self._first_start(session, run, store)
            return PullPlan(run, store)

    async def _first_start(self, session: AsyncSession, run: SyncRun, store: Store) -> None:
        run.state, run.started_at = "running", utc_now()
        if store.watermark_at is None or (run.mode == "delta" and await self._room_again(session, store)):
            run.mode = "full"
        elif run.mode == "delta":
            run.since_at = store.watermark_at - OVERLAP
        event = SyncStarted(sync_id=str(run.id), type=run.mode, store_id=str(store.id))
        await EventRecorder(session).record(run.organization_id, event)

    async def _room_again(self, session: AsyncSession, store: Store) -> bool:
        """Tell whether products that the plan had no room for would find some now: no delta would bring them."""
        limit = await self._product_limit(session, store.organization_id)
        if not await SyncRepository(session).left_out(store.organization_id, store.id):
            return False
        return limit is None or await CatalogService(session).count(system_actor(store.organization_id)) < limit

    async def _walk(self, plan: PullPlan) -> None:
        """Read and store the rest of one walk and end it, unless the run was ended or goes on elsewhere meanwhile."""
        platform = await self._opener.open(plan.store)
        try:
            read_to = await self._read(plan, platform)
            if read_to is None:
                return
            refuted = await self._still_there(platform, plan.run_id)
        finally:
            await platform.aclose()
        async with self._begin() as session:
            end = WalkEnd(run_id=plan.run_id, walk=plan.walk, cursor=read_to.cursor, refuted=refuted)
            await finish_walk(session, end, most_walks=MOST_WALKS)

    async def _read(self, plan: PullPlan, platform: StorePlatform) -> "ReadTo | None":
        if plan.mode == "sweep":
            return await self._store_all(plan, platform.list_ids(plan.request.cursor), store_ids)
        pages = ready_pages(platform.read_catalog(plan.request), plan.store.currency or "")
        return await self._store_all(plan, pages, store_pages)

    async def _store_all(self, plan: PullPlan, pages: AsyncIterator[PageT], step: "Step[PageT]") -> "ReadTo | None":
        """Store pages group by group; None when the run was ended or goes on elsewhere."""
        at = ReadTo(plan.request.cursor)
        async with aclosing(pages_ahead(pages)) as groups:
            async for group in groups:
                if not await self._store(plan, at, group, step):
                    return None
                at = ReadTo(group[-1].cursor)
        return at

    async def _still_there(self, platform: StorePlatform, run_id: uuid.UUID) -> bool:
        """Ask the store for what the walk did not meet, before any of it is taken for gone."""
        async with self._begin() as session:
            missing = await missing_after(session, run_id)
        return missing is not None and await platform.still_listed(missing.products, missing.variants)

    async def _store(self, plan: PullPlan, at: ReadTo, pages: list[PageT], step: "Step[PageT]") -> bool:
        """Store a group of pages as one step; False when the run was ended, or a guard held it."""
        try:
            async with self._begin() as session:
                limit = await self._product_limit(session, plan.store.organization_id)
                context = StepContext(
                    run_id=plan.run_id, walk=plan.walk, after=at.cursor, product_limit=limit, jobs=self._jobs
                )
                return await step(session, context, pages)
        except SizeNeeded:
            async with self._begin() as session:
                await note_size(session, plan.run_id)
        except MergeHeld as held:
            async with self._begin() as session:
                await hold_step(session, context, held)
            return False
        return await self._store(plan, at, pages, step)
