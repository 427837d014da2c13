"""Fixtures: the wiring over a real database and Valkey, with the internet and the mail server replaced."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import delete

from backend.gateways.outbound import GuardedClients
from backend.models.jobs import Job
from backend.settings import Database, Redis, Secrets, Settings, Web
from backend.wiring import Container
from plugin_bridge.shopify.app import ShopifyApplication
from plugin_bridge.shopify.tokens import ShopifyTokens
from tests.support.fake_stores import FakePlatforms
from tests.support.outbox import Outbox

SECRET_KEY = "a test key of enough characters"


@pytest.fixture
def settings(database_url: str, redis_url: str) -> Settings:
    """Settings of the process under test; limits are out of the way."""
    return Settings(
        database=Database(url=database_url, pool_size=5),
        redis=Redis(url=redis_url),
        secrets=Secrets(keys=(SECRET_KEY,)),
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
    """Everything wired."""
    made = Container(settings, tmp_path)
    made.platforms = internet
    made.mailer = outbox
    # The checks are our own; the token endpoint is on the same internet.
    made.shopify_app = ShopifyApplication(
        GuardedClients(settings.outbound), settings.shopify, cast(ShopifyTokens, internet.shopify)
    )
    async with made.begin() as session:
        # Tests of a module share its database; the work they left behind is nobody's.
        await session.execute(delete(Job))
    yield made
    await made.aclose()
