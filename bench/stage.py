"""What benchmarks stand on: the embedded servers as shipped, a container, a simulated store in its own process."""

import resource
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.request import urlopen

from backend.embedded.postgres import start_postgres
from backend.embedded.valkey import start_valkey
from backend.ports.actor import Actor, system_actor
from backend.settings import Database, Outbound, Redis, Secrets, Settings, Web
from backend.wiring import Container
from migrations.runner import upgrade


@contextmanager
def servers() -> Iterator[Settings]:
    """Start PostgreSQL (durable, as shipped) and Valkey in a new folder; stop and forget them at the end."""
    with tempfile.TemporaryDirectory(prefix="storeloom-bench-") as folder:
        postgres = start_postgres(Path(folder))
        try:
            valkey = start_valkey(Path(folder))
            try:
                with ThreadPoolExecutor(1) as aside:  # migrations run an event loop of their own
                    aside.submit(upgrade, postgres.url).result()
                yield Settings(
                    database=Database(url=postgres.url),
                    redis=Redis(url=valkey.url),
                    secrets=Secrets(keys=("a key only for benchmarks",)),
                    outbound=Outbound(allowed_private_hosts=("127.0.0.1",)),
                    web=Web(public_url="http://127.0.0.1"),
                    blob_url=(Path(folder) / "blobs").as_uri(),
                )
            finally:
                valkey.stop()
        finally:
            postgres.stop()


@asynccontextmanager
async def container(settings: Settings) -> AsyncIterator[Container]:
    """Open a container and close it."""
    made = Container(settings, Path(tempfile.gettempdir()))
    try:
        yield made
    finally:
        await made.aclose()


async def organization(box: Container) -> Actor:
    """Make an organization without limits; return the operator acting in it."""
    mark = uuid.uuid4().hex[:10]
    async with box.transaction() as services:
        made = await services.accounts.create_organization(f"Bench {mark}", f"bench-{mark}@example.com", "enterprise")
    return system_actor(made.organization.id)


@contextmanager
def simulated_store(
    products: int, variants_per_product: int = 1, *, mixed: int = 0, latency_s: float = 0.0
) -> Iterator[str]:
    """Serve a simulated WooCommerce in a process of its own; yields its URL (keys: `bench.store.KEY`, `SECRET`).

    Args:     mixed: further simple products beside those with *variants_per_product*.
              latency_s: added to each answer.
    """
    command = [
        sys.executable,
        "-m",
        "bench.store",
        str(products),
        str(variants_per_product),
        str(mixed),
        str(latency_s),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().strip()
            if not line.startswith("http"):
                raise RuntimeError("the simulated store did not start")
            yield line
        finally:
            process.kill()


def wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Return when a server answers there; raise OSError when its process ends before or half a minute has passed."""
    deadline = time.monotonic() + 30
    while True:
        try:
            with urlopen(url, timeout=5) as answer:
                answer.read()
                return
        except OSError:
            if time.monotonic() > deadline or process.poll() is not None:
                raise
            time.sleep(0.1)


def rss_mb() -> float:
    """Return the resident memory of this process, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def highest_rss_mb() -> float:
    """Return the most resident memory that this process ever had, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
