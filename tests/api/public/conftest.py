"""A shop with one published feed per format and one that is not published, over the whole application."""

from collections.abc import Callable

import pytest
from litestar import Litestar
from msgspec.structs import replace

from backend.domain.catalog.merge import StoreMerge
from backend.kit.ids import uuid7
from backend.models.feeds import Feed
from backend.ports.actor import Actor, system_actor
from backend.settings import Feeds, Settings
from backend.wiring import Container
from plugin_bridge.sandbox.generator import generate_products
from tests.support.running_jobs import run_jobs

PREFIX = "/api/public/feeds/"
JOB = "feeds.generate_feed"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The surface's own limit, and little patience for generations."""
    return replace(settings, feeds=Feeds(wait_s=0.3))


class Shop:
    """An organization with a small catalog."""

    def __init__(self, container: Container, actor: Actor) -> None:
        self.container, self.actor = container, actor

    async def feed(self, output: str = "xml", *, publish: bool = True, generate: bool = True) -> Feed:
        """Create a feed and work its first generation off."""
        slug = f"{output}-{uuid7().hex[-12:]}"
        async with self.container.transaction() as services:
            feed = await services.feeds.create(self.actor, slug=slug, output=output, publish=publish)
        if generate:
            await run_jobs(self.container, JOB)
        return feed


@pytest.fixture
async def shop(container: Container, app: Litestar) -> Shop:
    """An organization with six items."""
    mark = uuid7().hex[-12:]
    async with container.transaction() as services:
        made = await services.accounts.create_organization(f"Shop {mark}", f"{mark}@example.com", "enterprise")
    actor = system_actor(made.organization.id)
    async with container.begin() as session:
        merge = StoreMerge(session, organization_id=actor.tenant, store_id=uuid7(), currency="USD")
        await merge.merge(list(generate_products(3, 2)))
    return Shop(container, actor)


Address = Callable[[Feed], str]


@pytest.fixture
def path() -> Address:
    """The public path of a feed."""
    return lambda feed: PREFIX + feed.slug
