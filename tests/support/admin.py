"""A merchant in the Shopify admin, which opens our page with an ID token and keeps no cookies of ours."""

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx

from backend.domain.stores.credentials import CredentialsVault
from backend.models.stores import Store
from backend.wiring import Container
from tests.support.fake_shopify import FakeMerchant, FakeShopify
from tests.support.panel import Person, Shown, add_store, new_person
from tests.support.plugin_api import new_mark


def host_of(shop: str) -> str:
    """The `host` parameter of a shop's admin."""
    name = shop.removesuffix(".myshopify.com")
    return base64.urlsafe_b64encode(f"admin.shopify.com/store/{name}".encode()).rstrip(b"=").decode()


@dataclass
class Merchant:
    """Somebody in the admin of a shop that is a store of ours."""

    client: httpx.AsyncClient
    person: Person
    store: Store
    fake: FakeMerchant

    @property
    def shop(self) -> str:
        return self.fake.domain

    def token(self, **changed: Any) -> str:
        """An ID token; see `FakeMerchant.id_token`."""
        return self.fake.id_token(**changed)

    def query(self, **changed: str) -> dict[str, str]:
        """What the admin opens the page with."""
        return {"embedded": "1", "host": host_of(self.shop), "shop": self.shop, "id_token": self.token(), **changed}

    async def open(self, path: str = "/app", **changed: str) -> httpx.Response:
        """Open a page as a frame of the admin does."""
        return await self.client.get(path, params=self.query(**changed))

    async def see(self, path: str = "/app", status: int = 200) -> Shown:
        response = await self.open(path)
        assert response.status_code == status, f"{path}: {response.status_code} {response.text[:500]}"
        return Shown(response)

    async def fetch(self, path: str, method: str = "GET", token: str | None = None) -> httpx.Response:
        """Ask as the page's script does."""
        token = self.token() if token is None else token
        return await self.client.request(method, path, headers={"Authorization": f"Bearer {token}"})


NewMerchant = Callable[..., Awaitable[Merchant]]


async def add_merchant(container: Container, world: FakeShopify, client: httpx.AsyncClient, **values: Any) -> Merchant:
    """A merchant whose shop is connected and whose tokens we hold; columns of the store may be given."""
    person, fake = await new_person(container, client), world.open_shop(new_mark())
    store = await add_store(
        container, person, **{"platform": "shopify", "url": fake.address, "name": "Lamp Shop", **values}
    )
    async with container.begin() as session:
        await CredentialsVault(session, container.sealer).put(store, fake.rotate())
    return Merchant(client, person, store, fake)
