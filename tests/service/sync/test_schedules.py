"""Stores are read without anybody asking."""

import asyncio
import uuid

import pytest

from backend.kit.errors import DomainError
from backend.ports.actor import Actor
from plugin_bridge.sandbox.generator import generate_products
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio


async def connected(bench: Workbench) -> tuple[Actor, uuid.UUID]:
    actor = await bench.organization()
    store_id = await bench.connect(actor, bench.store(generate_products(3)))
    await bench.work_off()
    return actor, store_id


async def due(bench: Workbench, store_id: uuid.UUID, mode: str) -> None:
    await bench.rows(
        "UPDATE sync_schedules SET next_at = now() - interval '1 s' WHERE store_id = :id AND mode = :mode RETURNING 1",
        id=store_id,
        mode=mode,
    )


async def runs(bench: Workbench, store_id: uuid.UUID) -> list[str]:
    rows = await bench.rows("SELECT mode FROM sync_runs WHERE store_id = :id ORDER BY created_at", id=store_id)
    return [row[0] for row in rows]


async def test_a_connected_store_is_read_again_when_its_time_comes(bench: Workbench) -> None:
    _, store_id = await connected(bench)
    assert await bench.container.due_syncs.start() == 0
    await due(bench, store_id, "delta")
    assert await bench.container.due_syncs.start() == 1
    assert await bench.container.due_syncs.start() == 0
    await bench.work_off()
    assert await runs(bench, store_id) == ["full", "delta"]


async def test_two_workers_start_a_due_run_once(bench: Workbench) -> None:
    _, store_id = await connected(bench)
    await due(bench, store_id, "full")
    started = await asyncio.gather(*(bench.container.due_syncs.start() for _ in range(4)))
    assert sum(started) == 1
    assert await runs(bench, store_id) == ["full", "full"]


async def test_a_full_walk_waits_for_the_delta_before_it(bench: Workbench) -> None:
    _, store_id = await connected(bench)
    await due(bench, store_id, "delta")
    await bench.container.due_syncs.start()
    await due(bench, store_id, "full")
    assert await bench.container.due_syncs.start() == 0
    await bench.work_off()
    assert await bench.container.due_syncs.start() == 1
    assert await runs(bench, store_id) == ["full", "delta", "full"]


async def test_a_deletion_nobody_told_of_is_found_by_the_nightly_walk(bench: Workbench) -> None:
    actor = await bench.organization()
    store = bench.store(generate_products(3))
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    sku = (await bench.rows("SELECT sku FROM variants WHERE organization_id = :org LIMIT 1", org=actor.tenant))[0][0]
    store.control("POST", "change", {"sku": sku, "delete": "force"})
    await due(bench, store_id, "full")
    await bench.container.due_syncs.start()
    await bench.work_off()
    left = "SELECT count(*) FROM products WHERE deleted_at IS NULL AND organization_id = :org"
    assert await bench.value(left, org=actor.tenant) == 2


async def test_a_store_that_rests_is_left_alone(bench: Workbench) -> None:
    actor, store_id = await connected(bench)
    async with bench.container.transaction() as services:
        await services.stores.disconnect(actor, store_id)
    await due(bench, store_id, "delta")
    assert await bench.container.due_syncs.start() == 0


async def test_a_schedule_can_be_changed_and_switched_off(bench: Workbench) -> None:
    actor, store_id = await connected(bench)
    async with bench.container.transaction() as services:
        await services.sync_schedules.change(actor, store_id, "delta", 0)
        await services.sync_schedules.change(actor, store_id, "full", 7 * 86_400)
    async with bench.container.transaction() as services:
        shown = {row.mode: row.every_s for row in await services.sync_schedules.of_store(actor, store_id)}
    assert shown == {"delta": 0, "full": 7 * 86_400}
    await due(bench, store_id, "delta")
    assert await bench.container.due_syncs.start() == 0


@pytest.mark.parametrize(
    ("mode", "every_s"), [("delta", 5), ("delta", -1), ("full", 60), ("full", 10**9), ("often", 300)]
)
async def test_an_impossible_schedule_is_refused(bench: Workbench, mode: str, every_s: int) -> None:
    actor, store_id = await connected(bench)
    with pytest.raises(DomainError) as refused:
        async with bench.container.transaction() as services:
            await services.sync_schedules.change(actor, store_id, mode, every_s)
    assert refused.value.code == "SCHEDULE_INVALID"


async def test_a_stranger_sees_and_changes_no_schedule(bench: Workbench) -> None:
    _, store_id = await connected(bench)
    stranger = await bench.organization()
    async with bench.container.transaction() as services:
        assert await services.sync_schedules.of_store(stranger, store_id) == []
    with pytest.raises(DomainError) as refused:
        async with bench.container.transaction() as services:
            await services.sync_schedules.change(stranger, store_id, "delta", 600)
    assert refused.value.code == "NOT_FOUND"
