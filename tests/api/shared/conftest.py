"""Surfaces for keys and tokens over a real container."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from litestar import Litestar

from backend.domain.access.api_keys import KeyWanted, NewApiKey
from backend.ports.actor import Actor, system_actor
from backend.wiring import Container
from tests.support.keyed_surface import keyed_app
from tests.support.plugin_api import new_mark

NewKey = Callable[..., Awaitable[NewApiKey]]


@pytest.fixture
async def app(container: Container) -> Litestar:
    """The application, with two surfaces of ours."""
    return keyed_app(container)


@pytest.fixture
def organization(container: Container) -> Callable[..., Awaitable[Actor]]:
    """Factory of organizations."""

    async def make(plan: str = "enterprise") -> Actor:
        async with container.transaction() as services:
            made = await services.accounts.create_organization("Shop", f"owner-{new_mark()}@example.com", plan)
        return system_actor(made.organization.id)

    return make


@pytest.fixture
def new_key(container: Container, organization: Callable[..., Awaitable[Actor]]) -> NewKey:
    """Factory of keys, each of a new organization unless told."""

    async def make(actor: Actor | None = None, plan: str = "enterprise", **wanted: Any) -> NewApiKey:
        actor = actor or await organization(plan)
        async with container.transaction() as services:
            return await services.api_keys.create(actor, KeyWanted(**{"name": "erp", "permission": "read", **wanted}))

    return make


@pytest.fixture
def until() -> Callable[..., Awaitable[float]]:
    """Ask until the answer is the wanted one; tells after how many seconds it was."""

    async def ask(question: Callable[[], Awaitable[Any]], wanted: Any, most_s: float = 10.0) -> float:
        started = time.monotonic()
        while await question() != wanted:
            assert time.monotonic() - started < most_s, "it stayed as it was"
            await asyncio.sleep(0.01)
        return time.monotonic() - started

    return ask
