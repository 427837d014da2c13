"""Both workers inside a test's process, working jobs off as they do in production."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from backend.wiring import Container
from backend.worker import build_worker


@asynccontextmanager
async def working(container: Container) -> AsyncIterator[None]:
    """Have jobs of both queues worked off until the end of the block."""
    workers = [build_worker(container, queue) for queue in ("fast", "long")]
    running = [asyncio.create_task(worker.async_run()) for worker in workers]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for worker in workers:
            await worker.close()
