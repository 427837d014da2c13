"""Callers with API keys: who gets in, from where, how far, and what each answer says of the limit."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest
from structlog.testing import capture_logs

from backend.ports.actor import Actor
from backend.settings import Settings
from backend.wiring import Container
from tests.api.conftest import Visitor
from tests.api.shared.conftest import NewKey
from tests.support.keyed_surface import keyed_app

pytestmark = pytest.mark.anyio

WHO = "/keyed/who"


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def told(answer: httpx.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json().get("code")


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer sk_live_", "Bearer abc", "Basic abc", "sk_live_0000", "Bearer sk_live_" + "0" * 43],
)
async def test_shs_13_whoever_shows_no_key_of_ours_is_unauthenticated(client: httpx.AsyncClient, header: str) -> None:
    answer = await client.get(WHO, headers={"Authorization": header} if header else {})
    assert told(answer) == (401, "UNAUTHENTICATED")
    assert answer.headers["x-ratelimit-limit"] == "300"


async def test_shs_03_a_key_counts_in_its_header_only(client: httpx.AsyncClient, new_key: NewKey) -> None:
    made = await new_key()
    assert (await client.get(WHO, headers=bearer(made.key))).json()["permission"] == "read"
    assert (await client.get(WHO, headers={"authorization": f"bearer {made.key}"})).status_code == 200
    assert (await client.get(WHO, params={"key": made.key, "api_key": made.key})).status_code == 401
    assert (await client.get(WHO, headers={"apikey": made.key, "X-Api-Key": made.key})).status_code == 401


async def test_shs_04_a_permission_reaches_as_far_as_it_says(client: httpx.AsyncClient, new_key: NewKey) -> None:
    answers = {}
    for permission in ("read", "write", "admin"):
        headers = bearer((await new_key(permission=permission)).key)
        answers[permission] = (
            (await client.get(WHO, headers=headers)).status_code,
            told(await client.post("/keyed/things", headers=headers)),
        )
    refused = (403, "INSUFFICIENT_PERMISSIONS")
    assert answers == {"read": (200, refused), "write": (200, (200, None)), "admin": (200, (200, None))}


@pytest.mark.parametrize(
    ("blocks", "address", "status"),
    [
        (("203.0.113.0/24",), "203.0.113.200", 200),
        (("203.0.113.0/24",), "203.0.114.1", 403),
        (("203.0.113.7",), "203.0.113.7", 200),
        (("203.0.113.7", "2001:db8::/32"), "2001:db8:1::5", 200),
        (("2001:db8::/64",), "2001:db8:0:1::5", 403),
        (("203.0.113.0/24",), "::ffff:203.0.113.9", 200),
        (("::ffff:203.0.113.0/120",), "203.0.113.9", 200),
        (("203.0.113.0/24",), "2001:db8::1", 403),
        (("::/0",), "203.0.113.9", 403),
    ],
)
async def test_shs_13_a_key_works_from_its_addresses_only(
    visitor: Visitor, new_key: NewKey, blocks: tuple[str, ...], address: str, status: int
) -> None:
    made = await new_key(allow_ips=blocks)
    answer = await visitor(address).get(WHO, headers=bearer(made.key))
    assert told(answer) == (status, None if status == 200 else "IP_NOT_ALLOWED")


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP"])
async def test_g20_an_address_that_a_stranger_claims_does_not_count(
    visitor: Visitor, new_key: NewKey, name: str
) -> None:
    made = await new_key(allow_ips=("203.0.113.0/24",))
    answer = await visitor("198.51.100.4").get(WHO, headers={**bearer(made.key), name: "203.0.113.7"})
    assert told(answer) == (403, "IP_NOT_ALLOWED")


async def test_g20_what_a_trusted_proxy_says_counts_up_to_the_last_stranger(
    container: Container, new_key: NewKey
) -> None:
    made = await new_key(allow_ips=("203.0.113.0/24",))
    web = msgspec.structs.replace(container.settings.web, trusted_proxies=("10.0.0.0/8",))
    container.settings = msgspec.structs.replace(container.settings, web=web)
    transport = httpx.ASGITransport(app=keyed_app(container), client=("10.0.0.9", 1))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://hub.example.com") as proxied:
        answers = [
            (await proxied.get(WHO, headers={**bearer(made.key), "X-Forwarded-For": hops})).status_code
            for hops in ("203.0.113.7", "198.51.100.1, 203.0.113.7, 10.0.0.2", "203.0.113.7, 198.51.100.1", "10.1.1.1")
        ]
    assert answers == [200, 200, 403, 403]


async def test_a_key_used_from_elsewhere_does_not_use_up_its_owners_limit(
    visitor: Visitor, new_key: NewKey, container: Container
) -> None:
    made = await new_key(allow_ips=("203.0.113.7",), limit_per_hour=5)
    for _ in range(3):
        await visitor("198.51.100.77").get(WHO, headers=bearer(made.key))
    answer = await visitor("203.0.113.7").get(WHO, headers=bearer(made.key))
    assert answer.headers["x-ratelimit-remaining"] == "4"


async def test_a_plan_without_the_api_is_asked_to_go_higher(client: httpx.AsyncClient, new_key: NewKey) -> None:
    made = await new_key(plan="professional")
    assert told(await client.get(WHO, headers=bearer(made.key))) == (403, "PLAN_UPGRADE_REQUIRED")


async def test_a_change_of_plan_acts_within_a_second(
    client: httpx.AsyncClient,
    container: Container,
    new_key: NewKey,
    organization: Callable[..., Awaitable[Actor]],
    until: Callable[..., Awaitable[float]],
) -> None:
    actor = await organization()
    made = await new_key(actor)

    async def status() -> int:
        return (await client.get(WHO, headers=bearer(made.key))).status_code

    for plan, wanted in (("pro", 403), ("enterprise", 200)):
        assert await status() != wanted
        async with container.transaction() as services:
            await services.accounts.set_plan(actor.tenant, plan)
        assert await until(status, wanted) <= 1.0


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", WHO, 200), ("POST", "/keyed/things", 403), ("GET", "/keyed/nowhere", 404), ("PUT", WHO, 405)],
)
async def test_shs_16_every_answer_tells_of_the_keys_hour(
    client: httpx.AsyncClient, new_key: NewKey, method: str, path: str, status: int
) -> None:
    made = await new_key(limit_per_hour=50)
    first = await client.request(method, path, headers=bearer(made.key))
    second = await client.request(method, path, headers=bearer(made.key))
    assert (first.status_code, second.status_code) == (status, status)
    assert first.headers["x-ratelimit-limit"] == "50"
    assert [one.headers["x-ratelimit-remaining"] for one in (first, second)] == ["49", "48"]
    reset = datetime.fromisoformat(first.headers["x-ratelimit-reset"])
    assert (reset.minute, reset.second) == (0, 0)
    assert timedelta(0) <= reset - datetime.now(UTC) <= timedelta(hours=1)
    assert first.headers["ratelimit"].startswith('"keyed";r=49;t=')
    assert first.headers["ratelimit-policy"] == '"keyed";q=50;w=3600'


async def test_shs_15_the_hour_ends_after_exactly_the_limit(client: httpx.AsyncClient, new_key: NewKey) -> None:
    made = await new_key(limit_per_hour=3)
    answers = [await client.get(WHO, headers=bearer(made.key)) for _ in range(5)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429, 429]
    assert [one.headers["x-ratelimit-remaining"] for one in answers] == ["2", "1", "0", "0", "0"]
    wait_s = int(answers[-1].headers["retry-after"])
    reset = datetime.fromisoformat(answers[-1].headers["x-ratelimit-reset"])
    assert abs((reset - datetime.now(UTC)).total_seconds() - wait_s) < 5


async def test_failed_attempts_of_one_address_are_refused_above_300(visitor: Visitor) -> None:
    client = visitor("198.51.100.200")
    left_s = 60 - time.time() % 60
    if left_s < 8:  # the minute must not turn in between
        await asyncio.sleep(left_s + 0.1)
    answers = [(await client.get(WHO, headers=bearer(f"sk_live_{number}"))).status_code for number in range(301)]
    assert answers == [401] * 300 + [429]


async def test_a_limiter_that_is_away_is_noticed_once_and_counted(
    settings: Settings, tmp_path: Any, new_key: NewKey
) -> None:
    made = await new_key()
    redis = msgspec.structs.replace(settings.redis, url=f"unix://{tmp_path}/nobody.sock")
    container = Container(msgspec.structs.replace(settings, redis=redis), tmp_path)
    transport = httpx.ASGITransport(app=keyed_app(container))  # type: ignore[arg-type]
    with capture_logs() as logged:
        async with httpx.AsyncClient(transport=transport, base_url="http://hub.example.com") as client:
            answers = [await client.get(WHO, headers=bearer(made.key)) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 200]
    assert answers[-1].headers["x-ratelimit-remaining"] == "1000"
    assert container.limiter.verdicts["degraded"] == 3
    assert [one["event"] for one in logged if one["event"].startswith("limiter")] == ["limiter.away"]
    await container.aclose()
