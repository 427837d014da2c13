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


async def walked_whole(bench: Workbench, store_id: uuid.UUID, *, days_ago: int) -> None:
    """Have all whole walks of a store lie some days back, so that they cover no sweep."""
    earlier = "UPDATE sync_runs SET created_at = now() - make_interval(days => :days) WHERE store_id = :id RETURNING 1"
    await bench.rows(earlier, id=store_id, days=days_ago)


async def test_a_connected_store_has_three_schedules(bench: Workbench) -> None:
    actor, store_id = await connected(bench)
    async with bench.container.transaction() as services:
        rows = await services.sync_schedules.of_store(actor, store_id)
    assert [(row.mode, row.every_s) for row in rows] == [("delta", 300), ("sweep", 86_400), ("full", 604_800)]


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


async def test_a_sweep_waits_for_the_delta_before_it(bench: Workbench) -> None:
    _, store_id = await connected(bench)
    await walked_whole(bench, store_id, days_ago=2)
    await due(bench, store_id, "delta")
    await bench.container.due_syncs.start()
    await due(bench, store_id, "sweep")
    assert await bench.container.due_syncs.start() == 0
    await bench.work_off()
    assert await bench.container.due_syncs.start() == 1
    assert await runs(bench, store_id) == ["full", "delta", "sweep"]


@pytest.mark.parametrize("first", ["sweep", "full"])
async def test_the_night_of_a_whole_walk_has_no_sweep(bench: Workbench, first: str) -> None:
    _, store_id = await connected(bench)
    await walked_whole(bench, store_id, days_ago=7)
    later = "UPDATE sync_schedules SET next_at = now() + interval '90 min' WHERE store_id = :id RETURNING 1"
    await bench.rows(later, id=store_id)
    await due(bench, store_id, first)
    await bench.container.due_syncs.start()
    await bench.work_off()
    await due(bench, store_id, "sweep")
    await due(bench, store_id, "full" if first == "sweep" else "sweep")
    await bench.container.due_syncs.start()
    await bench.work_off()
    assert await runs(bench, store_id) == ["full", "full"]
    planned = "SELECT next_at > now() + interval '55 min' FROM sync_schedules WHERE store_id = :id AND mode = 'sweep'"
    assert await bench.value(planned, id=store_id), "the next sweep is in another night"


async def test_a_deletion_nobody_told_of_is_found_by_the_nightly_sweep(bench: Workbench) -> None:
    actor = await bench.organization()
    store = bench.store(generate_products(3))
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    sku = (await bench.rows("SELECT sku FROM variants WHERE organization_id = :org LIMIT 1", org=actor.tenant))[0][0]
    store.control("POST", "change", {"sku": sku, "delete": "force"})
    await walked_whole(bench, store_id, days_ago=2)
    await due(bench, store_id, "sweep")
    await bench.container.due_syncs.start()
    await bench.work_off()
    assert await runs(bench, store_id) == ["full", "sweep"]
    left = "SELECT count(*) FROM products WHERE deleted_at IS NULL AND organization_id = :org"
    assert await bench.value(left, org=actor.tenant) == 2


async def test_a_store_that_rests_is_left_alone(bench: Workbench) -> None:
    actor, store_id = await connected(bench)
    async with bench.container.transaction() as services:
        await services.stores.disconnect(actor, store_id)
    await due(bench, store_id, "delta")
    assert await bench.container.due_syncs.start() == 0


async def test_a_store_that_refuses_our_key_rests_with_one_notice(bench: Workbench) -> None:
    actor = await bench.organization()
    store = bench.store(generate_products(3))
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    store.fault("unauthorized", rate=1)
    for _ in range(3):
        for mode in ("delta", "sweep", "full"):
            await due(bench, store_id, mode)
        await bench.container.due_syncs.start()
        await bench.work_off()
    waiting = "UPDATE listings SET shown = '{\"price\": \"1\"}', due = '{price}' WHERE store_id = :id RETURNING 1"
    await bench.rows(waiting, id=store_id)
    await bench.container.due_pushes.start()
    assert await runs(bench, store_id) == ["full", "full"], "one run found out, and no other was started"
    notices = "SELECT count(*) FROM events WHERE organization_id = :org AND type = 'store.needs_reauth'"
    assert await bench.value(notices, org=actor.tenant) == 1
    with pytest.raises(DomainError) as refused:
        async with bench.container.transaction() as services:
            await services.sync.request_pull(actor, store_id)
    assert refused.value.code == "STORE_NOT_CONNECTED"


async def test_a_schedule_can_be_changed_and_switched_off(bench: Workbench) -> None:
    actor, store_id = await connected(bench)
    async with bench.container.transaction() as services:
        await services.sync_schedules.change(actor, store_id, "delta", 0)
        await services.sync_schedules.change(actor, store_id, "sweep", 7_200)
        await services.sync_schedules.change(actor, store_id, "full", 14 * 86_400)
    async with bench.container.transaction() as services:
        shown = {row.mode: row.every_s for row in await services.sync_schedules.of_store(actor, store_id)}
    assert shown == {"delta": 0, "sweep": 7_200, "full": 14 * 86_400}
    await due(bench, store_id, "delta")
    assert await bench.container.due_syncs.start() == 0


@pytest.mark.parametrize(
    ("mode", "every_s"), [("delta", 5), ("delta", -1), ("sweep", 60), ("full", 60), ("full", 10**9), ("often", 300)]
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
