"""Webhooks: how many a second one web process keeps before it answers them, and how long the slowest wait.

A real server process with a durable database beside it, real signatures, every fifth delivery a repetition. Two loads:
one at the pace of the target, where latency is read, and one as fast as it goes. Afterwards the rows are counted.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from backend.settings import Settings
from backend.wiring import Container
from bench import stage
from bench.report import Figure

RATE, PACED_S = 1_000, 10.0
FULL = 10_000
CONNECTIONS = 32
SECRET = "the client secret of a benchmark"
ANSWER = b"HTTP/1.1 200"
BODY = json.dumps(
    {
        "id": 632910392,
        "title": "IPod Nano",
        "variants": [{"id": n, "sku": f"IPOD-{n}", "price": "199.00"} for n in range(8)],
    }
)


async def measure() -> list[Figure]:
    """Return the figures."""
    with stage.servers() as settings:
        async with stage.container(settings) as box:
            with _server(settings) as port:
                await _send(port, _requests("warm", 500), None)
                await _forget(box)
                paced = _requests("paced", int(RATE * PACED_S))
                waits = await _send(port, paced, RATE)
                full = _requests("full", FULL)
                started = time.perf_counter()
                await _send(port, full, None)
                full_rate = len(full) / (time.perf_counter() - started)
            kept, jobs = await _counted(box)
    expected = _distinct(len(paced)) + _distinct(len(full))
    waits.sort()
    p50, p99 = waits[len(waits) // 2] * 1_000, waits[int(len(waits) * 0.99)] * 1_000
    lost = abs(kept - expected) + abs(jobs - expected)
    return [
        Figure(
            name="webhooks kept and answered, as fast as it goes: /s",
            value=full_rate,
            target=">= 1,000",
            met=full_rate >= 1_000,
        ),
        Figure(
            name=f"webhooks at {RATE:,} a second: p99, ms",
            value=p99,
            target="< 50",
            met=p99 < 50,
            note=f"median {p50:.1f} ms",
        ),
        Figure(
            name="webhooks lost or kept twice",
            value=lost,
            target="0",
            met=lost == 0,
            note=f"{kept:,} rows, {jobs:,} jobs",
        ),
    ]


def _distinct(sent: int) -> int:
    return sent - sent // 5


def _requests(mark: str, count: int) -> list[bytes]:
    """Return *count* signed requests; each fifth repeats the one before it."""
    made: list[bytes] = []
    for n in range(count):
        if n % 5 == 4:
            made.append(made[-1])
            continue
        body = BODY.replace("632910392", str(n)).encode()
        signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
        made.append(
            (
                "POST /hooks/shopify HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
                "X-Shopify-Topic: products/update\r\nX-Shopify-Shop-Domain: bench.myshopify.com\r\n"
                f"X-Shopify-API-Version: 2026-07\r\nX-Shopify-Webhook-Id: {mark}-{n}\r\nX-Shopify-Event-Id: {n}\r\n"
                f"X-Shopify-Triggered-At: 2026-11-24T10:00:00.000000Z\r\nX-Shopify-Hmac-SHA256: {signature}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            ).encode()
            + body
        )
    return made


async def _send(port: int, requests: list[bytes], rate: float | None) -> list[float]:
    """Send all over keep-alive connections; return how long each answer took, seconds.

    Args:     rate: requests per second, each timed from when it was due, so that a stalled server is not flattered.
    """
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    waits: list[float] = []
    senders = [asyncio.create_task(_sender(port, waiting, waits)) for _ in range(CONNECTIONS)]
    started = time.perf_counter()
    for n, request in enumerate(requests):
        due = started + n / rate if rate else time.perf_counter()
        if rate and (pause := due - time.perf_counter()) > 0:
            await asyncio.sleep(pause)
        waiting.put_nowait((due, request))
    await waiting.join()
    for sender in senders:
        sender.cancel()
    failed = [one for one in await asyncio.gather(*senders, return_exceptions=True) if isinstance(one, Exception)]
    if failed or len(waits) != len(requests):
        raise RuntimeError(f"{len(waits)} of {len(requests)} answered; {failed[:1]}")
    return waits


async def _sender(port: int, waiting: "asyncio.Queue[tuple[float, bytes]]", waits: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while True:
            due, request = await waiting.get()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            waiting.task_done()
            if not head.startswith(ANSWER):
                raise RuntimeError(f"the server answered {head[:100]!r}")
            waits.append(time.perf_counter() - due)
    finally:
        writer.close()


async def _forget(box: Container) -> None:
    async with box.begin() as session:
        await session.execute(text("TRUNCATE received_webhooks"))
        await session.execute(text("DELETE FROM jobs"))


async def _counted(box: Container) -> tuple[int, int]:
    async with box.begin() as session:
        row = await session.execute(
            text("SELECT (SELECT count(*) FROM received_webhooks), (SELECT count(*) FROM jobs)")
        )
        kept, jobs = row.one()
    return int(kept), int(jobs)


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
        "SHOPIFY_CLIENT_ID": "bench",
        "SHOPIFY_CLIENT_SECRET": SECRET,
    }
    command = [sys.executable, "-c", f"from backend.embedded.web_server import run_web; run_web('127.0.0.1', {port})"]
    with subprocess.Popen(command, env=environment) as process:
        try:
            stage.wait_for(f"http://127.0.0.1:{port}/health/live", process)
            yield port
        finally:
            process.terminate()
