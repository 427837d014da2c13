"""Callers with monitoring tokens: a pair of headers, nothing else."""

from collections.abc import Awaitable, Callable

import httpx
import pytest

from backend.domain.access.monitoring_tokens import NewMonitoringToken
from backend.ports.actor import Actor
from backend.wiring import Container

pytestmark = pytest.mark.anyio

WHO = "/watched/who"


@pytest.fixture
async def pair(container: Container, organization: Callable[..., Awaitable[Actor]]) -> NewMonitoringToken:
    async with container.transaction() as services:
        return await services.monitoring_tokens.create(await organization("starter"))


async def test_pri_01_both_headers_open_the_account(client: httpx.AsyncClient, pair: NewMonitoringToken) -> None:
    headers = {"ApiKey": pair.apikey.upper(), "APITOKEN": pair.apitoken}
    answer = await client.get(WHO, headers=headers)
    assert (answer.status_code, answer.json()["email"]) == (200, pair.apikey)
    assert answer.headers["ratelimit-policy"] == '"watched";q=2500;w=3600'
    assert answer.headers["x-ratelimit-remaining"] == "2499"


async def test_pri_01_anything_but_the_pair_is_unauthenticated(
    client: httpx.AsyncClient,
    container: Container,
    organization: Callable[..., Awaitable[Actor]],
    pair: NewMonitoringToken,
) -> None:
    async with container.transaction() as services:
        other = await services.monitoring_tokens.create(await organization())
    wrong: list[dict[str, str]] = [
        {},
        {"apikey": pair.apikey},
        {"apitoken": pair.apitoken},
        {"apikey": other.apikey, "apitoken": pair.apitoken},
        {"apikey": pair.apikey, "apitoken": other.apitoken},
        {"apikey": pair.apikey, "apitoken": "0" * 48},
        {"apikey": "nobody@example.com", "apitoken": pair.apitoken},
        {"Authorization": f"Bearer {pair.apitoken}"},
    ]
    answers = [await client.get(WHO, headers=headers) for headers in wrong]
    assert {one.status_code for one in answers} == {401}
    assert len({one.text for one in answers}) == 1
    asked = await client.get(WHO, params={"apikey": pair.apikey, "apitoken": pair.apitoken})
    assert asked.status_code == 401


async def test_a_revoked_token_is_dead_within_a_second(
    client: httpx.AsyncClient,
    container: Container,
    pair: NewMonitoringToken,
    until: Callable[..., Awaitable[float]],
) -> None:
    headers = {"apikey": pair.apikey, "apitoken": pair.apitoken}

    async def status() -> int:
        return (await client.get(WHO, headers=headers)).status_code

    assert await status() == 200
    async with container.transaction() as services:
        owner = await services.monitoring_tokens.owner(pair.id)
        await services.monitoring_tokens.revoke(Actor(organization_id=owner), pair.id)
    assert await until(status, 401) <= 1.0


async def test_an_api_key_does_not_open_it_and_a_token_opens_no_api_of_keys(
    client: httpx.AsyncClient, pair: NewMonitoringToken
) -> None:
    for headers in ({"Authorization": f"Bearer {pair.apitoken}"}, {"apikey": pair.apikey, "apitoken": pair.apitoken}):
        assert (await client.get("/keyed/who", headers=headers)).status_code == 401
