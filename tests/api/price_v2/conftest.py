"""Accounts with a token of the price monitoring API."""

import secrets
from collections.abc import Awaitable, Callable

import httpx
import pytest

from backend.ports.actor import Actor, system_actor
from backend.wiring import Container
from tests.support.monitoring import Monitoring, NewMonitoring
from tests.support.running_jobs import run_jobs


@pytest.fixture
def new_account(container: Container, visitor: Callable[..., httpx.AsyncClient]) -> NewMonitoring:
    """Factory: an organization on a plan with a token."""

    async def make(plan: str = "pro") -> Monitoring:
        mark = secrets.token_hex(6)
        async with container.transaction() as services:
            made = await services.accounts.create_organization(f"Org {mark}", f"owner-{mark}@example.com", plan)
            pair = await services.monitoring_tokens.create(system_actor(made.organization.id))
        return Monitoring(visitor(), made.organization.id, pair.apikey, pair.apitoken)

    return make


@pytest.fixture
async def api(new_account: NewMonitoring) -> Monitoring:
    """An account."""
    return await new_account()


@pytest.fixture
async def other(new_account: NewMonitoring) -> Monitoring:
    """Another account, which must never see the first."""
    return await new_account()


@pytest.fixture
def actor(api: Monitoring) -> Actor:
    """The operator inside the account."""
    return system_actor(api.organization_id)


@pytest.fixture
def work_off(container: Container) -> Callable[[str], Awaitable[int]]:
    """Work off the queued jobs of one name; returns how many there were."""

    async def work(name: str) -> int:
        return await run_jobs(container, name)

    return work
