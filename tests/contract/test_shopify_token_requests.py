"""What we send to a shop's token endpoint is what Shopify's own libraries send."""

import json
from typing import Any

import httpx
import pytest
from shopify_app.exchange.refresh_token import refresh_access_token
from shopify_app.exchange.token_exchange import token_exchange

from tests.support.shopify_oracle import APP, Node
from tests.support.shopify_signing import SHOP, claims, id_token
from tests.support.token_endpoint import GOOD, TokenEndpoint, listening

pytestmark = pytest.mark.anyio
TOKEN = id_token()


def as_sent(body: dict[str, Any]) -> dict[str, str]:
    """Compare by what is said: one library writes 1 and the other "1"."""
    return {name: str(value) for name, value in body.items()}


async def ours(call: str) -> dict[str, str]:
    endpoint = TokenEndpoint()
    async with listening(endpoint) as tokens:
        if call == "code":
            await tokens.by_code(SHOP, "1f2e")
        elif call == "exchange":
            await tokens.by_id_token(SHOP, TOKEN)
        else:
            await tokens.renew(SHOP, {"refresh_token": "shprt_1"})
    [asked] = endpoint.asked
    assert asked.path.endswith("/admin/oauth/access_token")
    return as_sent(asked.body)


QUESTIONS: dict[str, dict[str, Any]] = {
    "code": {"op": "code", "shop": SHOP, "code": "1f2e", "reply": GOOD},
    "exchange": {"op": "exchange", "shop": SHOP, "token": TOKEN, "reply": GOOD},
    "refresh": {"op": "refresh", "shop": SHOP, "token": "shprt_1", "reply": GOOD},
}


@pytest.mark.parametrize("call", QUESTIONS)
async def test_we_ask_as_the_library_for_node_asks(call: str) -> None:
    [[theirs]] = Node().ask([QUESTIONS[call]])
    assert theirs["url"] == f"https://{SHOP}/admin/oauth/access_token"
    assert theirs["method"] == "POST"
    assert {name.lower(): value for name, value in theirs["headers"].items()} == {
        "content-type": "application/json",
        "accept": "application/json",
    }
    assert await ours(call) == as_sent(theirs["body"])


class Recording:
    """Takes what shopifyapp sends."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.client = httpx.Client(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(200, json=GOOD)


async def test_we_exchange_as_shopifyapp_exchanges() -> None:
    recording = Recording()
    details: Any = {"exchangeable": True, "token": TOKEN, "claims": claims()}
    result = token_exchange("offline", APP, details, http_client=recording.client)
    assert result.ok
    [request] = recording.requests
    assert str(request.url) == f"https://{SHOP}/admin/oauth/access_token"
    assert await ours("exchange") == as_sent(json.loads(request.content))


async def test_we_renew_as_shopifyapp_renews() -> None:
    recording = Recording()
    token: Any = {
        "access_mode": "offline", "shop": SHOP.removesuffix(".myshopify.com"), "token": "shpat_1",
        "expires": "2020-01-01T00:00:00Z", "scope": "", "refresh_token": "shprt_1",
        "refresh_token_expires": "2099-01-01T00:00:00Z", "user": None,
    }  # fmt: skip
    result = refresh_access_token(token, APP, http_client=recording.client)
    assert result.ok
    [request] = recording.requests
    assert str(request.url) == f"https://{SHOP}/admin/oauth/access_token"
    assert await ours("refresh") == as_sent(json.loads(request.content))
