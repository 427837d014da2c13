"""What platforms send survives a killed web process and an absent database: kept once, or sent again."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from backend.app import create_app
from backend.settings import Database, Redis, Secrets, Settings, Shopify
from backend.wiring import Container
from tests.support.webhooks import SECRET, shopify_webhook, woo_webhook

pytestmark = pytest.mark.anyio
PATH = "/hooks/shopify"


@pytest.fixture
def settings(database_url: str, redis_url: str) -> Settings:
    """A server with a Shopify app."""
    return Settings(
        database=Database(url=database_url),
        redis=Redis(url=redis_url),
        secrets=Secrets(keys=("a key only for these tests",)),
        shopify=Shopify(client_id="test-client", client_secret=SECRET),
    )


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the test's own."""
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    yield connection
    await connection.close()


StartWeb = Callable[[], tuple["subprocess.Popen[bytes]", str]]


@pytest.fixture
async def start_web(settings: Settings) -> AsyncIterator[StartWeb]:
    """Factory: a web process of its own; what still runs at the end is killed."""
    running: list[subprocess.Popen[bytes]] = []

    def start() -> tuple["subprocess.Popen[bytes]", str]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        environment = {
            **os.environ,
            "DATABASE_URL": settings.database.url,
            "REDIS_URL": settings.redis.url,
            "STORELOOM_SECRET_KEYS": settings.secrets.keys[0],
            "SHOPIFY_CLIENT_ID": settings.shopify.client_id,
            "SHOPIFY_CLIENT_SECRET": settings.shopify.client_secret,
        }
        program = f"from backend.embedded.web_server import run_web; run_web('127.0.0.1', {port})"
        root = Path(__file__).parents[2]
        process = subprocess.Popen([sys.executable, "-c", program], env=environment, cwd=root)
        running.append(process)
        base_url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 30
        while True:
            try:
                httpx.get(f"{base_url}/health/live", timeout=5, trust_env=False)
                return process, base_url
            except httpx.HTTPError:
                assert time.monotonic() < deadline
                assert process.poll() is None
                time.sleep(0.05)

    yield start
    for process in running:
        process.kill()
        process.wait(10)


async def until(database: asyncpg.Connection, statement: str, *values: Any) -> None:
    deadline = time.monotonic() + 20
    while not await database.fetchval(statement, *values):
        assert time.monotonic() < deadline, statement
        await asyncio.sleep(0.02)


async def test_a_process_that_is_killed_before_it_answers_leaves_one_row_and_one_job_after_the_repetition(
    start_web: StartWeb, database: asyncpg.Connection
) -> None:
    first, base_url = await asyncio.to_thread(start_web)
    headers, body = shopify_webhook("products/update", {"id": 1}, webhook_id="killed")
    holding = database.transaction()
    async with httpx.AsyncClient(base_url=base_url, timeout=20, trust_env=False) as client:
        for n in range(2):  # so that the statement is prepared, and goes out in one piece
            ready, anything = shopify_webhook("products/update", {"id": n})
            assert (await client.post(PATH, headers=ready, content=anything)).status_code == 200
        await holding.start()
        await database.execute("LOCK TABLE received_webhooks IN SHARE MODE")
        sending = asyncio.create_task(client.post(PATH, headers=headers, content=body))
        await until(
            database,
            "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND relation = cast('received_webhooks' AS regclass)",
        )
        # Its database server goes on with the statement and commits; nobody is there to be told.
        first.send_signal(signal.SIGKILL)
        with pytest.raises(httpx.HTTPError):
            await sending
    await holding.commit()
    await until(database, "SELECT count(*) = 1 FROM received_webhooks WHERE delivery_key = 'killed'")
    _, base_url = await asyncio.to_thread(start_web)
    async with httpx.AsyncClient(base_url=base_url, timeout=20, trust_env=False) as client:
        assert (await client.post(PATH, headers=headers, content=body)).status_code == 200
    counted = await database.fetchrow(
        "SELECT count(DISTINCT w.id), count(j.id) FROM received_webhooks w LEFT JOIN jobs j"
        " ON cast(j.payload ->> 'webhook_id' AS bigint) = w.id WHERE w.delivery_key = 'killed'"
    )
    assert tuple(counted) == (1, 1)


async def test_with_the_database_away_the_platform_is_asked_to_come_back(settings: Settings, tmp_path: Path) -> None:
    nowhere = Database(url=f"postgresql+asyncpg://storeloom@/storeloom?host={tmp_path}")
    container = Container(replace(settings, database=nowhere), tmp_path)
    transport = httpx.ASGITransport(app=create_app(container=container), raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://hub.example.com") as client:
        with capture_logs() as logs:
            headers, body = shopify_webhook("products/update", {"id": 1})
            answer = await client.post(PATH, headers=headers, content=body)
            assert (answer.status_code, answer.content) == (503, b"")
            assert int(answer.headers["retry-after"]) > 0
            headers, body = woo_webhook("product.updated", {"id": 1}, "any secret")
            query = {"store": "01a20ed4-1f90-78e9-895f-dfc5875d7b63"}
            answer = await client.post("/hooks/woocommerce", params=query, headers=headers, content=body)
            assert (answer.status_code, answer.content) == (503, b"")
            # Forged is forged, whoever is away.
            forged = shopify_webhook("products/update", {"id": 1}, secret="another")
            assert (await client.post(PATH, headers=forged[0], content=forged[1])).status_code == 401
    assert not [entry for entry in logs if entry["log_level"] == "error"]
    await container.aclose()


async def test_with_redis_away_a_webhook_is_kept_all_the_same(
    settings: Settings, tmp_path: Path, database: asyncpg.Connection
) -> None:
    container = Container(replace(settings, redis=Redis(url=f"unix://{tmp_path}/nobody.sock")), tmp_path)
    transport = httpx.ASGITransport(app=create_app(container=container), raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://hub.example.com") as client:
        headers, body = shopify_webhook("products/update", {"id": 1}, webhook_id="unheard")
        assert (await client.post(PATH, headers=headers, content=body)).status_code == 200
    await container.aclose()
    assert await database.fetchval("SELECT count(*) FROM received_webhooks WHERE delivery_key = 'unheard'") == 1
