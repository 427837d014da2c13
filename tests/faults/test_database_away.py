"""The database is away: callers are told to come back, in the shape of their surface, and nothing is our mistake."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest
from structlog.testing import capture_logs

from backend.app import create_app
from backend.settings import Database, Settings, Shopify
from backend.wiring import Container
from tests.support.fake_shopify import CLIENT_ID, SECRET, FakeMerchant
from tests.support.plugin_api import ACCOUNT, LOGIN, REGISTER, bearer, new_mark, refused
from tests.support.wired import container, internet, outbox, settings

__all__ = ["container", "internet", "outbox", "settings"]

pytestmark = pytest.mark.anyio


@pytest.fixture
async def token(container: Container) -> str:
    """A token that was good while the database was there."""
    email = f"owner-{new_mark()}@example.com"
    async with container.transaction() as services:
        await services.accounts.create_organization("Shop", email, "enterprise")
    async with container.transaction() as services:
        return await services.access.token_for(email)


@pytest.fixture
async def client_with(tmp_path: Path) -> AsyncIterator[Callable[[Settings], httpx.AsyncClient]]:
    """Factory: a client of an application whose database has no server behind its address."""
    async with AsyncExitStack() as opened:

        def make(settings: Settings) -> httpx.AsyncClient:
            nowhere = Database(url=f"postgresql+asyncpg://storeloom@/storeloom?host={tmp_path}")
            made = Container(msgspec.structs.replace(settings, database=nowhere), tmp_path)
            opened.push_async_callback(made.aclose)
            transport = httpx.ASGITransport(
                app=create_app(container=made),  # type: ignore[arg-type]
                client=("198.51.100.7", 4711),
                raise_app_exceptions=False,
            )
            client = httpx.AsyncClient(transport=transport, base_url="https://hub.example.com")
            opened.push_async_callback(client.aclose)
            return client

        yield make


@pytest.fixture
def client(settings: Settings, client_with: Callable[[Settings], httpx.AsyncClient]) -> httpx.AsyncClient:
    """A client of the application as it is set up for all tests."""
    return client_with(settings)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", ACCOUNT, None),
        ("POST", LOGIN, {"email": "a@example.com", "password": "long enough for all"}),
        ("POST", REGISTER, {"email": "a@example.com", "storeUrl": "https://shop.example.com"}),
    ],
)
async def test_the_api_answers_503_with_retry_after(
    method: str, path: str, body: object, token: str, client: httpx.AsyncClient
) -> None:
    with capture_logs() as logged:
        answer = await client.request(method, path, json=body, headers=bearer(token))
    refused(answer, 503, "Service Unavailable")
    assert answer.headers["retry-after"] == "5"
    assert [entry["event"] for entry in logged] == ["api.outage"]


async def test_s2s_15_a_merchant_who_comes_back_from_shopify_ends_in_the_panel(
    settings: Settings, client_with: Callable[[Settings], httpx.AsyncClient]
) -> None:
    app = Shopify(client_id=CLIENT_ID, client_secret=SECRET)
    client = client_with(msgspec.structs.replace(settings, shopify=app))
    query = FakeMerchant("a-shop.myshopify.com").signed(state="0" * 64)
    with capture_logs() as logged:
        answer = await client.get("/api/shopify/oauth/callback", params=query)
    assert answer.status_code == 303
    target = urlsplit(answer.headers["location"])
    assert (target.netloc, target.path) == ("", "/sales-channels")
    told = parse_qs(target.query)
    assert told["oauth"] == ["error"]
    assert "try again" in told["message"][0]
    assert [entry["event"] for entry in logged] == ["api.outage"]


async def test_the_panel_shows_a_page_that_says_when_to_come_back(token: str, client: httpx.AsyncClient) -> None:
    answer = await client.get("/panel", cookies={"storeloom_session": token})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "<h1>Not available at the moment</h1>" in answer.text


async def test_crawlers_are_told_to_come_back(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/public/feeds/some-feed")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
