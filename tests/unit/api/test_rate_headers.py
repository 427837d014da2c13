"""How many requests are left stands on every answer of a surface that promises it."""

import uuid
from typing import Any

import pytest
from litestar import Litestar, Response, get
from litestar.connection import ASGIConnection
from litestar.testing import AsyncTestClient

from backend.api.shared.errors import Refusal
from backend.api.shared.keys import READ, WRITE, hourly, permit
from backend.api.shared.mount import mount
from backend.api.shared.surface import Surface
from backend.kit.errors import forbidden, unauthenticated
from backend.ports.actor import Actor
from backend.settings import Settings
from tests.support.counting_limiter import CountingLimiter

pytestmark = pytest.mark.anyio

KEY = uuid.uuid4()
OWN, STRANGER = {"x-who": "known"}, {"x-who": "nobody"}
NAMES = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "ratelimit", "ratelimit-policy")


@get("/things", opt=READ)
async def things() -> dict[str, str]:
    return {"things": "all"}


@get("/secrets", opt=WRITE)
async def hidden() -> dict[str, str]:
    return {"secrets": "none"}


@get("/nothing-said")
async def closed() -> dict[str, str]:
    return {"never": "seen"}


@get("/broken", opt=READ)
async def broken() -> dict[str, str]:
    raise RuntimeError("on purpose")


async def authenticate(connection: ASGIConnection[Any, Any, Any, Any]) -> Actor:
    who = connection.headers.get("x-who")
    if who == "database-away":
        raise ConnectionRefusedError
    if who == "elsewhere":
        raise forbidden("IP_NOT_ALLOWED", "not from there")
    if who != "known":
        raise unauthenticated()
    return Actor(organization_id=KEY, role="key", key_id=KEY, permission="read", limit_per_hour=4)


def render(refusal: Refusal) -> Response[Any]:
    return Response({"error": refusal.code}, status_code=refusal.status, headers=dict(refusal.headers))


def app(limiter: CountingLimiter, **more: Any) -> Litestar:
    surface = Surface(
        name="keyed",
        prefix="/keyed",
        title="Keyed",
        handlers=(things, hidden, closed, broken),
        render_error=render,
        authenticate=authenticate,
        permit=permit,
        caller_windows=hourly("keyed"),
        rate_headers=True,
    )
    return mount([surface], settings=Settings(), limiter=limiter, authenticator=None, dependencies={}, **more)


async def ask(limiter: CountingLimiter, path: str, headers: dict[str, str], method: str = "GET") -> Any:
    async with AsyncTestClient(app(limiter), raise_server_exceptions=False) as client:
        return await client.request(method, "/keyed" + path, headers=headers)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/things", 200),
        ("GET", "/secrets", 403),
        ("GET", "/nothing-said", 403),
        ("GET", "/broken", 500),
        ("GET", "/no/such/path", 404),
        ("DELETE", "/things", 405),
        ("OPTIONS", "/things", 204),
    ],
)
async def test_shs_16_a_known_callers_answer_tells_of_its_own_hour(method: str, path: str, status: int) -> None:
    limiter = CountingLimiter()
    answer = await ask(limiter, path, OWN, method)
    assert answer.status_code == status
    assert [answer.headers[name] for name in NAMES[:2]] == ["4", "3"]
    assert answer.headers["x-ratelimit-reset"].endswith("Z")
    assert answer.headers["ratelimit"] == '"keyed";r=3;t=3600'
    assert answer.headers["ratelimit-policy"] == '"keyed";q=4;w=3600'
    assert limiter.hits == {f"keyed:{KEY}": 1}


@pytest.mark.parametrize(
    ("who", "path", "status"), [("nobody", "/things", 401), ("nobody", "/nowhere", 404), ("elsewhere", "/things", 403)]
)
async def test_shs_16_a_strangers_answer_tells_of_its_address(who: str, path: str, status: int) -> None:
    limiter = CountingLimiter()
    answer = await ask(limiter, path, {"x-who": who})
    assert answer.status_code == status
    assert [answer.headers[name] for name in NAMES[:2]] == ["300", "299"]
    assert [key.partition(":")[0] for key in limiter.hits] == ["auth-failed"]
    assert limiter.hits.total() == 1


async def test_g3_a_refused_request_says_when_to_come_again_and_counts_nothing() -> None:
    limiter = CountingLimiter()
    limiter.hits[f"keyed:{KEY}"] = 4
    answer = await ask(limiter, "/things", OWN)
    assert answer.status_code == 429
    assert [answer.headers[name] for name in NAMES[:2]] == ["4", "0"]
    assert answer.headers["retry-after"] == "3600"
    assert limiter.hits == {f"keyed:{KEY}": 4}


async def test_the_numbers_stand_on_answers_that_nothing_could_be_counted_for() -> None:
    answer = await ask(CountingLimiter(away=True), "/things", OWN)
    assert answer.status_code == 503
    assert [answer.headers[name] for name in NAMES[:2]] == ["4", "0"]


@pytest.mark.parametrize(("path", "status"), [("/things", 503), ("/nowhere", 404)])
async def test_the_numbers_stand_on_answers_to_callers_nobody_could_look_up(path: str, status: int) -> None:
    limiter = CountingLimiter()
    answer = await ask(limiter, path, {"x-who": "database-away"})
    assert answer.status_code == status
    assert [answer.headers[name] for name in NAMES[:2]] == ["300", "300"]
    assert not limiter.hits


async def test_each_answer_is_told_with_its_status_and_caller() -> None:
    told: list[tuple[int, object]] = []
    made = app(CountingLimiter(), note_answer=lambda tally, scope, status: told.append((status, tally.caller)))
    async with AsyncTestClient(made) as client:
        await client.get("/keyed/things", headers=OWN)
        await client.get("/keyed/secrets", headers=OWN)
        await client.get("/keyed/things", headers=STRANGER)
        await client.get("/elsewhere", headers=OWN)
    assert [(status, caller is not None) for status, caller in told] == [(200, True), (403, True), (401, False)]
