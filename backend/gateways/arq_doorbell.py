"""The doorbell on arq: a message holds nothing but a job's id, in msgpack, never pickle."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import structlog
from arq.connections import ArqRedis, RedisSettings, create_pool
from redis.exceptions import RedisError

log = structlog.get_logger()


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


class ArqDoorbell:
    """Rings by enqueuing `ring(job_id)`; connects on first use, and a silent Redis only delays work."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: ArqRedis | None = None

    async def ring(self, queue: str, job_id: int, *, attempt: int = 0) -> None:
        """Ring for one job. A second ring for the same try is dropped by arq; failure is logged, the sweeper repeats."""
        try:
            if self._pool is None:
                self._pool = await create_pool(
                    redis_settings(self._url), job_serializer=serialize, job_deserializer=deserialize
                )
            name = f"job-{job_id}-{attempt}"
            await self._pool.enqueue_job("ring", job_id, _job_id=name, _queue_name=queue_name(queue))
        except (RedisError, OSError) as error:
            log.warning("doorbell.silent", queue=queue, job_id=job_id, error=type(error).__name__)

    async def aclose(self) -> None:
        """Close the connection."""
        if self._pool is not None:
            await self._pool.aclose()
