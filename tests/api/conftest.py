"""The whole application over ASGI, with real PostgreSQL and Valkey and a fake internet of stores."""

import secrets
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from litestar import Litestar

from backend.wiring import Container
from tests.support.shared_app import application
from tests.support.wired import container, internet, outbox, settings

__all__ = ["container", "internet", "outbox", "settings"]


@pytest.fixture
async def app(container: Container) -> Litestar:
    """The application."""
    return application(container)


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
