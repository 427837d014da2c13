"""Lists of the external API: is a page of a million products as quick as one of ten thousand, and how many a second?

One granian worker, an API key, the limiter. Latency is read over one connection that asks for pages anywhere in the two
lists by turns; throughput with sixteen connections and one page.
"""

import asyncio
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection

from sqlalchemy import text

from backend.domain.access.api_keys import KeyWanted
from backend.ports.actor import Actor
from backend.settings import Settings
from backend.wiring import Container
from bench import stage
from bench.load import Client
from bench.report import Figure

SMALL, LARGE, OBSERVATIONS = 10_000, 1_000_000, 5
"""Products of the two organizations, each watched on one page that was read so many times."""
LIMIT, ASKED = 50, 2_000
ROUNDS, ROUND_S = 5, 2.0
BASE = "/api/external/v1"
LISTS = {"products": "/products?", "active products": "/products?active=true&", "competitors": "/competitors?"}

_FILL = (
    """INSERT INTO products (organization_id, title)
       SELECT :org, 'Product ' || n FROM generate_series(cast(:first AS int), cast(:last AS int)) n""",
    """INSERT INTO variants (organization_id, product_id, title, sku, currency, price, cost, min_price, monitored)
       SELECT organization_id, id, '', 'SKU-' || id, 'EUR', 10 + id % 90, 5, 8, id % 5 > 0 FROM products
       WHERE organization_id = :org AND title LIKE 'Product %' AND NOT EXISTS (
           SELECT 1 FROM variants v WHERE v.organization_id = :org AND v.product_id = products.id)
       ORDER BY id""",
    """INSERT INTO tracked_urls (organization_id, variant_id, competitor_id, url, price, currency, in_stock, checked_at)
       SELECT v.organization_id, v.id, (SELECT min(id) FROM competitors WHERE organization_id = :org),
              'https://rival.example/products/' || v.id, v.price - 0.01, 'EUR', true, now()
       FROM variants v WHERE v.organization_id = :org AND NOT EXISTS (
           SELECT 1 FROM tracked_urls t WHERE t.organization_id = :org AND t.variant_id = v.id)
       ORDER BY v.id""",
    """INSERT INTO observations (organization_id, url_id, variant_id, price, currency, in_stock, source, observed_at)
       SELECT t.organization_id, t.id, t.variant_id, t.price, 'EUR', true, 'reader', now() - n * interval '1 day'
       FROM tracked_urls t CROSS JOIN generate_series(1, cast(:observations AS int)) n
       WHERE t.organization_id = :org AND NOT EXISTS (
           SELECT 1 FROM observations o WHERE o.organization_id = :org AND o.url_id = t.id)""",
)
_STEP = 100_000


async def measure() -> list[Figure]:
    """Return the figures; `BENCH_EXTERNAL_PRODUCTS` replaces the size of the larger list."""
    large = int(os.environ.get("BENCH_EXTERNAL_PRODUCTS", LARGE))
    with stage.servers() as settings:
        async with stage.container(settings) as box:
            keys = {size: await _shop(box, size) for size in (SMALL, large)}
            async with box.begin() as session:
                for table in ("products", "variants", "tracked_urls", "observations"):
                    await session.execute(text(f"ANALYZE {table}"))
        with _server(settings) as port:
            return await asyncio.to_thread(_figures, port, keys, large)


def _figures(port: int, keys: dict[int, str], large: int) -> list[Figure]:
    pages = {"first": 1, "deep": large // LIMIT - 1}
    return [
        *(_latency(port, keys, name, path, large) for name, path in LISTS.items()),
        *(_throughput(port, keys[large], name, page) for name, page in pages.items()),
    ]


async def _shop(box: Container, size: int) -> str:
    """Make an organization with so many products; return a key."""
    actor = await stage.organization(box)
    async with box.transaction() as services:
        key = await services.api_keys.create(actor, KeyWanted(name="Bench", permission="read", limit_per_hour=10**9))
    async with box.begin() as session:
        adding = "INSERT INTO competitors (organization_id, name, host) VALUES (:org, 'Rival', 'rival.example')"
        await session.execute(text(adding), {"org": actor.tenant})
    for first in range(1, size + 1, _STEP):
        await _fill(box, actor, first, min(first + _STEP - 1, size))
    return key.key


async def _fill(box: Container, actor: Actor, first: int, last: int) -> None:
    values = {"org": actor.tenant, "first": first, "last": last, "observations": OBSERVATIONS}
    async with box.begin() as session:
        for statement in _FILL:
            await session.execute(text(statement), values)
        bump = "UPDATE organizations SET lists_revision = lists_revision + 1 WHERE id = :org"
        await session.execute(text(bump), {"org": actor.tenant})


def _latency(port: int, keys: dict[int, str], name: str, path: str, large: int) -> Figure:
    connection = HTTPConnection("127.0.0.1", port)
    took: dict[int, list[float]] = {size: [] for size in keys}
    chosen = random.Random(7)
    for nth in range(ASKED + 100):
        for size, key in keys.items():
            page = chosen.randint(1, size // LIMIT)
            started = time.perf_counter()
            connection.request(
                "GET", f"{BASE}{path}limit={LIMIT}&page={page}", headers={"Authorization": f"Bearer {key}"}
            )
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"the server answered {answer.status}")
            if nth >= 100:  # the first ones warm caches and plans
                took[size].append(time.perf_counter() - started)
    small_ms, large_ms = (_p99_ms(took[size]) for size in (SMALL, large))
    ratio = large_ms / small_ms
    note = f"{large_ms:.2f} ms / {small_ms:.2f} ms; medians {_p50_ms(took[large]):.2f} / {_p50_ms(took[SMALL]):.2f} ms"
    title = f"external API, p99 of a page of {name}, {large:,} / {SMALL:,}"
    return Figure(name=title, value=ratio, target="<= 1.5", met=ratio <= 1.5, note=note)


def _p99_ms(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.99)] * 1_000


def _p50_ms(times: list[float]) -> float:
    return sorted(times)[len(times) // 2] * 1_000


def _throughput(port: int, key: str, name: str, page: int) -> Figure:
    path = f"{BASE}/products?limit={LIMIT}&page={page}"
    client = Client(port, path, headers=f"Authorization: Bearer {key}\r\n")
    client.requests_per_s(ROUND_S / 2)
    rates = sorted(client.requests_per_s(ROUND_S) for _ in range(ROUNDS))
    rate, note = rates[ROUNDS // 2], f"{client.answer_bytes / 1e3:.0f} kB, {rates[0]:,.0f} to {rates[-1]:,.0f}"
    title = f"external API, {name} page of {LIMIT} products: requests/s"
    return Figure(name=title, value=rate, target=">= 1,500", met=rate >= 1_500, note=note)


@contextmanager
def _server(settings: Settings) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "DATABASE_URL": settings.database.url,
        "REDIS_URL": settings.redis.url,
        "STORELOOM_SECRET_KEYS": ",".join(settings.secrets.keys),
        "STORELOOM_BLOB_URL": settings.blob_url,
        "STORELOOM_LIMITER_FAILS_OPEN": "false",
    }
    command = [sys.executable, "-c", f"from backend.embedded.web_server import run_web; run_web('127.0.0.1', {port})"]
    with subprocess.Popen(command, env=environment) as process:
        try:
            stage.wait_for(f"http://127.0.0.1:{port}/health/live", process)
            yield port
        finally:
            process.terminate()
