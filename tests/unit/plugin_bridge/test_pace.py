"""Requests at once that fall and recover, and the circuit breaker."""

import asyncio

import pytest

from plugin_bridge.pace import Breaker, Pace

pytestmark = pytest.mark.anyio


async def most_at_once(pace: Pace, tasks: int = 12) -> int:
    running = most = 0

    async def one() -> None:
        nonlocal running, most
        async with pace:
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            running -= 1

    await asyncio.gather(*(one() for _ in range(tasks)))
    return most


async def test_no_more_than_allowed_run_at_once() -> None:
    assert await most_at_once(Pace(3)) == 3


async def test_a_strained_store_is_asked_one_thing_at_a_time() -> None:
    pace = Pace(4)
    pace.strained()
    assert await most_at_once(pace) == 1


async def test_ten_good_answers_allow_one_more_up_to_the_most() -> None:
    pace = Pace(3)
    pace.strained()
    for expected in (2, 3, 3):
        for _ in range(10):
            pace.eased()
        assert pace.limit == expected
    assert await most_at_once(pace) == 3


async def test_a_cancelled_waiter_takes_no_place() -> None:
    pace = Pace(1)
    async with pace:
        waiting = asyncio.ensure_future(pace.__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert await asyncio.wait_for(most_at_once(pace), 1) == 1


async def test_a_waiter_cancelled_just_after_its_turn_came_gives_the_place_back() -> None:
    pace = Pace(1)
    await pace.__aenter__()
    waiting = asyncio.ensure_future(pace.__aenter__())
    await asyncio.sleep(0)
    await pace.__aexit__()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await asyncio.wait_for(most_at_once(pace), 1) == 1


class Hand:
    """A clock moved by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_breaker_rests_after_eight_failures_and_longer_each_time() -> None:
    clock = Hand()
    breaker = Breaker(clock)
    for _ in range(7):
        breaker.failed()
        assert breaker.rest_s == 0
    rests = []
    for _ in range(6):
        breaker.failed()
        rests.append(breaker.rest_s)
        clock.now += breaker.rest_s
        assert breaker.rest_s == 0
    assert rests == [5, 10, 20, 40, 60, 60]


def test_one_answer_closes_the_breaker() -> None:
    clock = Hand()
    breaker = Breaker(clock)
    for _ in range(8):
        breaker.failed()
    breaker.worked()
    assert breaker.rest_s == 0
    for _ in range(7):
        breaker.failed()
    assert breaker.rest_s == 0
