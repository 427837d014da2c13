"""The background process: an arq worker that hears `ring(job_id)`, and a sweeper that rings for forgotten rows."""

import asyncio
import contextlib
from datetime import timedelta
from typing import Any, cast

import structlog
from arq.worker import Worker, func

from backend.domain.jobs.repository import JobRepository
from backend.jobs.runtime import JobRunner
from backend.kit.clock import utc_now
from backend.kit.collector import collect_less_often
from backend.kit.log import set_up_logging
from backend.kit.readiness import announce_ready
from backend.settings import Settings
from backend.wiring import Container

log = structlog.get_logger()

AT_ONCE = {"fast": 20, "long": 4}
"""Jobs at once per process: short ones overlap freely, long ones share memory and the stores' patience."""
READ_AT_ONCE = 2_000
"""Messages looked at in one go: those of workers that were killed lie in front, and must not hide all others."""
ARQ_TIMEOUT_S = {"fast": 300, "long": 86_400}
"""Above every job's own time-out: the runner's clock decides, arq's is a net."""
KEEP_FINISHED = timedelta(days=7)


async def sweep_once(container: Container, queue: str) -> int:
    """Ring for every job row that is due and free; return how many. Harmless to repeat: claims decide."""
    async with container.begin() as session:
        due = await JobRepository(session).due(queue, 1_000)
    for job_id, attempts, waited_s in due:
        await container.doorbell.ring(queue, job_id, attempt=attempts, waited_s=waited_s)
    return len(due)


async def _clean_up(container: Container) -> None:
    """Forget what is old; a look costs next to nothing when nothing is."""
    async with container.begin() as session:
        await JobRepository(session).delete_finished_before(utc_now() - KEEP_FINISHED)
    await container.webhook_retention.forget_old()
    await container.privacy_exports.remove_old()
    await container.sync_retention.forget_old()
    await container.key_usage_retention.forget_old()


async def _sweep(container: Container, queue: str) -> None:
    while True:
        try:
            await container.due_syncs.start()
            await container.due_pushes.start()
            await sweep_once(container, queue)
            await _clean_up(container)
        except Exception as error:
            log.warning("sweep.failed", error=f"{type(error).__name__}: {error}"[:300])
        await asyncio.sleep(container.settings.jobs.sweep_s)


def build_worker(container: Container, queue: str, *, burst: bool = False) -> Worker:
    """Return the arq worker of one queue; `burst` ends when the queue is empty (tests)."""
    runner: JobRunner = container.job_runner()

    async def ring(_ctx: dict[str, Any], job_id: int) -> None:
        await runner.run(job_id)

    async def start(ctx: dict[str, Any]) -> None:
        ctx["sweeper"] = asyncio.create_task(_sweep(container, queue))
        announce_ready()

    async def stop(ctx: dict[str, Any]) -> None:
        ctx["sweeper"].cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ctx["sweeper"]

    return Worker(
        functions=[func(cast("Any", ring), name="ring", timeout=ARQ_TIMEOUT_S[queue], keep_result=0, max_tries=1_000)],
        on_startup=start,
        on_shutdown=stop,
        max_jobs=AT_ONCE[queue],
        queue_read_limit=READ_AT_ONCE,
        poll_delay=0.2,
        health_check_interval=30,
        health_check_key=f"storeloom:worker:{queue}",
        handle_signals=False,
        burst=burst,
        **container.arq_options(queue),
    )


async def work(settings: Settings, queue: str, data_dir: Any = None) -> None:
    """Work off one queue until cancelled; running jobs are given back to be taken over at once."""
    set_up_logging(settings.log_level)
    collect_less_often()
    container = Container(settings, data_dir)
    worker = build_worker(container, queue)
    try:
        await worker.async_run()
    finally:
        await worker.close()
        await container.aclose()
