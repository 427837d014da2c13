"""The rate limiter against a real Valkey: exact across tasks and processes, windows together, and Redis away."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from backend.gateways.rate_limiter import RedisRateLimiter
from backend.ports.rate_limiter import Window

ROOT = Path(__file__).parents[3]


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
async def limiter(client: Redis) -> AsyncIterator[RedisRateLimiter]:
    limiter = RedisRateLimiter(client, fails_open=False, timeout_s=10)
    yield limiter
    await limiter.aclose()


def window(key: str = "k", limit: int = 3, period_s: int = 3600) -> Window:
    return Window(key=key, limit=limit, period_s=period_s)


async def test_the_limit_is_reached_after_exactly_so_many_hits(limiter: RedisRateLimiter) -> None:
    verdicts = [await limiter.hit((window(),)) for _ in range(5)]
    assert [(v.allowed, v.remaining) for v in verdicts] == [
        (True, 2),
        (True, 1),
        (True, 0),
        (False, 0),
        (False, 0),
    ]


async def test_hits_of_one_moment_are_counted_one_by_one(limiter: RedisRateLimiter) -> None:
    verdicts = await asyncio.gather(*(limiter.hit((window(limit=40),)) for _ in range(100)))
    assert sum(v.allowed for v in verdicts) == 40
    assert sorted(v.remaining for v in verdicts if v.allowed) == list(range(40))


async def test_several_processes_together_get_exactly_the_limit(redis_url: str) -> None:
    instant = time.time() + 3.0
    arguments = [redis_url, "shared", "100", "86400", "80", str(instant)]
    command = [sys.executable, "-m", "tests.support.limiter_hammer", *arguments]
    children = [await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(4)]
    outputs = [(await child.communicate())[0] for child in children]
    assert all(child.returncode == 0 for child in children)
    assert sum(int(output) for output in outputs) == 100


async def test_a_refused_hit_counts_in_no_window(limiter: RedisRateLimiter) -> None:
    wide, narrow = window("wide", 10), window("narrow", 1)
    await limiter.hit((wide, narrow))
    for _ in range(4):
        assert not (await limiter.hit((wide, narrow))).allowed
    assert (await limiter.hit((wide,))).remaining == 8


async def test_a_refusal_tells_the_window_that_blocks_longest(limiter: RedisRateLimiter) -> None:
    minute, day = window("minute", 1, 60), window("day", 1, 86_400)
    await limiter.hit((minute, day))
    refusal = await limiter.hit((minute, day))
    left_s = 86_400 - time.time() % 86_400
    assert not refusal.allowed
    assert refusal.reset_s == pytest.approx(left_s, abs=2)


async def test_an_allowed_hit_tells_the_tightest_window(limiter: RedisRateLimiter) -> None:
    verdict = await limiter.hit((window("wide", 100), window("tight", 5)))
    assert (verdict.limit, verdict.remaining) == (5, 4)


async def test_windows_are_aligned_to_the_clock_and_end(limiter: RedisRateLimiter) -> None:
    second = window("second", 1, 1)
    refusal = None
    while refusal is None or refusal.allowed:
        asked_at = time.time()
        refusal = await limiter.hit((second,))
    # Its end is a full second, whenever between question and answer it was counted.
    assert int(time.time() + refusal.reset_s + 0.05) > asked_at + refusal.reset_s - 0.05
    deadline = time.monotonic() + refusal.reset_s + 0.5
    while (asked := time.monotonic()) and not (await limiter.hit((second,))).allowed:
        assert asked < deadline, "blocked after the window's end"
        await asyncio.sleep(0.005)


async def test_a_count_that_outlives_its_window_refuses_no_longer_than_it_lives(
    limiter: RedisRateLimiter, client: Redis
) -> None:
    await client.set("rate:brief:86400", 1, px=5_000)
    refusal = await limiter.hit((window("brief", 1, 86_400),))
    assert not refusal.allowed
    assert 0 < refusal.reset_s <= 5


async def test_the_key_ends_with_its_window(limiter: RedisRateLimiter, client: Redis) -> None:
    await limiter.hit((window("brief", 5, 60),))
    left_ms = await client.pttl("rate:brief:60")
    assert 0 < left_ms <= 60_000


async def test_a_costly_hit_needs_room_for_all_of_it(limiter: RedisRateLimiter) -> None:
    assert (await limiter.hit((window(limit=5),), cost=3)).remaining == 2
    assert not (await limiter.hit((window(limit=5),), cost=3)).allowed
    assert (await limiter.hit((window(limit=5),), cost=2)).remaining == 0


async def test_a_window_without_room_at_all_refuses(limiter: RedisRateLimiter) -> None:
    assert not (await limiter.hit((window(limit=0),))).allowed


async def test_a_full_window_is_refused_without_asking_again(limiter: RedisRateLimiter, client: Redis) -> None:
    for _ in range(4):
        await limiter.hit((window(),))
    before = (await client.info("commandstats")).get("cmdstat_evalsha", {}).get("calls")
    assert not (await limiter.hit((window(),))).allowed
    assert (await client.info("commandstats")).get("cmdstat_evalsha", {}).get("calls") == before


async def test_a_raised_limit_is_not_refused_from_memory(limiter: RedisRateLimiter) -> None:
    for _ in range(4):
        await limiter.hit((window(limit=3),))
    assert (await limiter.hit((window(limit=10),))).remaining == 6


async def test_the_script_is_loaded_again_after_redis_lost_it(limiter: RedisRateLimiter, client: Redis) -> None:
    await limiter.hit((window(),))
    await client.script_flush()
    assert (await limiter.hit((window(),))).remaining == 1


@pytest.mark.parametrize("fails_open", [True, False])
async def test_the_setting_decides_when_redis_is_away(tmp_path: Path, fails_open: bool) -> None:
    async with Redis.from_url(f"unix://{tmp_path}/nobody.sock") as client:
        limiter = RedisRateLimiter(client, fails_open=fails_open)
        verdict = await limiter.hit((window(),))
        await limiter.aclose()
    assert (verdict.allowed, verdict.degraded) == (fails_open, True)
    assert 0 < verdict.reset_s <= 3600


async def test_a_silent_redis_is_waited_for_briefly_and_then_left_alone(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    path = str(tmp_path / "silent.sock")
    async with await asyncio.start_unix_server(silent, path), Redis.from_url(f"unix://{path}") as client:
        limiter = RedisRateLimiter(client, fails_open=True, timeout_s=0.2, pause_s=30)
        started = time.monotonic()
        verdicts = [await limiter.hit((window(),)) for _ in range(50)]
        assert time.monotonic() - started < 2
        await limiter.aclose()
    assert all(v.allowed and v.degraded for v in verdicts)


async def test_a_caller_who_goes_away_does_not_disturb_the_others(limiter: RedisRateLimiter) -> None:
    tasks = [asyncio.create_task(limiter.hit((window(limit=9),))) for _ in range(3)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(outcomes[1], asyncio.CancelledError)
    assert (await limiter.hit((window(limit=9),))).remaining == 5


async def test_a_closed_connection_is_opened_again_unnoticed(limiter: RedisRateLimiter, client: Redis) -> None:
    await limiter.hit((window(),))
    await client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    verdict = await limiter.hit((window(),))
    assert (verdict.remaining, verdict.degraded) == (1, False)
