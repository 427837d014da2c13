"""Merchants in their Shopify admins, in front of the whole application."""

from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from backend.settings import Settings, Shopify
from backend.wiring import Container
from tests.support.admin import Merchant, NewMerchant, add_merchant
from tests.support.fake_shopify import CLIENT_ID, SECRET
from tests.support.fake_stores import FakePlatforms
from tests.support.wired import settings as wired_settings

__all__ = ["wired_settings"]


@pytest.fixture
def settings(wired_settings: Settings) -> Settings:
    """Settings of a server that has an app at Shopify."""
    return msgspec.structs.replace(wired_settings, shopify=Shopify(client_id=CLIENT_ID, client_secret=SECRET))


@pytest.fixture
def browser(visitor: Callable[..., httpx.AsyncClient]) -> Callable[[], httpx.AsyncClient]:
    """Factory: a browser that reaches us by HTTPS."""

    def make() -> httpx.AsyncClient:
        client = visitor()
        client.base_url = "https://hub.example.com"
        return client

    return make


@pytest.fixture
def new_merchant(
    container: Container, internet: FakePlatforms, browser: Callable[[], httpx.AsyncClient]
) -> NewMerchant:
    """Factory: a merchant whose shop is connected."""

    async def make(**values: Any) -> Merchant:
        return await add_merchant(container, internet.shopify, browser(), **values)

    return make


@pytest.fixture
async def merchant(new_merchant: NewMerchant) -> Merchant:
    """A merchant with a connected shop."""
    return await new_merchant()
