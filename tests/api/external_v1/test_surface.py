"""The surface as a whole: plan, keys, permissions, limits, refusals (contract rows SHS-01, -03, -04, -13 to -18)."""

import asyncio
from datetime import UTC, datetime

import pytest

from backend.domain.access.api_keys import KeyWanted
from backend.domain.access.key_auth import KEEP_S
from backend.ports.actor import system_actor
from tests.support.external_api import BASE, NewShop, Shop, refused

pytestmark = pytest.mark.anyio
READS = ["/products", "/products/{id}", "/competitors", "/price-history/{id}", "/stats"]


@pytest.mark.parametrize("plan", ["starter", "growth", "pro", "professional"])
async def test_shs_01_other_plans_than_enterprise_are_refused(new_shop: NewShop, plan: str) -> None:
    shop = await new_shop(plan)
    for path in ("/products", "/stats"):
        refused(await shop.ask("GET", path), 403, "PLAN_UPGRADE_REQUIRED")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer sk_live_", "Bearer sk_live_" + "0" * 43, "Basic abc"])
async def test_shs_13_without_a_key_of_ours_nobody_gets_in(shop: Shop, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    for path in ("/products", "/products/1", "/stats"):
        refused(await shop.client.get(BASE + path, headers=headers), 401, "INVALID_API_KEY")


@pytest.mark.parametrize("permission", ["read", "write", "admin"])
@pytest.mark.parametrize("path", READS)
async def test_shs_04_every_permission_reads(shop: Shop, permission: str, path: str) -> None:
    variant = await shop.add()
    assert (await shop.ask("GET", path.format(id=variant), permission)).status_code == 200


async def test_shs_04_reading_keys_do_not_write(shop: Shop) -> None:
    variant = await shop.add()
    answer = await shop.ask("PUT", f"/products/{variant}", "read", json={"minPrice": 1})
    refused(answer, 403, "INSUFFICIENT_PERMISSIONS")
    refused(await shop.ask("POST", "/webhooks/test", "read", json={}), 403, "INSUFFICIENT_PERMISSIONS")
    assert (await shop.get(f"/products/{variant}"))["data"]["minPrice"] is None


@pytest.mark.parametrize("permission", ["write", "admin"])
async def test_shs_04_writing_keys_write(shop: Shop, permission: str) -> None:
    variant = await shop.add()
    assert (await shop.ask("PUT", f"/products/{variant}", permission, json={"minPrice": 1})).status_code == 200
    assert (await shop.ask("POST", "/webhooks/test", permission, json={})).status_code == 200


async def test_shs_13_an_address_that_is_not_listed_is_refused(shop: Shop) -> None:
    wanted = KeyWanted(name="Far", permission="read", allow_ips=("203.0.113.0/24",))
    async with shop.container.transaction() as services:
        made = await services.api_keys.create(system_actor(shop.organization_id), wanted)
    answer = await shop.client.get(f"{BASE}/stats", headers={"Authorization": f"Bearer {made.key}"})
    refused(answer, 403, "IP_NOT_ALLOWED")


async def test_shs_15_a_key_of_five_an_hour_gets_five(shop: Shop) -> None:
    async with shop.container.transaction() as services:
        wanted = KeyWanted(name="Five", permission="read", limit_per_hour=5)
        made = await services.api_keys.create(system_actor(shop.organization_id), wanted)
    headers = {"Authorization": f"Bearer {made.key}"}
    answers = [await shop.client.get(f"{BASE}/stats", headers=headers) for _ in range(7)]
    assert [one.status_code for one in answers] == [200] * 5 + [429] * 2
    assert [one.headers["x-ratelimit-remaining"] for one in answers] == ["4", "3", "2", "1", "0", "0", "0"]
    refused(answers[-1], 429, "RATE_LIMIT_EXCEEDED")
    assert 0 < int(answers[-1].headers["retry-after"]) <= 3600


async def test_shs_16_every_answer_tells_how_many_requests_are_left(shop: Shop) -> None:
    variant = await shop.add()
    calls = [("GET", path.format(id=variant)) for path in READS]
    calls += [("PUT", f"/products/{variant}"), ("POST", "/webhooks/test"), ("GET", "/nothing"), ("DELETE", "/stats")]
    for used, (method, path) in enumerate(calls, start=1):
        answer = await shop.ask(method, path, **({"json": {}} if method in ("PUT", "POST") else {}))
        assert answer.headers["x-ratelimit-limit"] == "1000", (method, path)
        assert answer.headers["x-ratelimit-remaining"] == str(1000 - used), (method, path)
        reset = datetime.fromisoformat(answer.headers["x-ratelimit-reset"])
        assert -1 <= (reset - datetime.now(UTC)).total_seconds() <= 3601


async def test_shs_17_a_key_that_was_rotated_is_dead_and_its_successor_works(shop: Shop) -> None:
    headers = {"Authorization": f"Bearer {await shop.key('read')}"}
    assert (await shop.ask("GET", "/stats", "read")).status_code == 200
    async with shop.container.transaction() as services:
        made = await services.api_keys.rotate(system_actor(shop.organization_id), shop.keys["read"].id)
    await asyncio.sleep(KEEP_S)
    refused(await shop.client.get(f"{BASE}/stats", headers=headers), 401, "INVALID_API_KEY")
    answer = await shop.client.get(f"{BASE}/stats", headers={"Authorization": f"Bearer {made.key}"})
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/nothing", "/v1/products", "/products/1/2"])
async def test_shs_13_an_unknown_path_is_refused_in_this_shape(shop: Shop, path: str) -> None:
    refused(await shop.ask("GET", path), 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/products/1"),
        ("POST", "/products"),
        ("GET", "/webhooks/test"),
        ("PUT", "/stats"),
        ("PATCH", "/stats"),
    ],
)
async def test_shs_13_a_wrong_method_is_refused_in_this_shape(shop: Shop, method: str, path: str) -> None:
    answer = await shop.ask(method, path)
    refused(answer, 405)
    assert answer.headers["allow"]


@pytest.mark.parametrize(
    "number", ["0", "-1", "abc", "1.5", str(2**63 - 1), str(2**63), "9" * 40, "%00", "1%20OR%201", "%EF%BC%91"]
)
@pytest.mark.parametrize("path", ["/products/", "/price-history/"])
async def test_shs_14_an_id_that_nobody_has_is_not_found(shop: Shop, path: str, number: str) -> None:
    assert refused(await shop.ask("GET", path + number), 404) == {"error": "Product not found"}


async def test_shs_14_a_product_that_is_gone_is_not_found(shop: Shop) -> None:
    variant = await shop.add()
    await shop.execute("UPDATE variants SET deleted_at = now() WHERE organization_id = :org")
    for path in ("/products", "/price-history"):
        refused(await shop.ask("GET", f"{path}/{variant}"), 404)
    assert (await shop.get("/products"))["pagination"]["total"] == 0
