"""A worker killed with -9 in the middle of a sync, and a Redis that forgot everything, lose and double nothing."""

import signal
import uuid
from pathlib import Path

import pytest
import redis

from plugin_bridge.sandbox.generator import generate_products
from tests.support.product import SimulatedStore, Workbench
from tests.support.worker_process import start_worker, until

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

PRODUCTS = 4_000


async def connected(bench: Workbench, store: SimulatedStore) -> tuple[uuid.UUID, uuid.UUID]:
    actor = await bench.organization()
    return actor.tenant, await bench.connect(actor, store)


async def pages(bench: Workbench, store_id: uuid.UUID) -> int:
    return int(
        await bench.value("SELECT coalesce((stats->>'pages')::int, 0) FROM sync_runs WHERE store_id = :id", id=store_id)
    )


async def is_completed(bench: Workbench, store_id: uuid.UUID) -> bool:
    return bool(await bench.value("SELECT state = 'completed' FROM sync_runs WHERE store_id = :id", id=store_id))


async def assert_whole(bench: Workbench, organization_id: uuid.UUID) -> None:
    """Every product is there, once."""
    for table in ("products", "variants", "product_links", "listings"):
        count = await bench.value(f"SELECT count(*) FROM {table} WHERE organization_id = :org", org=organization_id)
        assert count == PRODUCTS, table
    skus = await bench.value(
        "SELECT count(DISTINCT sku) FROM variants WHERE organization_id = :org", org=organization_id
    )
    assert skus == PRODUCTS


async def test_kill_minus_nine_in_the_middle_of_a_sync_loses_and_doubles_nothing(
    bench: Workbench, tmp_path: Path
) -> None:
    store = bench.store(generate_products(PRODUCTS), latency_s=0.15)
    organization_id, store_id = await connected(bench, store)
    kills = 0
    worker = start_worker(bench, tmp_path)
    try:
        for goal in (1, 17, 33):

            async def reached(goal: int = goal) -> bool:
                return await pages(bench, store_id) >= goal

            await until(reached)
            if await is_completed(bench, store_id):
                break
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            kills += 1
            worker = start_worker(bench, tmp_path)
        await until(lambda: is_completed(bench, store_id))
    finally:
        worker.kill()
        worker.wait()
    assert kills >= 2
    await assert_whole(bench, organization_id)
    asked = [path for path in store.list_requests() if "/products" in path]
    assert len(asked) < 2 * (PRODUCTS // 100) + 10, "an interrupted walk goes on where it was"


async def test_an_emptied_redis_delays_work_and_loses_none(bench: Workbench, tmp_path: Path) -> None:
    store = bench.store(generate_products(PRODUCTS), latency_s=0.05)
    organization_id, store_id = await connected(bench, store)
    with redis.Redis.from_url(bench.container.settings.redis.url) as valkey:
        valkey.flushdb()
        worker = start_worker(bench, tmp_path)
        try:
            await until(lambda: _some_pages(bench, store_id))
            valkey.flushdb()
            await until(lambda: is_completed(bench, store_id))
        finally:
            worker.kill()
            worker.wait()
    await assert_whole(bench, organization_id)


async def _some_pages(bench: Workbench, store_id: uuid.UUID) -> bool:
    return await pages(bench, store_id) >= 2


async def test_sigterm_gives_the_sync_back_at_once(bench: Workbench, tmp_path: Path) -> None:
    store = bench.store(generate_products(PRODUCTS), latency_s=0.15)
    organization_id, store_id = await connected(bench, store)
    worker = start_worker(bench, tmp_path)
    try:
        await until(lambda: _some_pages(bench, store_id))
        worker.terminate()
        assert worker.wait(15) == 0
        state = await bench.value("SELECT state FROM jobs WHERE organization_id = :org", org=organization_id)
        assert state == "queued"
        worker = start_worker(bench, tmp_path)
        await until(lambda: is_completed(bench, store_id))
    finally:
        worker.kill()
        worker.wait()
    await assert_whole(bench, organization_id)
