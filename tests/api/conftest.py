"""The whole application over ASGI, with real PostgreSQL and Valkey and a fake internet of stores."""

import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar
from sqlalchemy import delete

from backend.app import create_app
from backend.models.jobs import Job
from backend.settings import Database, Redis, Secrets, Settings, Web
from backend.wiring import Container
from tests.support.fake_stores import FakePlatforms
from tests.support.outbox import Outbox


@pytest.fixture
def settings(database_url: str, redis_url: str) -> Settings:
    """Settings of the application under test."""
    return Settings(
        database=Database(url=database_url, pool_size=5),
        redis=Redis(url=redis_url),
        secrets=Secrets(keys=("a test key of enough characters",)),
        web=Web(public_url="https://hub.example.com", public_per_minute=1000, organization_per_minute=1000),
    )


@pytest.fixture
def internet() -> FakePlatforms:
    """The stores there are."""
    return FakePlatforms()


@pytest.fixture
def outbox() -> Outbox:
    """Mails that were sent."""
    return Outbox()


@pytest.fixture
async def container(
    settings: Settings, internet: FakePlatforms, outbox: Outbox, tmp_path: Path
) -> AsyncIterator[Container]:
    """The wiring, with the internet and the mail server replaced."""
    made = Container(settings, tmp_path)
    made.platforms = internet
    made.mailer = outbox
    async with made.begin() as session:
        # Tests of a module share its database; the work they left behind is nobody's.
        await session.execute(delete(Job))
    yield made
    await made.aclose()


@pytest.fixture
async def app(container: Container) -> Litestar:
    """The application."""
    return create_app(container=container)


Visitor = Callable[..., httpx.AsyncClient]


@pytest.fixture
async def visitor(app: Litestar) -> AsyncIterator[Visitor]:
    """Factory of clients: each has an address of its own unless told one."""
    made: list[httpx.AsyncClient] = []

    def make(address: str | None = None, **kwargs: Any) -> httpx.AsyncClient:
        address = address or f"198.51.{secrets.randbelow(256)}.{secrets.randbelow(256)}"
        # A refusal nobody foresaw must come out as a response, as it does on a real server.
        transport = httpx.ASGITransport(app=app, client=(address, 4711), raise_app_exceptions=False)  # type: ignore[arg-type]
        made.append(httpx.AsyncClient(transport=transport, base_url="http://hub.example.com", **kwargs))
        return made[-1]

    yield make
    for one in made:
        await one.aclose()


@pytest.fixture
def client(visitor: Visitor) -> httpx.AsyncClient:
    """A client with an address nobody else has."""
    return visitor()
