"""PUT of a product: any subset of its settings, or nothing at all (contract row SHS-07)."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from tests.support.external_api import Shop, refused

pytestmark = pytest.mark.anyio
SETTINGS = ("minPrice", "maxPrice", "costPrice", "autoReprice", "active")


async def settings(shop: Shop, variant: int) -> dict[str, Any]:
    one = (await shop.get(f"/products/{variant}"))["data"]
    return {name: one[name] for name in SETTINGS}


async def revision(shop: Shop) -> int:
    async with shop.container.begin() as session:
        query = text("SELECT catalog_revision FROM organizations WHERE id = :org")
        return int((await session.execute(query, {"org": shop.organization_id})).scalar_one())


async def test_shs_07_a_put_changes_what_it_names_and_nothing_else(shop: Shop) -> None:
    variant = await shop.add()
    wanted = {"minPrice": 10, "maxPrice": 25.5, "costPrice": 7.25, "autoReprice": True, "active": True}
    for body in (dict(wanted), {"minPrice": 12.34}, {"maxPrice": 30, "active": False}, {"autoReprice": False}, {}):
        wanted |= body
        response = await shop.put(variant, **body)
        assert response.status_code == 200, response.text
        told = response.json()["data"]
        assert {name: told[name] for name in SETTINGS} == wanted
        assert await settings(shop, variant) == wanted


async def test_shs_07_the_answer_is_the_product_as_it_is_then(shop: Shop) -> None:
    variant = await shop.add()
    await shop.watch(variant)
    response = await shop.put(variant, minPrice=1)
    assert response.json() == await shop.get(f"/products/{variant}")


async def test_shs_07_the_request_of_the_contract_works(shop: Shop) -> None:
    variant = await shop.add()
    await shop.ask("PUT", f"/products/{variant}", content=b'{"minPrice": 19.99, "autoReprice": true}')
    assert (await shop.ask("GET", f"/products/{variant}")).text.count('"minPrice":19.99,') == 1


async def test_shs_07_null_clears_a_price(shop: Shop) -> None:
    variant = await shop.add(min_price="5", max_price="6", cost="2")
    await shop.put(variant, minPrice=None, maxPrice=None, costPrice=None)
    assert [*(await settings(shop, variant)).values()][:3] == [None, None, None]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("999999999998.123456", "999999999998.123456"),
        ("0.30000000000000004", "0.3"),
        ("0.0000005", "0.000001"),
        ("1e2", "100"),
        ("-0", "0"),
        ("12.500", "12.5"),
    ],
)
async def test_shs_07_amounts_are_kept_to_six_decimals_without_floats(shop: Shop, sent: str, kept: str) -> None:
    variant = await shop.add()
    response = await shop.ask("PUT", f"/products/{variant}", content=f'{{"costPrice": {sent}}}'.encode())
    assert f'"costPrice":{kept},' in response.text


@pytest.mark.parametrize(
    "body",
    [
        '{"minPrice": -1}',
        '{"costPrice": -0.0000001}',
        '{"minPrice": 21}',
        '{"maxPrice": 9}',
        '{"minPrice": 50, "maxPrice": 40}',
        '{"minPrice": NaN}',
        '{"maxPrice": Infinity}',
        '{"minPrice": 1e400}',
        '{"minPrice": 1e99999999999999999999}',
        '{"costPrice": 1000000000000}',
        '{"costPrice": 0.' + "0" * 80 + "1}",
        '{"minPrice": "19.99"}',
        '{"minPrice": true}',
        '{"minPrice": [1]}',
        '{"minPrice": {}}',
        '{"autoReprice": "yes"}',
        '{"active": null}',
        '{"active": 1}',
        '{"costPrice": 8, "minPrice": -1}',
        "[]",
        '"text"',
        "{",
        "",
        "[" * 50_000,
    ],
    ids=lambda body: body[:30] or "nothing",
)
async def test_shs_07_impossible_settings_are_refused_as_a_whole(shop: Shop, body: str) -> None:
    variant = await shop.add(min_price="10", max_price="20", cost="5")
    before = await settings(shop, variant)
    response = await shop.ask("PUT", f"/products/{variant}", content=body.encode())
    refused(response, 400, "VALIDATION_ERROR")
    assert await settings(shop, variant) == before


async def test_shs_07_a_refusal_names_the_field(shop: Shop) -> None:
    variant = await shop.add()
    told = [(await shop.put(variant, **body)).json()["error"] for body in ({"minPrice": "x"}, {"active": 1})]
    assert told == ["minPrice: a number or null is expected", "Expected bool, got int: active"]


async def test_shs_07_what_is_no_setting_is_left_alone(shop: Shop) -> None:
    variant = await shop.add("Mug")
    whole = (await shop.get(f"/products/{variant}"))["data"]
    response = await shop.put(variant, **{**whole, "title": "Other", "currentPrice": 1, "id": 1, "minPrice": 3})
    assert response.json()["data"] == {**whole, "minPrice": 3}


async def test_shs_07_switching_monitoring_moves_a_product_between_the_lists(shop: Shop) -> None:
    variant, other = await shop.add(), await shop.add()
    for active, left in ((False, [other]), (True, [variant, other])):
        await shop.put(variant, active=active)
        body = await shop.get("/products", active="true")
        assert ([one["id"] for one in body["data"]], body["pagination"]["total"]) == (left, len(left))


async def test_only_switching_monitoring_makes_lists_be_counted_anew(shop: Shop) -> None:
    variant = await shop.add()
    before = await revision(shop)
    await shop.put(variant, minPrice=1, autoReprice=True, active=True)
    assert await revision(shop) == before
    await shop.put(variant, active=False)
    assert await revision(shop) == before + 1


async def test_limits_that_two_set_at_once_are_never_reversed(shop: Shop) -> None:
    variant = await shop.add(min_price="10", max_price="20")
    answers = await asyncio.gather(shop.put(variant, minPrice=18), shop.put(variant, maxPrice=12))
    assert sorted(one.status_code for one in answers) == [200, 400]
    now = await settings(shop, variant)
    assert now["minPrice"] <= now["maxPrice"]


async def test_shs_14_a_product_that_is_gone_cannot_be_set(shop: Shop) -> None:
    variant = await shop.add()
    await shop.execute("UPDATE variants SET deleted_at = now() WHERE organization_id = :org")
    refused(await shop.put(variant, minPrice=1), 404)
