"""Several jobs at a time: results come as they are done, a failure lets none begin, and none is left running."""

import asyncio
import gc
from typing import Any

import pytest

from plugin_bridge.woocommerce.jobs import Job, run

pytestmark = pytest.mark.anyio


def job(done: list[int], number: int, *, fails: bool = False, turns: int = 1) -> Job:
    async def work() -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        done.append(number)
        if fails:
            raise ValueError(number)

    return work


async def test_results_come_in_the_order_in_which_they_are_done() -> None:
    done: list[int] = []
    jobs = [job(done, 1, turns=9), job(done, 2), job(done, 3)]
    assert [one async for some in run(jobs, 2, done) for one in some] == [2, 3, 1]


async def test_no_more_run_at_a_time_than_may() -> None:
    now, most, done = [0], [0], list[int]()

    def counted(number: int) -> Job:
        async def work() -> None:
            now[0] += 1
            most[0] = max(most[0], now[0])
            await asyncio.sleep(0)
            now[0] -= 1
            done.append(number)

        return work

    assert len([one async for some in run([counted(n) for n in range(9)], 2, done) for one in some]) == 9
    assert most == [2]


async def test_after_a_failure_none_begins_and_what_was_done_is_told() -> None:
    done: list[int] = []
    told: list[int] = []
    jobs = [job(done, 1, fails=True), job(done, 2, turns=5), job(done, 3)]

    async def walk() -> None:
        async for some in run(jobs, 2, done):
            told.extend(some)

    with pytest.raises(ValueError, match="1"):
        await walk()
    assert told == [1, 2]


async def test_of_two_failures_at_once_neither_is_lost() -> None:
    lost: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: lost.append(context))
    done: list[int] = []

    async def walk() -> None:
        async for _ in run([job(done, 1, fails=True), job(done, 2, fails=True)], 2, done):
            pass

    with pytest.raises(ValueError, match=r"[12]"):
        await walk()
    # Tasks that nobody holds any more report errors that nobody looked at.
    gc.collect()
    await asyncio.sleep(0)
    assert lost == []


async def test_jobs_end_with_the_walk() -> None:
    done: list[int] = []
    walk = run([job(done, 1), job(done, 2, turns=1000)], 2, done)
    assert await anext(walk) == [1]  # type: ignore[call-overload]
    await walk.aclose()  # type: ignore[attr-defined]
    for _ in range(1100):
        await asyncio.sleep(0)
    assert done == []
