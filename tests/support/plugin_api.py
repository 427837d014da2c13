"""A merchant, an owner and an attacker, as the plugin API sees them."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.fake_stores import FakeShop

REGISTER, CONNECT, DISCONNECT = "/api/auth/register-from-plugin", "/api/stores/connect", "/api/stores/disconnect"
ACCOUNT, STATUS, LOGIN = "/api/auth/account-status", "/api/sync/status", "/api/auth/login"
FORGOT, RESET, LOGOUT = "/api/auth/password/forgot", "/api/auth/password/reset", "/api/auth/logout"
INIT, CONFIGURED = "/api/shopify/oauth/init", "/api/shopify/oauth/status"


def bearer(token: str) -> dict[str, str]:
    """Authorization header of a token."""
    return {"Authorization": f"Bearer {token}"}


def new_mark() -> str:
    """A text nobody used before, of hexadecimal digits."""
    return uuid.uuid4().hex[:12]


def refused(response: httpx.Response, status: int, error: str | None = None) -> dict[str, Any]:
    """Assert a refusal in this surface's shape (S2S-22) and return its body."""
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    assert set(body) == {"statusCode", "message", "error"}
    assert body["statusCode"] == status
    assert body["message"]
    if error is not None:
        assert body["error"] == error, body
    return body


@dataclass
class Owner:
    """The owner of an organization that the operator made."""

    organization_id: str
    user_id: str
    email: str
    password: str
    name: str
    token: str

    @property
    def auth(self) -> dict[str, str]:
        return bearer(self.token)


@dataclass
class Plugin:
    """A plugin in a shop: its requests, with the shop's keys."""

    client: httpx.AsyncClient
    url: str
    shop: FakeShop

    def body(self, email: str, /, **over: Any) -> dict[str, Any]:
        body = {
            "storeUrl": self.url,
            "consumerKey": self.shop.consumer_key,
            "consumerSecret": self.shop.consumer_secret,
            "email": email,
            "platform": "woocommerce",
            "pluginVersion": "1.1.0",
        }
        return {**body, **over}

    async def register(self, email: str, **over: Any) -> dict[str, Any]:
        body = {"email": email, "storeUrl": self.url, "source": "woo-plugin", **over}
        response = await self.client.post(REGISTER, json=body)
        assert response.status_code == 200, response.text
        made: dict[str, Any] = response.json()
        return made

    async def connect(self, email: str, /, **over: Any) -> httpx.Response:
        return await self.client.post(CONNECT, json=self.body(email, **over))


NewPlugin = Callable[..., Plugin]
WorkOff = Callable[[str], Awaitable[int]]
NewOwner = Callable[..., Awaitable[Owner]]


async def account(client: httpx.AsyncClient, token: str) -> dict[str, Any]:
    """The account-status of a token that is good for it."""
    response = await client.get(ACCOUNT, headers=bearer(token))
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body
