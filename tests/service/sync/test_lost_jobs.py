"""A run whose job is gone keeps nothing away for ever: the clock records its job again."""

import uuid

import pytest
from sqlalchemy import text

from backend.domain.sync.lost_jobs_repository import AFTER_S
from backend.ports.actor import Actor
from plugin_bridge.sandbox.generator import generate_products
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio

FORGET = "DELETE FROM jobs WHERE organization_id = :org"
UNFINISHED = "SELECT count(*) FROM sync_runs WHERE organization_id = :org AND state IN ('queued', 'running')"
OPEN_JOBS = (
    "SELECT count(*) FROM jobs WHERE organization_id = :org AND name LIKE 'sync.pu%' AND state IN ('queued', 'running')"
)


async def connected(bench: Workbench) -> tuple[Actor, uuid.UUID]:
    actor = await bench.organization()
    store_id = await bench.connect(actor, bench.store(generate_products(4)))
    await bench.work_off()
    return actor, store_id


async def execute(bench: Workbench, statement: str, actor: Actor) -> None:
    async with bench.container.begin() as session:
        await session.execute(text(statement), {"org": actor.tenant})


@pytest.mark.parametrize("kind", ["push", "stock"])
@pytest.mark.parametrize("state", ["queued", "running"])
async def test_a_writing_run_without_a_job_is_carried_out_all_the_same(bench: Workbench, kind: str, state: str) -> None:
    actor, store_id = await connected(bench)
    async with bench.container.transaction() as services:
        await services.push_requests.soon(actor, [store_id], kind=kind)
    await execute(bench, FORGET, actor)
    await execute(
        bench, f"UPDATE sync_runs SET state = '{state}' WHERE organization_id = :org AND kind = '{kind}'", actor
    )
    await bench.container.due_pushes.start()
    await bench.work_off()
    assert await bench.value(UNFINISHED, org=actor.tenant) == 0
    assert await bench.value(
        "SELECT max(state) FROM sync_runs WHERE store_id = :s AND kind = :k", s=store_id, k=kind
    ) == ("completed")


async def test_a_pull_without_a_job_is_worked_off_all_the_same(bench: Workbench) -> None:
    actor, store_id = await connected(bench)
    async with bench.container.transaction() as services:
        run = await services.sync.request_pull(actor, store_id, mode="full")
    await execute(bench, FORGET, actor)
    await bench.container.due_syncs.start()
    await bench.work_off()
    assert (await bench.run(actor, run.id)).state == "completed"


async def test_a_run_whose_job_waits_gets_no_second_one(bench: Workbench) -> None:
    actor, store_id = await connected(bench)
    async with bench.container.transaction() as services:
        await services.push_requests.soon(actor, [store_id])
        await services.sync.request_pull(actor, store_id)
    for _ in range(2):
        await bench.container.due_pushes.start()
        await bench.container.due_syncs.start()
    assert await bench.value(OPEN_JOBS, org=actor.tenant) == 2


async def test_a_job_that_has_just_failed_is_not_recorded_again_at_once(bench: Workbench) -> None:
    actor, store_id = await connected(bench)
    async with bench.container.transaction() as services:
        await services.push_requests.soon(actor, [store_id])
    await execute(bench, "UPDATE jobs SET state = 'failed', finished_at = now() WHERE organization_id = :org", actor)
    await bench.container.due_pushes.start()
    assert await bench.value(OPEN_JOBS, org=actor.tenant) == 0
    later = f"UPDATE jobs SET finished_at = now() - interval '{AFTER_S + 1} seconds' WHERE organization_id = :org"
    await execute(bench, later, actor)
    await bench.container.due_pushes.start()
    assert await bench.value(OPEN_JOBS, org=actor.tenant) == 1


async def test_a_run_that_was_left_in_a_store_at_rest_is_ended(bench: Workbench) -> None:
    actor, store_id = await connected(bench)
    async with bench.container.transaction() as services:
        await services.push_requests.soon(actor, [store_id], kind="stock")
    await execute(bench, FORGET, actor)
    running = "UPDATE sync_runs SET state = 'running' WHERE organization_id = :org AND state = 'queued'"
    await execute(bench, running, actor)
    await execute(bench, "UPDATE stores SET state = 'needs_reauth' WHERE organization_id = :org", actor)
    await bench.container.due_pushes.start()
    await bench.work_off()
    ended = "SELECT error_code FROM sync_runs WHERE organization_id = :org AND kind = 'stock' AND state = 'failed'"
    assert await bench.value(ended, org=actor.tenant) == "store_not_connected"
