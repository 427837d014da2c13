"""Lists of products: handed in at once, worked off in the background, step by step (decision G14)."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import takewhile
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.accounts.service import AccountService
from backend.domain.catalog.changes import take_turn
from backend.domain.jobs.service import JobRecorder
from backend.domain.pricing.batch_rules import Line, ReadList, line_error, lines_of, read_list, with_errors
from backend.domain.pricing.batches_repository import UNFINISHED, BatchRepository
from backend.domain.pricing.monitored_repository import MonitoredRepository
from backend.domain.pricing.new_products import NewProducts, over_limit
from backend.kit.clock import utc_now
from backend.kit.errors import conflict, invalid
from backend.kit.ids import uuid7
from backend.kit.transaction import Transactions
from backend.models.pricing import ProductBatch
from backend.ports.actor import Actor, system_actor

IMPORT_JOB = "pricing.import_batch"
MOST_LINES = 100_000
"""Products of one list."""
MOST_WAITING = 20
"""Lists of one organization that wait at a time."""
AT_ONCE = 2_000
"""Products written in one transaction."""
ProductLimit = Callable[[AsyncSession, uuid.UUID], Awaitable[int | None]]
"""How many products an organization's plan holds; None: as many as it likes."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the list that came last is."""

    state: str
    """`idle` (there was none), or as `ProductBatch.state`."""
    total: int = 0
    processed: int = 0
    errors: Sequence[Mapping[str, str]] = ()
    """One for each line that was not taken."""


class ProductBatches:
    """Takes lists in and tells how far they are, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, jobs: JobRecorder, accounts: AccountService) -> None:
        self._session = session
        self._rows = BatchRepository(session)
        self._jobs = jobs
        self._accounts = accounts

    async def start(self, actor: Actor, told: Mapping[str, Mapping[str, str]], *, whole: bool) -> Progress:
        """Take a list in and have it imported; a line that cannot be taken becomes an error of the list.

        Args:     told: for each product its fields, in the order of the list.
                  whole: refuse a list that the plan has no room for; False: the first of it are taken.
        Raises:   invalid BATCH_EMPTY, BATCH_TOO_LONG; conflict BATCH_QUEUED (the same list waits already),
                  BATCH_QUEUE_FULL; limit_reached PIM_PRODUCT_LIMIT.
        """
        if not told:
            raise invalid("BATCH_EMPTY", "Send products as product0[name], product0[brand], product1[name] and so on")
        if len(told) > MOST_LINES:
            raise invalid("BATCH_TOO_LONG", f"At most {MOST_LINES:,} products fit into one list")
        # In a thread: a long list takes a second, and other requests want answers meanwhile.
        read = await asyncio.to_thread(read_list, told)
        await self._rows.take_turn(actor)
        await self._check(actor, read, whole=whole)
        batch = await self._rows.add(
            id=uuid7(),
            organization_id=actor.tenant,
            state="queued",
            digest=read.digest,
            rows=read.rows,
            total=read.total,
            processed=read.total - len(read.lines),
            errors=with_errors((), list(read.errors)),
        )
        await self._jobs.record(IMPORT_JOB, {"batch_id": str(batch.id)}, organization_id=actor.tenant)
        return _progress(batch)

    async def progress(self, actor: Actor) -> Progress:
        """Return how far the list that came last is; lists are worked off in their order."""
        found = await self._rows.newest(actor)
        return Progress(state="idle") if found is None else _progress(found)

    async def _check(self, actor: Actor, read: ReadList, *, whole: bool) -> None:
        waiting = await self._rows.unfinished(actor)
        if any(one.digest == read.digest for one in waiting):
            raise conflict("BATCH_QUEUED", "This list is in the queue already")
        if len(waiting) >= MOST_WAITING:
            raise conflict("BATCH_QUEUE_FULL", "Too many lists wait; send this one when some of them are finished")
        limit = (await self._accounts.limits(actor)).products
        if limit is None or not whole:
            return
        held = await MonitoredRepository(self._session).count_products(actor.tenant)
        if held + sum(one.total - one.processed for one in waiting) + len(read.lines) > limit:
            raise over_limit(limit)


def _progress(batch: ProductBatch) -> Progress:
    return Progress(state=batch.state, total=batch.total, processed=batch.processed, errors=tuple(batch.errors))


class BatchImport:
    """Works lists off. One step is one transaction that writes products and moves `processed` with them.

    Whoever is killed left whole steps behind: the next one goes on from there. Of two who work on the same list the
    second waits, and finds the step done.

    Args:     at_once: products of one step.
    """

    def __init__(self, begin: Transactions, product_limit: ProductLimit, *, at_once: int = AT_ONCE) -> None:
        self._begin = begin
        self._product_limit = product_limit
        self._at_once = at_once

    async def run(self, batch_id: uuid.UUID) -> None:
        """Import a list, and before it those of the same organization that came earlier."""
        async with self._begin() as session:
            rows = BatchRepository(session)
            batch = await rows.locked(batch_id)
            if batch is None or batch.state not in UNFINISHED:
                return
            waiting = await rows.unfinished(system_actor(batch.organization_id))
            earlier = [one.id for one in takewhile(lambda one: one.id != batch_id, waiting)]
        for one in (*earlier, batch_id):
            await self._work_off(one)

    async def give_up(self, batch_id: uuid.UUID) -> None:
        """End a list that could not be imported; what is in the catalog stays. Harmless when it has ended."""
        async with self._begin() as session:
            batch = await BatchRepository(session).locked(batch_id)
            if batch is not None and batch.state in UNFINISHED:
                _end(batch, "failed")

    async def _work_off(self, batch_id: uuid.UUID) -> None:
        async with self._begin() as session:
            lines = lines_of(await BatchRepository(session).rows(batch_id))
        while await self._step(batch_id, lines):
            pass

    async def _step(self, batch_id: uuid.UUID, lines: Sequence[Line]) -> bool:
        """Import the next products of a list; False when there are none left."""
        async with self._begin() as session:
            batch = await BatchRepository(session).locked(batch_id)
            if batch is None or batch.state not in UNFINISHED:
                return False
            done = batch.processed - (batch.total - len(lines))
            part = lines[done : done + self._at_once]
            batch.state = "running"
            if part:
                batch.errors = with_errors(batch.errors, await self._add(session, batch.organization_id, part))
                batch.processed += len(part)
            if batch.processed >= batch.total:
                _end(batch, "finished")
            return batch.state == "running"

    async def _add(
        self, session: AsyncSession, organization_id: uuid.UUID, part: Sequence[Line]
    ) -> list[dict[str, str]]:
        limit = await self._product_limit(session, organization_id)
        await take_turn(session, organization_id)
        products = [line.product for line in part]
        outcomes = await NewProducts(session).add(system_actor(organization_id), products, limit)
        return [
            line_error(line.key, outcome.error)
            for line, outcome in zip(part, outcomes, strict=True)
            if outcome.error is not None
        ]


def _end(batch: ProductBatch, state: str) -> None:
    empty: list[Any] = []
    batch.state, batch.rows, batch.finished_at = state, empty, utc_now()
