"""Deny by default, and what is counted under whom."""

import uuid
from typing import Any

import pytest
from litestar import Litestar, get
from litestar.testing import AsyncTestClient
from structlog.testing import capture_logs

from backend.api.plugin.auth import authenticate, caller_windows, permit
from backend.api.plugin.errors import render_error
from backend.api.shared.mount import mount
from backend.api.shared.rate_limit import public_windows
from backend.api.shared.surface import Surface
from backend.kit.errors import unauthenticated
from backend.ports.actor import Actor
from backend.settings import Settings, SettingsError, Web
from tests.support.counting_limiter import CountingLimiter

pytestmark = pytest.mark.anyio


@get("/open", opt={"public": True})
async def open_door() -> dict[str, str]:
    return {"door": "open"}


@get("/closed")
async def closed_door() -> dict[str, str]:
    return {"door": "closed"}


@get("/for-plugin", opt={"plugin": True})
async def plugin_door() -> dict[str, str]:
    return {"door": "plugin"}


@get("/broken", opt={"public": True})
async def broken_door() -> dict[str, str]:
    raise RuntimeError("secret cs_0123456789abcdef")


ORGANIZATION = uuid.uuid4()


class Tokens:
    """An authenticator that knows each role by its name."""

    async def authenticate(self, token: str) -> Actor:
        if token not in {"owner", "plugin", "unproven"}:
            raise unauthenticated()
        proven = token != "unproven"
        return Actor(organization_id=ORGANIZATION if proven else None, role=token, grant_id=uuid.uuid4())


def app(limiter: CountingLimiter, **web: Any) -> Litestar:
    surface = Surface(
        name="doors",
        prefix="/doors",
        title="Doors",
        handlers=(open_door, closed_door, plugin_door, broken_door),
        render_error=render_error,
        authenticate=authenticate,
        permit=permit,
        public_windows=public_windows,
        caller_windows=caller_windows,
    )
    settings = Settings(web=Web(**web))
    return mount([surface], settings=settings, limiter=limiter, authenticator=Tokens(), dependencies={})


async def statuses(limiter: CountingLimiter, path: str, times: int, token: str = "", **web: Any) -> list[int]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with AsyncTestClient(app(limiter, **web)) as client:
        return [(await client.get(path, headers=headers)).status_code for _ in range(times)]


async def test_a_route_that_says_nothing_is_closed() -> None:
    assert await statuses(CountingLimiter(), "/doors/closed", 1) == [401]


async def test_s2s_03_public_routes_are_counted_by_address() -> None:
    limiter = CountingLimiter()
    assert await statuses(limiter, "/doors/open", 3, public_per_minute=2) == [200, 200, 429]


async def test_s2s_03_known_callers_are_counted_by_organization() -> None:
    limiter = CountingLimiter()
    assert await statuses(limiter, "/doors/closed", 3, "owner", organization_per_minute=2) == [200, 200, 429]
    assert limiter.hits == {f"plugin:org:{ORGANIZATION}": 2}


async def test_failed_authentication_is_counted_by_address_and_refused_above_300() -> None:
    limiter = CountingLimiter()
    answers = await statuses(limiter, "/doors/closed", 301, "wrong")
    assert answers == [401] * 300 + [429]


async def test_successful_authentication_is_not_counted_as_failed() -> None:
    limiter = CountingLimiter()
    await statuses(limiter, "/doors/closed", 2, "owner")
    assert not [key for key in limiter.hits if key.startswith("auth-failed")]


async def test_an_unknown_path_is_neither_counted_nor_authenticated() -> None:
    limiter = CountingLimiter()
    assert await statuses(limiter, "/doors/nowhere", 2) == [404, 404]
    assert not limiter.hits


@pytest.mark.parametrize(
    ("token", "path", "status"),
    [
        ("owner", "/doors/closed", 200),
        ("owner", "/doors/for-plugin", 200),
        ("plugin", "/doors/closed", 403),
        ("plugin", "/doors/for-plugin", 200),
        ("unproven", "/doors/closed", 403),
        ("unproven", "/doors/for-plugin", 403),
    ],
)
async def test_g10_a_token_gets_where_it_was_made_for(token: str, path: str, status: int) -> None:
    assert await statuses(CountingLimiter(), path, 1, token) == [status]


async def test_an_unexpected_error_is_a_500_in_shape_without_its_text() -> None:
    with capture_logs() as logged:
        async with AsyncTestClient(app(CountingLimiter()), raise_server_exceptions=False) as client:
            response = await client.get("/doors/broken?token=secret-token")
    assert response.status_code == 500
    assert response.json()["error"] == "Internal Server Error"
    assert [(entry["event"], entry["kind"], entry["path"]) for entry in logged] == [
        ("api.unexpected_error", "RuntimeError", "/doors/broken")
    ]
    for secret in ("cs_0123456789abcdef", "secret-token"):
        assert secret not in response.text + str(logged)


async def test_outside_every_surface_the_refusal_is_plain() -> None:
    async with AsyncTestClient(app(CountingLimiter())) as client:
        response = await client.get("/elsewhere")
    assert (response.status_code, response.json()) == (404, {"error": "There is nothing at this address"})


async def test_when_nothing_can_be_counted_and_the_setting_says_so_it_is_a_503() -> None:
    limiter = CountingLimiter(away=True)
    async with AsyncTestClient(app(limiter)) as client:
        response = await client.get("/doors/open")
    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"
    assert response.json()["statusCode"] == 503


def test_a_proxy_that_is_no_address_is_refused_at_the_start() -> None:
    with pytest.raises(SettingsError, match="STORELOOM_TRUSTED_PROXIES"):
        app(CountingLimiter(), trusted_proxies=("my-proxy",))
