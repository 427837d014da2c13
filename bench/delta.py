"""A delta pull of 100 changes must cost the same in a small catalog and in one a hundred times as large."""

import time
import uuid
from statistics import median

import httpx

from backend.domain.stores.connecting import ConnectRequest
from backend.ports.actor import Actor
from backend.wiring import Container
from bench import stage
from bench.report import Figure
from bench.store import KEY, SECRET

SMALL, LARGE, CHANGES, ROUNDS = 5_000, 500_000, 100, 5


async def measure() -> list[Figure]:
    """Return the ratio of the two wall times."""
    with stage.servers() as settings:
        async with stage.container(settings) as box:
            small_s = await _delta_s(box, SMALL)
            large_s = await _delta_s(box, LARGE)
    ratio = large_s / small_s
    note = f"{small_s * 1000:.0f} ms in {SMALL:,}, {large_s * 1000:.0f} ms in {LARGE:,}"
    name = f"delta pull of {CHANGES} changes: {LARGE:,} / {SMALL:,} products"
    return [Figure(name=name, value=ratio, target="<= 1.3", met=ratio <= 1.3, note=note)]


async def _delta_s(box: Container, products: int) -> float:
    with stage.simulated_store(products) as url:
        actor = await stage.organization(box)
        credentials = {"consumer_key": KEY, "consumer_secret": SECRET}
        request = ConnectRequest(platform="woocommerce", url=url, credentials=credentials)
        store = await box.store_connecting.connect_as(actor, request)
        async with box.transaction() as services:
            first = (await services.sync.history(actor, store.id))[0].id
        await box.store_pull.run(first)
        skus = await _skus(url)
        times = []
        for number in range(ROUNDS + 1):
            await _change(url, skus, number)
            times.append(await _one(box, actor, store.id))
        # The first round warms caches and plans.
        return median(times[1:])


async def _skus(url: str) -> list[str]:
    async with httpx.AsyncClient(timeout=120) as http:
        rows = (await http.get(f"{url}/_control/catalog")).json()
    step = max(1, len(rows) // CHANGES)
    return [row["sku"] for row in rows[::step]][:CHANGES]


async def _change(url: str, skus: list[str], number: int) -> None:
    async with httpx.AsyncClient(timeout=30) as http:
        for sku in skus:
            body = {"sku": sku, "price": f"{50 + number}.00"}
            (await http.post(f"{url}/_control/change", json=body)).raise_for_status()


async def _one(box: Container, actor: Actor, store_id: uuid.UUID) -> float:
    async with box.transaction() as services:
        run = await services.sync.request_pull(actor, store_id, mode="delta")
    started = time.perf_counter()
    await box.store_pull.run(run.id)
    took_s = time.perf_counter() - started
    async with box.transaction() as services:
        ended = await services.sync.run(actor, run.id)
    assert ended.state == "completed"
    assert ended.stats["variants_updated"] == CHANGES, ended.stats
    return took_s
