"""Feeds: what a HIT costs beside a bare handler with the same bytes, and how fast and how small a generation is."""

import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from backend.domain.feeds.service import PATH
from backend.models.feeds import Feed
from backend.ports.actor import Actor
from backend.settings import Settings
from backend.wiring import Container
from bench import stage
from bench.feed_catalog import fill
from bench.load import Client
from bench.report import Figure

SIZES = (100_000, 1_000_000)
HIT_ITEMS = (100, 1_000)
ROUNDS, ROUND_S = 5, 1.0


async def measure() -> list[Figure]:
    """Return the figures; `BENCH_FEED_ITEMS` (comma separated) replaces the sizes of generations."""
    sizes = tuple(int(size) for size in os.environ.get("BENCH_FEED_ITEMS", "").split(",") if size) or SIZES
    with stage.servers() as settings:
        async with stage.container(settings) as box:
            figures = [await _hit(box, settings, items) for items in HIT_ITEMS]
            actor = await stage.organization(box)
            have = 0
            for size in sizes:
                await _grow(box, actor, have, size)
                have = size
                figures += await _generate(box, actor, size)
    return figures


async def _hit(box: Container, settings: Settings, items: int) -> Figure:
    actor = await stage.organization(box)
    await _grow(box, actor, 0, items)
    feed = await _feed(box, actor, f"hit-{items}")
    await box.feed_generator.generate(feed.id)
    served = await box.published_feeds.fetch(feed.slug)
    body = await box.blobs.read(served.version.blob_key)
    with _server(settings, body) as port:
        ours, floor = await asyncio.to_thread(_interleaved, port, PATH + feed.slug)
    ratio = statistics.median(ours) / statistics.median(floor)
    note = f"{statistics.median(ours):,.0f}/s of {statistics.median(floor):,.0f}/s, {len(body) / 1e3:,.0f} kB"
    return Figure(
        name=f"feed HIT of {items} items / bare handler", value=ratio, target=">= 0.7", met=ratio >= 0.7, note=note
    )


def _interleaved(port: int, path: str) -> tuple[list[float], list[float]]:
    product, bare = Client(port, path), Client(port, "/bare")
    for client in (product, bare):
        client.requests_per_s(ROUND_S / 2)
    pairs = [(product.requests_per_s(ROUND_S), bare.requests_per_s(ROUND_S)) for _ in range(ROUNDS)]
    return [ours for ours, _ in pairs], [floor for _, floor in pairs]


@contextmanager
def _server(settings: Settings, body: bytes) -> Iterator[int]:
    with tempfile.NamedTemporaryFile(suffix=".xml") as file, socket.socket() as free:
        file.write(body)
        file.flush()
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        environment = {
            **os.environ,
            "DATABASE_URL": settings.database.url,
            "REDIS_URL": settings.redis.url,
            "STORELOOM_SECRET_KEYS": ",".join(settings.secrets.keys),
            "STORELOOM_BLOB_URL": settings.blob_url,
            "STORELOOM_FEEDS_PER_MINUTE": "1000000000",
            "STORELOOM_LIMITER_FAILS_OPEN": "false",
        }
        command = [sys.executable, "-m", "bench.feed_server", str(port), file.name]
        with subprocess.Popen(command, env=environment) as process:
            try:
                stage.wait_for(f"http://127.0.0.1:{port}/bare", process)
                yield port
            finally:
                process.terminate()


async def _grow(box: Container, actor: Actor, have: int, size: int) -> None:
    for first in range(have + 1, size + 1, 100_000):
        async with box.begin() as session:
            await fill(session, actor.tenant, first, min(first + 99_999, size))
    async with box.begin() as session:
        for table in ("brands", "products", "variants", "stock_levels"):
            await session.execute(text(f"ANALYZE {table}"))


async def _feed(box: Container, actor: Actor, slug: str) -> Feed:
    async with box.transaction() as services:
        return await services.feeds.create(actor, slug=slug, output="xml", publish=True)


async def _generate(box: Container, actor: Actor, size: int) -> list[Figure]:
    feed = await _feed(box, actor, f"generation-{size}")
    before_mb = highest_mb = stage.rss_mb()

    async def watch() -> None:
        nonlocal highest_mb
        while True:
            highest_mb = max(highest_mb, stage.rss_mb())
            await asyncio.sleep(0.02)

    watching = asyncio.create_task(watch())
    started, processor = time.perf_counter(), time.process_time()
    await box.feed_generator.generate(feed.id)
    wall_s, cpu_s = time.perf_counter() - started, time.process_time() - processor
    watching.cancel()
    served = await box.published_feeds.fetch(feed.slug)
    if served.version.item_count != size:
        raise RuntimeError(f"{served.version.item_count} items instead of {size}")
    rate, growth_mb = size / wall_s, highest_mb - before_mb
    note = f"{wall_s:.1f} s, {cpu_s:.1f} s of processor, {served.version.size_bytes / 1e6:,.0f} MB"
    return [
        Figure(
            name=f"feed generation, {size:,} items: items/s",
            value=rate,
            target=">= 30,000",
            met=rate >= 30_000,
            note=note,
        ),
        Figure(
            name=f"feed generation, {size:,} items: growth of memory, MB",
            value=growth_mb,
            target="< 100",
            met=growth_mb < 100,
        ),
    ]
