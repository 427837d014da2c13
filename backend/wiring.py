"""The only file that knows adapters: settings in, everything built, for web, worker, command line and tests."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from backend.domain.events.service import EventRecorder
from backend.domain.jobs.service import JobRecorder
from backend.gateways.arq_doorbell import ArqDoorbell, deserialize, queue_name, redis_settings, serialize
from backend.jobs import JOBS
from backend.jobs.runtime import JobRunner
from backend.kit.crypto import Sealer
from backend.kit.transaction import Transactions, transactions
from backend.ports.job_queue import JobSpec
from backend.settings import Settings

JOB_SPECS: Mapping[str, JobSpec] = {name: definition.spec for name, definition in JOBS.items()}


class Services:
    """The services of one transaction, each built on first use; property names are the handlers' parameter names."""

    def __init__(self, container: "Container", session: AsyncSession) -> None:
        self.container = container
        self.session = session

    @cached_property
    def events(self) -> EventRecorder:
        """Record what happened."""
        return EventRecorder(self.session)

    @cached_property
    def jobs(self) -> JobRecorder:
        """Record work to be done."""
        return JobRecorder(self.session, JOB_SPECS, self.container.doorbell)


class Container:
    """Everything that lives as long as the process; close it with `aclose`."""

    def __init__(self, settings: Settings, data_dir: Path | None = None) -> None:
        self.settings = settings
        self.data_dir = data_dir or Path(".storeloom")
        self.engine: AsyncEngine = _engine(settings)
        self.begin: Transactions = transactions(async_sessionmaker(self.engine, expire_on_commit=False))
        self.doorbell = ArqDoorbell(settings.redis.url)
        self.redis: Redis = Redis.from_url(settings.redis.url)
        self.sealer = Sealer(settings.secrets.keys)

    def services(self, session: AsyncSession) -> Services:
        """Return the services of one transaction."""
        return Services(self, session)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Services]:
        """Open one transaction and its services; commits at the end."""
        async with self.begin() as session:
            yield self.services(session)

    def job_runner(self) -> JobRunner:
        """Return what works off job rows."""
        return JobRunner(self.begin, self, JOBS, lease_s=self.settings.jobs.lease_s)

    def arq_options(self, queue: str) -> dict[str, Any]:
        """Return what arq's worker needs to listen to *queue*."""
        return {
            "redis_settings": redis_settings(self.settings.redis.url),
            "queue_name": queue_name(queue),
            "job_serializer": serialize,
            "job_deserializer": deserialize,
        }

    async def aclose(self) -> None:
        """Close connections and pools."""
        await self.doorbell.aclose()
        await self.redis.aclose()
        await self.engine.dispose()


def _engine(settings: Settings) -> AsyncEngine:
    url = make_url(settings.database.url)
    if url.drivername in {"postgresql", "postgres"}:
        url = url.set(drivername="postgresql+asyncpg")
    return create_async_engine(
        url, pool_size=settings.database.pool_size, max_overflow=settings.database.pool_size, pool_pre_ping=True
    )


def service_names() -> list[str]:
    """Return the names under which handlers get session services."""
    return [name for name, value in vars(Services).items() if isinstance(value, cached_property)]


def flow_names() -> list[str]:
    """Return the names under which handlers get flows, which open their own transactions."""
    return [name for name, value in vars(Container).items() if isinstance(value, cached_property)]


__all__ = ["Container", "Services", "flow_names", "service_names"]
