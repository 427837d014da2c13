"""A process that uses one API key: `python -m tests.support.key_user <json>`; says "ready" after its first request.

`times`: when a line comes in, sends so many requests more and prints how many of all were answered with 200.
Without it: goes on asking until the key is refused, and prints at what time that was.
"""

import asyncio
import json
import sys
import time
from typing import Any

import httpx
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from backend.domain.access.key_auth import KeyAuthenticator
from backend.domain.access.key_usage import KeyUsage
from backend.domain.access.monitoring_tokens import MonitoringAuthenticator
from backend.domain.accounts.plans import load_plans
from backend.gateways.rate_limiter import RedisRateLimiter
from backend.kit.database_url import driver_url
from backend.kit.transaction import transactions
from backend.settings import Settings
from tests.support.keyed_surface import keyed_app


class OwnParts:
    """As much of a container as keys need: eight whole ones would take longer to load than to use."""

    settings = Settings()

    def __init__(self, wanted: dict[str, Any]) -> None:
        self.engine = create_async_engine(driver_url(wanted["database_url"]), pool_size=1)
        self.redis = Redis.from_url(wanted["redis_url"])
        begin = transactions(async_sessionmaker(self.engine, expire_on_commit=False))
        self.limiter = RedisRateLimiter(self.redis, fails_open=False, timeout_s=60)
        self.key_authenticator = KeyAuthenticator(begin, load_plans())
        self.monitoring_authenticator = MonitoringAuthenticator(begin, load_plans())
        self.key_usage = KeyUsage(begin)

    async def aclose(self) -> None:
        """Write what is left and close connections."""
        await self.key_usage.aclose()
        await self.limiter.aclose()
        await self.redis.aclose()
        await self.engine.dispose()


async def use(wanted: dict[str, Any]) -> float:
    """Use the key as wanted."""
    parts = OwnParts(wanted)
    transport = httpx.ASGITransport(app=keyed_app(parts))  # type: ignore[arg-type]
    headers = {"Authorization": f"Bearer {wanted['key']}"}
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://hub", headers=headers) as client:
            answers = [(await client.get("/keyed/who")).status_code]
            print("ready", flush=True)
            if "times" not in wanted:
                while answers[-1] == 200:
                    answers = [(await client.get("/keyed/who")).status_code]
                return time.time()
            await asyncio.to_thread(sys.stdin.readline)
            answers += [(await client.get("/keyed/who")).status_code for _ in range(wanted["times"])]
            assert set(answers) <= {200, 429}, answers
            return answers.count(200)
    finally:
        await parts.aclose()


if __name__ == "__main__":
    print(asyncio.run(use(json.loads(sys.argv[1]))))
