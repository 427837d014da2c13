"""Every endpoint with another organization's ids: the plain 404 of this surface, and lists of one's own (SHS-14)."""

from typing import Any

import pytest
from litestar.handlers import HTTPRouteHandler

from backend.api.external_v1.surface import EXTERNAL
from backend.kit.clock import utc_now
from tests.support.external_api import NewShop, Shop, refused

pytestmark = pytest.mark.anyio

OPERATIONS = [
    (method, path)
    for handler in EXTERNAL.handlers
    if isinstance(handler, HTTPRouteHandler)
    for method in sorted(handler.http_methods)
    for path in sorted(handler.paths)
]
BY_ID = [(method, path) for method, path in OPERATIONS if "{" in path]
LISTS = ["/products", "/competitors"]


@pytest.fixture
async def stranger(new_shop: NewShop) -> Shop:
    return await new_shop()


async def filled(shop: Shop) -> int:
    """Fill a shop; return its product."""
    variant = await shop.add("Secret mug", min_price="5")
    await shop.watch(variant, "secret.example", price="9")
    await shop.changed(variant, "1", "2", utc_now())
    return variant


def test_every_endpoint_is_walked() -> None:
    told = {path.replace("{product_id:str}", "{id}") for _, path in OPERATIONS}
    assert told == {"/products", "/products/{id}", "/competitors", "/price-history/{id}", "/stats", "/webhooks/test"}


@pytest.mark.parametrize(("method", "path"), BY_ID)
async def test_shs_14_another_shops_product_answers_as_one_that_does_not_exist(
    shop: Shop, stranger: Shop, method: str, path: str
) -> None:
    theirs = await filled(stranger)
    await shop.add()
    told = []
    for number in (theirs, 2**53 - 1):
        answer = await shop.ask(method, path.replace("{product_id:str}", str(number)), "admin", json={"minPrice": 1})
        refused(answer, 404)
        told.append((answer.content, {name for name in answer.headers if not name.startswith("x-rate")}))
    assert told[0] == told[1]


async def test_shs_14_another_shops_product_is_not_changed(shop: Shop, stranger: Shop) -> None:
    theirs = await filled(stranger)
    refused(await shop.put(theirs, minPrice=1, active=False), 404)
    one = (await stranger.get(f"/products/{theirs}"))["data"]
    assert (one["minPrice"], one["active"]) == (5, True)


@pytest.mark.parametrize("path", LISTS)
async def test_shs_14_lists_hold_the_own_shop_only(shop: Shop, stranger: Shop, path: str) -> None:
    await filled(stranger)
    mine = await shop.add()
    await shop.watch(mine)
    for params in ({}, {"limit": 250}, {"page": 2}):
        answer = await shop.ask("GET", path, params=params)
        assert answer.json()["pagination"]["total"] == 1
        assert "ecret" not in answer.text


async def test_shs_14_statistics_count_the_own_shop_only(shop: Shop, stranger: Shop) -> None:
    await filled(stranger)
    data: dict[str, Any] = (await shop.get("/stats"))["data"]
    assert [data[name] for name in ("totalProducts", "totalCompetitors", "priceChanges24h")] == [0, 0, 0]
