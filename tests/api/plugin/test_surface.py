"""S2S-03: limits; S2S-22: statuses and shapes; the document of this surface."""

import asyncio
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar
from litestar.types import Message
from structlog.testing import capture_logs

from backend.settings import Settings
from backend.wiring import Container
from tests.support.plugin_api import (
    ACCOUNT,
    CONNECT,
    DISCONNECT,
    FORGOT,
    LOGIN,
    REGISTER,
    RESET,
    STATUS,
    NewOwner,
    bearer,
    new_mark,
    refused,
)

pytestmark = pytest.mark.anyio

Visitor = Callable[..., httpx.AsyncClient]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The limits as they are by default, and one trusted proxy."""
    default = Settings().web
    web = msgspec.structs.replace(
        settings.web,
        public_per_minute=default.public_per_minute,
        organization_per_minute=default.organization_per_minute,
        trusted_proxies=("10.0.0.1",),
    )
    return msgspec.structs.replace(settings, web=web)


async def away_from_the_minutes_end(margin_s: float = 20) -> None:
    """Windows are minutes of the clock: do not begin near the end of one."""
    left = 60 - time.time() % 60
    if left < margin_s:
        await asyncio.sleep(left + 0.1)


async def test_s2s_03_public_endpoints_together_stop_at_30_a_minute_per_address(visitor: Visitor) -> None:
    await away_from_the_minutes_end()
    client = visitor("203.0.113.1")
    paths = [REGISTER, CONNECT, LOGIN, FORGOT, RESET]
    answers = [(await client.post(paths[turn % 5], json={})).status_code for turn in range(30)]
    assert answers == [400] * 30
    last = await client.post(REGISTER, json={})
    refused(last, 429)
    assert 1 <= int(last.headers["retry-after"]) <= 60
    assert (await visitor("203.0.113.2").post(REGISTER, json={})).status_code == 400


async def test_s2s_03_the_public_limit_does_not_touch_authenticated_requests(
    visitor: Visitor, new_owner: NewOwner
) -> None:
    await away_from_the_minutes_end()
    client, owner = visitor("203.0.113.3"), await new_owner()
    for _ in range(31):
        last = await client.post(REGISTER, json={})
    assert last.status_code == 429
    assert (await client.get(ACCOUNT, headers=owner.auth)).status_code == 200


async def test_s2s_03_an_organization_stops_at_300_a_minute_whatever_the_address(
    visitor: Visitor, new_owner: NewOwner
) -> None:
    await away_from_the_minutes_end(30)
    owner, other = await new_owner(), await new_owner()
    clients = [visitor() for _ in range(4)]
    answers: list[httpx.Response] = []
    for _ in range(31):
        batch = [clients[turn % 4].get(ACCOUNT, headers=owner.auth) for turn in range(10)]
        answers += await asyncio.gather(*batch)
    assert sum(answer.status_code == 200 for answer in answers) == 300
    refusals = [answer for answer in answers if answer.status_code != 200]
    assert {answer.status_code for answer in refusals} == {429}
    assert 1 <= int(refusals[0].headers["retry-after"]) <= 60
    assert (await clients[0].get(ACCOUNT, headers=other.auth)).status_code == 200


async def test_g20_a_made_up_forwarded_header_gets_no_fresh_limit(visitor: Visitor) -> None:
    await away_from_the_minutes_end()
    client = visitor("203.0.113.4")
    answers = [
        (await client.post(REGISTER, json={}, headers={"X-Forwarded-For": f"198.51.100.{turn}"})).status_code
        for turn in range(31)
    ]
    assert answers[-1] == 429


async def test_g20_behind_the_trusted_proxy_each_client_has_its_limit(visitor: Visitor) -> None:
    proxy = visitor("10.0.0.1")
    answers = [
        (await proxy.post(REGISTER, json={}, headers={"X-Forwarded-For": f"198.51.100.{turn}"})).status_code
        for turn in range(31)
    ]
    assert answers == [400] * 31


async def test_s2s_22_an_unknown_path_is_a_404_of_this_surface(client: httpx.AsyncClient) -> None:
    for path in ("/api", "/api/", f"/api/{new_mark()}", "/api/auth", "/api/auth/login/x", "/api/%00", "/api/ü"):
        refused(await client.get(path), 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", ACCOUNT), ("POST", STATUS), ("GET", DISCONNECT), ("GET", REGISTER), ("PUT", LOGIN), ("PATCH", CONNECT)],
)
async def test_s2s_22_a_wrong_verb_is_a_405_that_says_what_is_allowed(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    response = await client.request(method, path)
    refused(response, 405)
    assert response.headers["allow"]


async def test_s2s_24_a_token_sees_only_its_own_organization(client: httpx.AsyncClient, new_owner: NewOwner) -> None:
    owner, stranger = await new_owner("pro"), await new_owner("growth")
    seen = await client.get(ACCOUNT, headers=stranger.auth)
    assert seen.json()["plan"] == "growth"
    for secret in (owner.name, owner.email, owner.organization_id):
        assert secret not in seen.text


async def test_s2s_10_account_status_follows_the_plan(
    client: httpx.AsyncClient, new_owner: NewOwner, container: Container
) -> None:
    owner = await new_owner("growth")
    async with container.transaction() as services:
        await services.accounts.set_plan(uuid.UUID(owner.organization_id), "pro")
    assert (await client.get(ACCOUNT, headers=owner.auth)).json() == {
        "connected": False,
        "email": owner.email,
        "plan": "pro",
        "organizationName": owner.name,
    }


async def test_s2s_11_sync_status_of_a_new_organization_is_zero(client: httpx.AsyncClient, new_owner: NewOwner) -> None:
    assert (await client.get(STATUS, headers=(await new_owner()).auth)).json() == {
        "suppliers": 0,
        "feeds": 0,
        "products_synced": 0,
        "last_sync": None,
        "last_activity": None,
    }


async def test_the_document_of_this_surface_holds_its_routes_and_no_others(client: httpx.AsyncClient) -> None:
    index = await client.get("/docs")
    assert 'href="/docs/plugin/openapi.json"' in index.text
    assert "frame-ancestors 'none'" in index.headers["content-security-policy"]
    document = (await client.get("/docs/plugin/openapi.json")).json()
    assert REGISTER in document["paths"]
    assert not [path for path in document["paths"] if not path.startswith("/api/") or path.startswith("/api/public/")]
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    assert all(operation["operationId"].startswith("plugin.") for operation in operations)
    assert all("429" in operation["responses"] for operation in operations)


async def test_the_document_of_an_unknown_surface_is_a_404(client: httpx.AsyncClient) -> None:
    assert (await client.get("/docs/nothing/openapi.json")).status_code == 404


async def test_an_unknown_token_is_a_401_before_the_body_is_looked_at(client: httpx.AsyncClient) -> None:
    refused(await client.post(DISCONNECT, content=b"{", headers=bearer("x.y.z")), 401)


@pytest.mark.parametrize("path", [REGISTER, CONNECT, LOGIN, FORGOT, RESET])
async def test_s2s_22_a_body_that_is_not_utf_8_is_a_400(path: str, client: httpx.AsyncClient) -> None:
    body = b'{"email":"\xff\xfe@example.com"}'
    answer = await client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert "JSON" in refused(answer, 400, "Bad Request")["message"]


async def test_s2s_22_a_caller_who_leaves_in_the_middle_of_a_body_is_not_our_mistake(app: Litestar) -> None:
    received = iter([{"type": "http.request", "body": b'{"email"', "more_body": True}, {"type": "http.disconnect"}])
    sent: list[Message] = []

    async def receive() -> Any:
        return next(received)

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": LOGIN,
        "raw_path": LOGIN.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"content-length", b"50")],
        "client": ("198.51.100.77", 4711),
        "server": ("hub.example.com", 443),
    }
    with capture_logs() as logged:
        await app(scope, receive, send)
    assert [message["status"] for message in sent if message["type"] == "http.response.start"] == [400]
    assert logged == []
