"""Every run ends: whatever happens to its job, its store or its worker, and whatever is asked for meanwhile."""

import uuid
from contextlib import aclosing

import pytest
from sqlalchemy import text

from backend.domain.jobs.repository import JobRepository
from backend.domain.stores.opening import StoreOpening
from backend.domain.sync.outcome import WalkEnd, finish_walk
from backend.domain.sync.pull import StorePull
from backend.domain.sync.ready import ready
from backend.domain.sync.repository import SyncRepository
from backend.domain.sync.step import StepContext, store_pages
from backend.models.stores import Store
from backend.models.sync import SyncRun
from backend.ports.actor import Actor
from backend.ports.store_platform import PullRequest, StorePlatform
from plugin_bridge.sandbox.generator import generate_products
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio

JOB_OF_RUN = "SELECT id FROM jobs WHERE payload->>'run_id' = cast(:run AS text)"


async def latest(bench: Workbench, actor: Actor, store_id: uuid.UUID) -> SyncRun:
    async with bench.container.transaction() as services:
        return (await services.sync.history(actor, store_id))[0]


async def test_a_run_asked_for_before_the_last_ones_job_is_closed_is_worked_off(bench: Workbench) -> None:
    actor = await bench.organization()
    store_id = await bench.connect(actor, bench.store(generate_products(3)))
    first = await latest(bench, actor, store_id)
    job_id = await bench.value(JOB_OF_RUN, run=str(first.id))
    async with bench.container.begin() as session:
        assert await JobRepository(session).claim(job_id, "a worker", 60)
    await bench.container.store_pull.run(first.id)
    async with bench.container.transaction() as services:
        second = await services.sync.request_pull(actor, store_id)
    assert second.id != first.id
    async with bench.container.begin() as session:
        await JobRepository(session).finish(job_id, "a worker", "done", None)
    await bench.work_off()
    assert (await bench.run(actor, second.id)).state == "completed"


async def test_a_run_whose_worker_dies_every_time_fails(bench: Workbench) -> None:
    actor = await bench.organization()
    store_id = await bench.connect(actor, bench.store(generate_products(3)))
    run = await latest(bench, actor, store_id)
    job_id = await bench.value(JOB_OF_RUN, run=str(run.id))
    for _ in range(8):
        async with bench.container.begin() as session:
            assert await JobRepository(session).claim(job_id, "worker that dies", 0)
    await bench.container.job_runner().run(job_id)
    ended = await bench.run(actor, run.id)
    assert (ended.state, ended.error_code) == ("failed", "internal_error")
    assert await bench.value("SELECT state FROM jobs WHERE id = :id", id=job_id) == "failed"


async def test_a_failed_run_leaves_nothing_of_its_walk(bench: Workbench) -> None:
    actor = await bench.organization()
    store_id = await bench.connect(actor, bench.store(generate_products(3)))
    run = await latest(bench, actor, store_id)
    async with bench.container.begin() as session:
        await SyncRepository(session).remember_seen(run.id, {"product": ["1", "2"]})
    await bench.container.run_trouble.give_up(run.id, "internal_error", "It stopped")
    assert await bench.value("SELECT count(*) FROM sync_seen WHERE run_id = :run", run=run.id) == 0


async def test_a_worker_that_was_overtaken_cannot_end_the_next_walk(bench: Workbench) -> None:
    actor = await bench.organization()
    store_id = await bench.connect(actor, bench.store(generate_products(3)))
    run = await latest(bench, actor, store_id)
    async with bench.container.begin() as session:
        where = "UPDATE sync_runs SET state = 'running', walk = 2, cursor = NULL WHERE id = :run"
        await session.execute(text(where), {"run": run.id})
    for late in (WalkEnd(run.id, 1, None, False), WalkEnd(run.id, 2, "1:variants:100:100::", False)):
        async with bench.container.begin() as session:
            await finish_walk(session, late, most_walks=3)
        assert (await bench.run(actor, run.id)).state == "running"


async def test_a_run_goes_on_when_a_worker_that_lost_its_lease_stored_a_page(bench: Workbench) -> None:
    actor = await bench.organization()
    store_id = await bench.connect(actor, bench.store(generate_products(250)))
    run = await latest(bench, actor, store_id)
    opener = StoreOpening(bench.container.begin, bench.container.sealer, bench.container.platforms)
    opened: list[Store] = []

    class Overtaking:
        """Has another worker finish the first page while this one has just read its plan."""

        async def open(self, store: Store) -> StorePlatform:
            if not opened:
                opened.append(store)
                platform = await opener.open(store)
                async with aclosing(platform.read_catalog(PullRequest())) as pages:
                    page = await anext(pages)
                async with bench.container.begin() as session:
                    context = StepContext(run_id=run.id, walk=1, after=None, product_limit=None)
                    assert await store_pages(session, context, [ready(page, store.currency or "")])
                await platform.aclose()
            return await opener.open(store)

    await StorePull(bench.container.begin, Overtaking(), bench.container.product_limit).run(run.id)
    ended = await bench.run(actor, run.id)
    assert (ended.state, ended.stats["products_added"], ended.walk) == ("completed", 250, 1)
