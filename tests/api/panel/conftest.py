"""People at browsers, in front of the whole application."""

from collections.abc import Callable

import httpx
import pytest

from backend.wiring import Container
from tests.support.panel import NewPerson, Person, Visitor, new_person


@pytest.fixture
def browser(visitor: Callable[..., httpx.AsyncClient]) -> Callable[..., httpx.AsyncClient]:
    """Factory: a browser that reaches us by HTTPS."""

    def make(address: str | None = None) -> httpx.AsyncClient:
        client = visitor(address)
        client.base_url = "https://hub.example.com"
        return client

    return make


@pytest.fixture
def stranger(browser: Callable[..., httpx.AsyncClient]) -> Visitor:
    """Somebody who is not logged in."""
    return Visitor(browser())


@pytest.fixture
def new_owner(container: Container, browser: Callable[..., httpx.AsyncClient]) -> NewPerson:
    """Factory: the owner of a new organization, logged in unless told otherwise."""

    async def make(plan: str = "enterprise", *, logged_in: bool = True) -> Person:
        person = await new_person(container, browser(), plan)
        if logged_in:
            # What the login form does, without comparing the password once more: see test_login.
            async with container.transaction() as services:
                token = await services.access.token_for(person.email)
            person.client.cookies.set("storeloom_session", token, domain="hub.example.com")
        return person

    return make


@pytest.fixture
async def owner(new_owner: NewPerson) -> Person:
    """An owner who is logged in."""
    return await new_owner()
