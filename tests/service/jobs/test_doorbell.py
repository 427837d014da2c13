"""The bell is heard, and when Redis is away or stuck nobody waits for it and no job is lost."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
import redis
from arq.constants import in_progress_key_prefix

from backend.gateways.arq_doorbell import ECHO_S, ArqDoorbell, queue_name
from tests.support.product import Workbench
from tests.support.workers import working

pytestmark = pytest.mark.anyio


def messages(redis_url: str) -> list[str]:
    """Return the names of the messages in the fast queue."""
    with redis.Redis.from_url(redis_url) as connection:
        names: Any = connection.zrange(queue_name("fast"), 0, -1)
        return [name.decode() for name in names]


async def ring_s(bell: ArqDoorbell) -> float:
    """Return how long one ring takes."""
    began = time.monotonic()
    await bell.ring("fast", 7)
    await bell.aclose()
    return time.monotonic() - began


async def test_one_try_of_a_job_is_rung_for_once(redis_url: str) -> None:
    bell = ArqDoorbell(redis_url)
    for attempt in (0, 0, 1, 1):
        await bell.ring("fast", 7, attempt=attempt)
    await bell.aclose()
    assert len(messages(redis_url)) == 2


async def test_a_message_stuck_with_a_dead_worker_does_not_silence_the_bell(redis_url: str) -> None:
    bell = ArqDoorbell(redis_url)
    await bell.ring("fast", 7)
    with redis.Redis.from_url(redis_url) as connection:
        connection.set(in_progress_key_prefix + messages(redis_url)[0], b"1", ex=86_400)
    await bell.ring("fast", 7, waited_s=ECHO_S - 1)
    assert len(messages(redis_url)) == 1
    await bell.ring("fast", 7, waited_s=ECHO_S)
    await bell.aclose()
    assert len(messages(redis_url)) == 2


async def test_a_job_that_waits_for_its_turn_for_a_day_is_rung_for_a_handful_of_times(redis_url: str) -> None:
    bell = ArqDoorbell(redis_url)
    for waited_s in range(0, 86_400, 5 * 60):
        await bell.ring("fast", 7, waited_s=waited_s)
    await bell.aclose()
    assert 5 < len(messages(redis_url)) < 16


async def test_nobody_waits_for_a_redis_that_is_away(tmp_path: Path) -> None:
    assert await ring_s(ArqDoorbell(f"unix://{tmp_path}/nobody.sock?db=0")) < 1


async def test_nobody_waits_long_for_a_redis_that_does_not_answer(tmp_path: Path) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_unix_server(say_nothing, tmp_path / "silent.sock"):
        assert await ring_s(ArqDoorbell(f"unix://{tmp_path}/silent.sock?db=0")) < 4


async def test_messages_of_workers_that_were_killed_hide_no_other_job(bench: Workbench, redis_url: str) -> None:
    actor = await bench.organization()
    with redis.Redis.from_url(redis_url) as connection:
        for number in range(300):
            connection.zadd(queue_name("fast"), {f"job-{number}-0-0-of-the-dead": 1})
            connection.set(in_progress_key_prefix + f"job-{number}-0-0-of-the-dead", b"1", ex=600)
    async with bench.container.begin() as session:
        recorder = bench.container.job_recorder(session)
        payload = {"store_id": str(actor.tenant)}
        await recorder.record("sync.ask_push", payload, organization_id=actor.tenant)
    async with working(bench.container):
        done = "SELECT count(*) = 1 FROM jobs WHERE organization_id = :org AND state = 'done'"
        await bench.until(done, seconds=20, org=actor.tenant)
