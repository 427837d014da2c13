"""A real browser in front of the whole application on a socket."""

import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, TypeVar

import anyio.to_thread
import httpx
import msgspec
import pytest

from backend.app import create_app
from backend.settings import Settings
from backend.wiring import Container
from tests.support.asgi_server import serving
from tests.support.chromium import Chromium, chromium_path
from tests.support.panel import Person, new_person
from tests.support.wired import container, internet, outbox
from tests.support.wired import settings as wired_settings

__all__ = ["container", "internet", "outbox", "wired_settings"]

T = TypeVar("T")
Aside = Callable[..., Awaitable[Any]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test here, and say why it is left out where there is no browser."""
    here = [item for item in items if "tests/browser/" in item.path.as_posix()]
    for item in here:
        item.add_marker(pytest.mark.browser)
        if chromium_path() is None:
            item.add_marker(pytest.mark.skip(reason="no Chromium is installed on this machine"))


@pytest.fixture
def settings(wired_settings: Settings) -> Settings:
    """Settings of an application that is reached by plain HTTP."""
    return msgspec.structs.replace(wired_settings, web=msgspec.structs.replace(wired_settings.web, public_url=""))


@pytest.fixture
async def base_url(container: Container) -> AsyncIterator[str]:
    """Where the application listens."""
    async with serving(create_app(container=container)) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """One browser for all tests."""
    path = chromium_path()
    assert path is not None
    with Chromium(path) as browser:
        yield browser


@pytest.fixture
def aside() -> Aside:
    """Run what waits for the browser in a thread, so that the application can answer it meanwhile."""

    async def call(function: Callable[..., T], *arguments: Any, **more: Any) -> T:
        return await anyio.to_thread.run_sync(functools.partial(function, *arguments, **more))

    return call


@pytest.fixture
async def owner(container: Container, base_url: str) -> AsyncIterator[Person]:
    """An owner who has an account and is not logged in yet."""
    async with httpx.AsyncClient(base_url=base_url) as client:
        yield await new_person(container, client)
