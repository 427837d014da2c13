"""A job's row is claimed by exactly one worker, survives interruption and is given up in the end."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from backend.domain.jobs.repository import JobRepository
from backend.domain.jobs.service import JobRecorder
from backend.jobs.runtime import JobContext, JobDefinition, JobRunner, Later, job
from backend.kit.ids import uuid7
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio


class SilentBell:
    """A doorbell nobody hears."""

    def __init__(self) -> None:
        self.rung: list[int] = []

    async def ring(self, queue: str, job_id: int) -> None:
        self.rung.append(job_id)


async def record(bench: Workbench, definition: JobDefinition, unique_key: str | None = None) -> int:
    async with bench.container.begin() as session:
        recorder = JobRecorder(session, {definition.spec.name: definition.spec}, SilentBell())
        return await recorder.record(definition.spec.name, {}, organization_id=None, unique_key=unique_key)


def runner(bench: Workbench, definition: JobDefinition, lease_s: float = 2) -> JobRunner:
    return JobRunner(bench.container.begin, bench.container, {definition.spec.name: definition}, lease_s=lease_s)


async def state(bench: Workbench, job_id: int) -> tuple[Any, ...]:
    return (await bench.rows("SELECT state, attempts, last_error FROM jobs WHERE id = :id", id=job_id))[0]


async def test_the_bell_rings_only_after_the_commit(bench: Workbench) -> None:
    bell = SilentBell()

    @job("test.nothing", queue="fast", attempts=1, timeout_s=5)
    async def nothing(flows: Any, ctx: JobContext) -> None: ...

    async def rolled_back() -> None:
        async with bench.container.begin() as session:
            recorder = JobRecorder(session, {"test.nothing": nothing.spec}, bell)
            await recorder.record("test.nothing", {}, organization_id=None)
            raise RuntimeError("rolled back")

    with pytest.raises(RuntimeError, match="rolled back"):
        await rolled_back()
    assert bell.rung == []
    async with bench.container.begin() as session:
        recorder = JobRecorder(session, {"test.nothing": nothing.spec}, bell)
        job_id = await recorder.record("test.nothing", {}, organization_id=None)
        assert bell.rung == []
    assert bell.rung == [job_id]


async def test_twenty_runners_told_of_one_row_work_it_off_once(bench: Workbench) -> None:
    ran: list[int] = []

    @job("test.count", queue="fast", attempts=3, timeout_s=5)
    async def count(flows: Any, ctx: JobContext) -> None:
        ran.append(ctx.attempt)
        await asyncio.sleep(0.1)

    job_id = await record(bench, count)
    await asyncio.gather(*(runner(bench, count).run(job_id) for _ in range(20)))
    assert ran == [1]
    assert (await state(bench, job_id))[0] == "done"


async def test_an_unfinished_unique_key_is_recorded_once(bench: Workbench) -> None:
    @job("test.unique", queue="fast", attempts=3, timeout_s=5)
    async def unique(flows: Any, ctx: JobContext) -> None: ...

    key = f"only-one-{uuid7()}"
    recorded = await asyncio.gather(*(record(bench, unique, key) for _ in range(10)))
    assert len(set(recorded)) == 1
    await runner(bench, unique).run(recorded[0])
    assert await record(bench, unique, key) != recorded[0], "a finished job does not stand in the way"


async def test_a_failing_job_is_tried_again_and_given_up_with_its_reason(bench: Workbench) -> None:
    @job("test.fail", queue="fast", attempts=2, timeout_s=5)
    async def fail(flows: Any, ctx: JobContext) -> None:
        raise ValueError("no luck")

    job_id = await record(bench, fail)
    await runner(bench, fail).run(job_id)
    assert await state(bench, job_id) == ("queued", 1, "ValueError: no luck")
    await bench.rows("UPDATE jobs SET run_at = now() WHERE id = :id RETURNING id", id=job_id)
    await runner(bench, fail).run(job_id)
    assert await state(bench, job_id) == ("failed", 2, "ValueError: no luck")


async def test_a_job_that_takes_too_long_is_cancelled_and_tried_again(bench: Workbench) -> None:
    @job("test.slow", queue="fast", attempts=2, timeout_s=0.1)
    async def slow(flows: Any, ctx: JobContext) -> None:
        await asyncio.sleep(30)

    job_id = await record(bench, slow)
    await runner(bench, slow).run(job_id)
    assert (await state(bench, job_id))[:2] == ("queued", 1)


async def test_later_waits_without_losing_a_try(bench: Workbench) -> None:
    @job("test.later", queue="fast", attempts=1, timeout_s=5)
    async def later(flows: Any, ctx: JobContext) -> None:
        raise Later(60, "the store asked for patience")

    job_id = await record(bench, later)
    await runner(bench, later).run(job_id)
    assert await state(bench, job_id) == ("queued", 0, "the store asked for patience")
    async with bench.container.begin() as session:
        assert job_id not in [found for found, *_ in await JobRepository(session).due("fast", 100)]


async def test_a_worker_told_to_stop_gives_its_job_back_at_once(bench: Workbench) -> None:
    started = asyncio.Event()

    @job("test.stop", queue="fast", attempts=3, timeout_s=60)
    async def stop(flows: Any, ctx: JobContext) -> None:
        started.set()
        await asyncio.sleep(30)

    job_id = await record(bench, stop)
    task = asyncio.create_task(runner(bench, stop).run(job_id))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await state(bench, job_id) == ("queued", 0, "interrupted")


async def test_a_silent_workers_job_goes_to_another_after_its_lease(bench: Workbench) -> None:
    ran: list[int] = []

    @job("test.lease", queue="fast", attempts=3, timeout_s=60)
    async def lease(flows: Any, ctx: JobContext) -> None:
        ran.append(ctx.attempt)

    job_id = await record(bench, lease)
    async with bench.container.begin() as session:
        assert await JobRepository(session).claim(job_id, "worker that dies", 60)
    await runner(bench, lease).run(job_id)
    assert ran == [], "the lease still holds"
    async with bench.container.begin() as session:
        await session.execute(text("UPDATE jobs SET lease_until = now() WHERE id = :id"), {"id": job_id})
    await runner(bench, lease).run(job_id)
    assert ran == [2]


async def test_a_job_longer_than_its_lease_keeps_it(bench: Workbench) -> None:
    ran: list[int] = []

    @job("test.long", queue="fast", attempts=3, timeout_s=60)
    async def long(flows: Any, ctx: JobContext) -> None:
        ran.append(ctx.attempt)
        await asyncio.sleep(1.5)

    job_id = await record(bench, long)
    first = asyncio.create_task(runner(bench, long, lease_s=0.6).run(job_id))
    await asyncio.sleep(1.0)
    await runner(bench, long).run(job_id)
    await first
    assert ran == [1]


async def test_a_job_that_kills_its_worker_every_time_is_given_up(bench: Workbench) -> None:
    ran: list[int] = []
    ended: list[tuple[str, dict[str, Any]]] = []

    async def end(flows: Any, error: Exception, **payload: Any) -> None:
        ended.append((str(error), payload))

    @job("test.poison", queue="fast", attempts=2, timeout_s=60, given_up=end)
    async def poison(flows: Any, ctx: JobContext) -> None:
        ran.append(ctx.attempt)

    job_id = await record(bench, poison)
    for _ in range(2):
        async with bench.container.begin() as session:
            assert await JobRepository(session).claim(job_id, "worker that dies", 0)
    await runner(bench, poison).run(job_id)
    assert ran == []
    assert ended == [("the worker died each time", {})]
    assert (await state(bench, job_id))[0] == "failed"


async def test_a_job_is_closed_only_after_what_it_began_was_ended(bench: Workbench) -> None:
    failures = [RuntimeError("the database is away")]

    async def end(flows: Any, error: Exception) -> None:
        if failures:
            raise failures.pop()

    @job("test.ended", queue="fast", attempts=1, timeout_s=0.05, given_up=end)
    async def slow(flows: Any, ctx: JobContext) -> None:
        await asyncio.sleep(30)

    job_id = await record(bench, slow)
    with pytest.raises(RuntimeError, match="the database is away"):
        await runner(bench, slow).run(job_id)
    assert (await state(bench, job_id))[0] == "running"
    await bench.rows("UPDATE jobs SET lease_until = now() WHERE id = :id RETURNING id", id=job_id)
    await runner(bench, slow).run(job_id)
    assert (await state(bench, job_id))[0] == "failed"
