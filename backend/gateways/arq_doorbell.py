"""The doorbell on arq: a message holds nothing but a job's id, in msgpack, never pickle."""

import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import structlog
from arq.connections import ArqRedis, RedisSettings
from arq.constants import job_key_prefix
from arq.jobs import serialize_job
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

log = structlog.get_logger()

PATIENCE_S = 1.0
"""How long Redis may take to connect and to answer: whoever rings, a request for one, waits for it."""
ECHO_S = 10
"""How long the first message stands for a job's try; each further one stands twice as long as the one before."""
MESSAGE_LIFE_MS = 86_400_000
"""How long arq keeps a message that nobody takes, as in its own default."""


def serialize(value: dict[str, Any]) -> bytes:
    """Encode what arq stores of a message."""
    return msgspec.msgpack.encode(value, enc_hook=repr)


def deserialize(raw: bytes) -> dict[str, Any]:
    """Decode what `serialize` wrote."""
    decoded: dict[str, Any] = msgspec.msgpack.decode(raw)
    return decoded


def redis_settings(url: str) -> RedisSettings:
    """Return arq's settings for `redis://…` or `unix:///path.sock?db=0`."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return RedisSettings.from_dsn(url)
    database = int(parse_qs(parts.query).get("db", ["0"])[0])
    return RedisSettings(unix_socket_path=parts.path, database=database)


def queue_name(queue: str) -> str:
    """Return the Redis key of a queue."""
    return f"storeloom:queue:{queue}"


def _message_name(job_id: int, attempt: int, waited_s: float = 0) -> str:
    return f"job-{job_id}-{attempt}-{int(max(1, waited_s) // ECHO_S).bit_length()}"


class ArqDoorbell:
    """Rings by enqueuing `ring(job_id)`; a silent Redis only delays work, a slow one hardly delays who rings."""

    def __init__(self, url: str) -> None:
        pool = ConnectionPool.from_url(url, socket_timeout=PATIENCE_S, socket_connect_timeout=PATIENCE_S)
        self._redis = ArqRedis(pool, job_serializer=serialize, job_deserializer=deserialize)

    async def ring(self, queue: str, job_id: int, *, delay_s: float = 0, attempt: int = 0, waited_s: float = 0) -> None:
        """Ring for one job; failure is logged, the sweeper repeats.

        A second ring for the same try is dropped by arq, unless it has waited for twice as long: a worker that was
        killed, or lost Redis, leaves a message that arq holds for running as long as the longest job may run.

        Args:     waited_s: how long the job has been due.
        """
        name = _message_name(job_id, attempt, waited_s)
        # A message that waits for its time must not stand in the way of one that is wanted now.
        name, later_s = (f"{name}-later", delay_s) if delay_s else (name, None)
        try:
            await self._redis.enqueue_job(
                "ring", job_id, _job_id=name, _queue_name=queue_name(queue), _defer_by=later_s
            )
        except (RedisError, OSError) as error:
            log.warning("doorbell.silent", queue=queue, job_id=job_id, error=type(error).__name__)

    async def ring_for_all(self, queue: str, job_ids: Sequence[int]) -> None:
        """Ring for many new jobs in one round trip: what arq's own enqueuing does, without a look for each.

        The look tells whether a message of that name waits already, and for jobs just recorded none can.
        """
        now_ms = int(time.time() * 1_000)
        async with self._redis.pipeline(transaction=True) as pipe:
            for job_id in job_ids:
                name = _message_name(job_id, 0)
                message = serialize_job("ring", (job_id,), {}, None, now_ms, serializer=serialize)
                pipe.psetex(job_key_prefix + name, MESSAGE_LIFE_MS, message)
                pipe.zadd(queue_name(queue), {name: now_ms})
            try:
                await pipe.execute()
            except (RedisError, OSError) as error:
                log.warning("doorbell.silent", queue=queue, jobs=len(job_ids), error=type(error).__name__)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose(close_connection_pool=True)
