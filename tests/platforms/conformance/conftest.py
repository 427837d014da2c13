"""Every test of this folder runs on every platform of the registry; a platform without a driver fails them all."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from backend.ports.store_platform import PlatformProduct
from plugin_bridge.registry import PLATFORMS
from tests.support.conformance.driver import Simulated
from tests.support.conformance.drivers import DRIVERS

Serve = Callable[..., Awaitable[Simulated]]


@pytest.fixture(params=sorted(PLATFORMS))
def platform(request: pytest.FixtureRequest) -> str:
    """The platform's name."""
    name: str = request.param
    return name


@pytest.fixture
def serve(platform: str) -> Iterator[Serve]:
    """Serves stores that sell given products until the test ends; each is identified, as connecting does."""
    with ExitStack() as stack:

        async def serve_one(products: Iterable[PlatformProduct] = (), **more: Any) -> Simulated:
            made = stack.enter_context(DRIVERS[platform].serve(list(products), **more))
            await made.identify()
            return made

        yield serve_one
