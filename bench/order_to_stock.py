"""From an order in one store to the new number in the other one: web, workers and both stores as they are shipped."""

import asyncio
import time
import uuid
from statistics import median
from typing import Any

import httpx
from sqlalchemy import text

from backend.domain.stores.connecting import ConnectRequest
from backend.ports.actor import Actor
from backend.settings import load_settings
from backend.wiring import Container
from bench import stage
from bench.report import Figure
from tests.faults.campaign.world import World

ORDERS, ARTICLES, WAIT_S = 60, 20, 30.0
EVERY_S = 0.25
FEWEST = 12
"""Pieces of an article that is ordered: none is sold out."""


async def measure() -> list[Figure]:
    """Return the 95th percentile of the seconds from an order to the other store's number."""
    world = await asyncio.to_thread(World)  # it runs an event loop of its own
    try:
        box = Container(load_settings(world.environment), world.data_dir)
        try:
            took = await _orders(world, box)
        finally:
            await box.aclose()
    finally:
        await asyncio.to_thread(world.stop)
    p95 = sorted(took)[int(len(took) * 0.95)]
    note = f"median {median(took):.2f} s, slowest {max(took):.2f} s, {len(took)} orders, one every {EVERY_S} s"
    return [Figure(name="order to stock in the other store, p95, s", value=p95, target="< 2", met=p95 < 2, note=note)]


async def _orders(world: World, box: Container) -> list[float]:
    actor = await stage.organization(box)
    made = [await asyncio.to_thread(_make, world, f"bench-{n}") for n in (1, 2)]
    for one in made:
        await _connect(box, actor, one)
    async with httpx.AsyncClient(timeout=20) as http:
        before = await _shown(http, made[1])
        skus = sorted(before)
        waiting = []
        for number in range(ORDERS):
            sku = skus[number % len(skus)]
            before[sku] -= 1
            waiting.append(asyncio.create_task(_until_shown(http, made, sku, before[sku])))
            await asyncio.sleep(EVERY_S)
        return await asyncio.gather(*waiting)


def _make(world: World, key: str) -> dict[str, Any]:
    return world.make_store("woocommerce", key=key, products=ARTICLES, currency="EUR")


async def _connect(box: Container, actor: Actor, made: dict[str, Any]) -> None:
    keys = {"consumer_key": made["consumer_key"], "consumer_secret": made["consumer_secret"]}
    request = ConnectRequest(platform="woocommerce", url=made["store_url"], credentials=keys)
    store_id = (await box.store_connecting.connect_as(actor, request)).id
    await _quiet(box, actor, store_id)


async def _quiet(box: Container, actor: Actor, store_id: uuid.UUID) -> None:
    busy = text(
        "SELECT count(*) FROM jobs WHERE organization_id = :org AND state IN ('queued', 'running') AND run_at <= now()"
    )
    deadline = time.monotonic() + WAIT_S
    calm = 0
    while calm < 5:
        assert time.monotonic() < deadline, f"{store_id} does not come to rest"
        async with box.begin() as session:
            calm = 0 if (await session.execute(busy, {"org": actor.tenant})).scalar_one() else calm + 1
        await asyncio.sleep(0.2)


async def _shown(http: httpx.AsyncClient, store: dict[str, Any]) -> dict[str, int]:
    rows = (await http.get(f"{store['control_url']}/catalog")).json()
    return {row["sku"]: row["stock"] for row in rows if row["sku"] and (row["stock"] or 0) > FEWEST}


async def _until_shown(http: httpx.AsyncClient, stores: list[dict[str, Any]], sku: str, pieces: int) -> float:
    """Order one piece in the first store and return how long it took until the second one showed it."""
    started = time.perf_counter()
    body = {"lines": [{"sku": sku, "quantity": 1}]}
    (await http.post(f"{stores[0]['control_url']}/orders", json=body)).raise_for_status()
    while time.perf_counter() - started < WAIT_S:
        rows = (await http.get(f"{stores[1]['control_url']}/catalog")).json()
        if any(row["sku"] == sku and row["stock"] <= pieces for row in rows):
            return time.perf_counter() - started
        await asyncio.sleep(0.02)
    return WAIT_S
