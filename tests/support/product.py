"""A whole product inside a test: container on the test's database, simulated stores on real sockets."""

import asyncio
import time
import uuid
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from sqlalchemy import text

from backend.domain.stores.connecting import ConnectRequest
from backend.models.sync import SyncIssue, SyncRun
from backend.ports.actor import Actor, system_actor
from backend.ports.store_platform import PlatformProduct
from backend.settings import Database, Jobs, Outbound, Redis, Secrets, Settings, Web
from backend.wiring import Container
from plugin_bridge.sandbox.serving import serve_in_thread
from plugin_bridge.sandbox.woocommerce import ApiKey, SimulatedWooCommerce, StoreOptions

KEY, SECRET = "ck_" + "a1" * 20, "cs_" + "b2" * 20


class SimulatedStore:
    """One simulated WooCommerce on a socket; `app` is its inside."""

    def __init__(self, products: Iterable[PlatformProduct], **options: Any) -> None:
        def build(base_url: str) -> SimulatedWooCommerce:
            keys = [ApiKey(consumer_key=KEY, consumer_secret=SECRET)]
            self.app = SimulatedWooCommerce(
                StoreOptions(address=base_url, keys=keys, currency="EUR", **options), products
            )
            return self.app

        self.url, self.stop = serve_in_thread(build)
        self.control_url = f"{self.url}/_control"

    @property
    def credentials(self) -> dict[str, str]:
        """Keys that read and write."""
        return {"consumer_key": KEY, "consumer_secret": SECRET}

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Speak to the control side."""
        answer = httpx.request(method, f"{self.control_url}/{path}", json=body, timeout=20)
        assert answer.status_code < 400, answer.text
        return answer.json() if answer.content else None

    def fault(self, kind: str, **more: Any) -> None:
        """Switch a fault on."""
        self.control("POST", "faults", {"kind": kind, **more})

    def heal(self) -> None:
        """Switch all faults off."""
        self.control("DELETE", "faults")

    def list_requests(self) -> list[str]:
        """Return the paths of list requests so far (products and variations)."""
        paths = [entry["path"] for entry in self.control("GET", "requests") if entry["method"] == "GET"]
        return [p for p in paths if urlsplit(p).path.endswith(("/wc/v3/products", "/variations"))]


class Workbench:
    """One container and what tests do with it."""

    def __init__(self, database_url: str, redis_url: str, data_dir: Path, **groups: Any) -> None:
        defaults: dict[str, Any] = {
            "database": Database(url=database_url),
            "redis": Redis(url=redis_url),
            "secrets": Secrets(keys=("a key only for these tests",)),
            "outbound": Outbound(allowed_private_hosts=("127.0.0.1",), read_timeout_s=5),
            "jobs": Jobs(lease_s=2, sweep_s=0.2),
            "web": Web(public_url="http://panel.test"),
        }
        self.container = Container(Settings(**{**defaults, **groups}), data_dir)
        self._stores = ExitStack()

    async def aclose(self) -> None:
        """Stop stores and close connections."""
        self._stores.close()
        await self.container.aclose()

    async def forget_earlier_work(self) -> None:
        """Leave what earlier tests on this database left behind: their stores answer no more, and each try waits."""
        for statement in (
            "DELETE FROM jobs",
            "UPDATE stores SET state = 'disconnected' WHERE state <> 'disconnected'",
        ):
            # One after the other: a worker of theirs may still be about to end.
            async with self.container.begin() as session:
                await session.execute(text(statement))

    def store(self, products: Iterable[PlatformProduct] = (), **options: Any) -> SimulatedStore:
        """Serve a simulated store until the end of the test."""
        made = SimulatedStore(products, **options)
        self._stores.callback(made.stop)
        return made

    async def organization(self, plan: str = "enterprise") -> Actor:
        """Make an organization; return the operator acting in it."""
        mark = uuid.uuid4().hex[:10]
        async with self.container.transaction() as services:
            made = await services.accounts.create_organization(f"Shop {mark}", f"owner-{mark}@example.com", plan)
        return system_actor(made.organization.id)

    async def connect(self, actor: Actor, store: SimulatedStore) -> uuid.UUID:
        """Connect a store; its first full run is queued."""
        request = ConnectRequest(platform="woocommerce", url=store.url, credentials=store.credentials)
        return (await self.container.store_connecting.connect_as(actor, request)).id

    async def work_off(self) -> int:
        """Work off every job that is due, in this process; return how many were run."""
        runner, done = self.container.job_runner(), 0
        while True:
            async with self.container.begin() as session:
                rows = await session.execute(
                    text("SELECT id FROM jobs WHERE state = 'queued' AND run_at <= now() ORDER BY id")
                )
                due = list(rows.scalars())
            if not due:
                return done
            for job_id in due:
                await runner.run(job_id)
                done += 1

    async def hurry(self) -> None:
        """Have jobs that wait for their time run now."""
        async with self.container.begin() as session:
            await session.execute(text("UPDATE jobs SET run_at = now() WHERE state = 'queued'"))

    async def pull(self, actor: Actor, store_id: uuid.UUID, mode: str = "full") -> SyncRun:
        """Ask for a pull, work it off and return the run as it ended."""
        async with self.container.transaction() as services:
            requested = await services.sync.request_pull(actor, store_id, mode=mode)
        await self.work_off()
        return await self.run(actor, requested.id)

    async def run(self, actor: Actor, run_id: uuid.UUID) -> SyncRun:
        """Return a run as it is now."""
        async with self.container.transaction() as services:
            return await services.sync.run(actor, run_id)

    async def issues(self, actor: Actor, run_id: uuid.UUID) -> list[SyncIssue]:
        """Return a run's issues."""
        async with self.container.transaction() as services:
            return await services.sync.issues(actor, run_id)

    async def rows(self, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        async with self.container.begin() as session:
            return [tuple(row) for row in await session.execute(text(statement), parameters)]

    async def value(self, statement: str, **parameters: Any) -> Any:
        """Return the one value of a query."""
        return (await self.rows(statement, **parameters))[0][0]

    async def until(self, statement: str, seconds: float = 30, **parameters: Any) -> None:
        """Wait until a query says true."""
        deadline = time.monotonic() + seconds
        while not await self.value(statement, **parameters):
            assert time.monotonic() < deadline, statement
            await asyncio.sleep(0.05)
