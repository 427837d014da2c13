"""Merchants in their Shopify admins, in front of the whole application."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec
import pytest

from backend.models.stores import Store
from backend.settings import Settings, Shopify
from backend.wiring import Container
from tests.support.admin import CLIENT_ID, CLIENT_SECRET, StandInEntry, host_of, id_token
from tests.support.panel import Person, Shown, add_store, new_person
from tests.support.plugin_api import new_mark
from tests.support.wired import settings as wired_settings

__all__ = ["wired_settings"]


@pytest.fixture
def settings(wired_settings: Settings) -> Settings:
    """Settings of a server that has an app at Shopify."""
    return msgspec.structs.replace(wired_settings, shopify=Shopify(client_id=CLIENT_ID, client_secret=CLIENT_SECRET))


@pytest.fixture
async def container(container: Container) -> Container:
    """Everything wired."""
    container.embedded_entry = StandInEntry(container.begin)  # type: ignore[attr-defined]
    return container


@dataclass
class Merchant:
    """Somebody in the admin of a shop, who has no cookies."""

    client: httpx.AsyncClient
    person: Person
    store: Store

    @property
    def shop(self) -> str:
        return self.store.url.removeprefix("https://")

    def query(self, **changed: str) -> dict[str, str]:
        """What the admin opens the page with."""
        known = {"embedded": "1", "host": host_of(self.shop), "shop": self.shop, "id_token": id_token(self.shop)}
        return {**known, **changed}

    async def open(self, path: str = "/app", **changed: str) -> httpx.Response:
        """Open a page as a frame of the admin does."""
        return await self.client.get(path, params=self.query(**changed))

    async def see(self, path: str = "/app", status: int = 200) -> Shown:
        response = await self.open(path)
        assert response.status_code == status, f"{path}: {response.status_code} {response.text[:500]}"
        return Shown(response)

    async def fetch(self, path: str, method: str = "GET", token: str | None = None) -> httpx.Response:
        """Ask as the page's script does."""
        token = id_token(self.shop) if token is None else token
        return await self.client.request(method, path, headers={"Authorization": f"Bearer {token}"})


NewMerchant = Callable[..., Awaitable[Merchant]]


@pytest.fixture
def new_merchant(container: Container, visitor: Callable[..., httpx.AsyncClient]) -> NewMerchant:
    """Factory: a merchant whose shop is connected unless told otherwise."""

    async def make(**values: Any) -> Merchant:
        client = visitor()
        client.base_url = "https://hub.example.com"
        person = values.pop("person", None) or await new_person(container, client)
        url = f"https://shop-{new_mark()}.myshopify.com"
        store = await add_store(container, person, **{"platform": "shopify", "url": url, "name": "Lamp Shop", **values})
        return Merchant(client, person, store)

    return make


@pytest.fixture
async def merchant(new_merchant: NewMerchant) -> Merchant:
    """A merchant with a connected shop."""
    return await new_merchant()
