"""Every run ends: whatever happens to its job, its store or its worker, and whatever is asked for meanwhile."""

import uuid

import pytest

from backend.domain.jobs.repository import JobRepository
from backend.models.sync import SyncRun
from backend.ports.actor import Actor
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
