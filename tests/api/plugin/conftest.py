"""A shop's plugin and an organization's owner, as the plugin API sees them."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from backend.wiring import Container
from tests.support.fake_stores import FakePlatforms
from tests.support.plugin_api import NewOwner, NewPlugin, Owner, Plugin, new_mark
from tests.support.running_jobs import run_jobs


@pytest.fixture
def new_plugin(visitor: Callable[..., httpx.AsyncClient], internet: FakePlatforms) -> NewPlugin:
    """Factory: a shop nobody connected yet, with a plugin in it."""

    def make(url: str | None = None) -> Plugin:
        mark = new_mark()
        url = url or f"https://shop-{mark}.example.com"
        return Plugin(visitor(), url, internet.open_shop(url, mark))

    return make


@pytest.fixture
def new_owner(container: Container) -> NewOwner:
    """Factory: an organization made by the operator, with its owner's panel token."""

    async def make(plan: str = "enterprise") -> Owner:
        name, email = f"Organization {new_mark()}", f"owner-{new_mark()}@example.com"
        async with container.transaction() as services:
            made = await services.accounts.create_organization(name, email, plan)
        async with container.transaction() as services:
            token = await services.access.token_for(email)
        return Owner(str(made.organization.id), str(made.user.id), email, made.password, name, token)

    return make


@pytest.fixture
def work_off(container: Container) -> Callable[[str], Awaitable[int]]:
    """Work off the queued jobs of one name; returns how many there were."""

    async def work(name: str) -> int:
        return await run_jobs(container, name)

    return work
