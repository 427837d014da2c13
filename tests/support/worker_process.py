"""Workers as processes of their own, which a test may kill."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.support.product import Workbench


def start_worker(bench: Workbench, data_dir: Path) -> "subprocess.Popen[bytes]":
    """Start `storeloom worker --queue long` as its own process, as a user would."""
    settings = bench.container.settings
    environment = {
        **os.environ,
        "DATABASE_URL": settings.database.url,
        "REDIS_URL": settings.redis.url,
        "STORELOOM_SECRET_KEYS": ",".join(settings.secrets.keys),
        "STORELOOM_ALLOWED_PRIVATE_HOSTS": "127.0.0.1",
        "STORELOOM_JOB_LEASE_S": "2",
        "STORELOOM_JOB_SWEEP_S": "0.2",
        "STORELOOM_DATA_DIR": str(data_dir),
        "SHOPIFY_CLIENT_ID": settings.shopify.client_id,
        "SHOPIFY_CLIENT_SECRET": settings.shopify.client_secret,
        "SHOPIFY_SHOP_URL": settings.shopify.shop_url,
    }
    command = [sys.executable, "-m", "backend.cli", "worker", "--queue", "long"]
    with (data_dir / "worker.log").open("ab") as log:
        return subprocess.Popen(command, env=environment, stderr=log)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        await asyncio.sleep(0.05)
