"""Program: waits for a common instant, then hits one window of a limiter many times; prints how many were allowed.

Arguments: URL of Valkey, key, limit, period_s, hits, instant (Unix seconds).
"""

import asyncio
import sys
import time

from redis.asyncio import Redis

from backend.gateways.rate_limiter import RedisRateLimiter
from backend.ports.rate_limiter import Window


async def hammer(url: str, window: Window, hits: int, instant: float) -> int:
    async with Redis.from_url(url) as client:
        limiter = RedisRateLimiter(client, fails_open=False, timeout_s=20)
        await asyncio.sleep(max(0.0, instant - time.time()))
        verdicts = await asyncio.gather(*(limiter.hit((window,)) for _ in range(hits)))
        await limiter.aclose()
    assert not any(verdict.degraded for verdict in verdicts)
    return sum(verdict.allowed for verdict in verdicts)


if __name__ == "__main__":
    url, key, limit, period_s, hits, instant = sys.argv[1:]
    window = Window(key=key, limit=int(limit), period_s=int(period_s))
    print(asyncio.run(hammer(url, window, int(hits), float(instant))))
