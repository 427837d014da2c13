"""Competitors, price history, statistics and the echo (contract rows SHS-08 to SHS-11)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.kit.clock import utc_now
from backend.kit.ids import uuid7
from backend.models.stores import Store
from backend.ports.actor import system_actor
from tests.support.external_api import Shop, refused

pytestmark = pytest.mark.anyio


async def test_shs_08_competitors_of_all_products_name_their_product(shop: Shop) -> None:
    mug, shirt = await shop.add("Mug", price="12"), await shop.add("Shirt", variant="S", sale_price="7")
    pages = [await shop.watch(shirt), await shop.watch(mug), await shop.watch(shirt, "other.example")]
    await shop.watch(mug, "")
    body = await shop.get("/competitors")
    assert [(one["id"], one["product"]) for one in body["data"]] == [
        (pages[0], {"id": shirt, "title": "Shirt - S", "currentPrice": 7}),
        (pages[1], {"id": mug, "title": "Mug", "currentPrice": 12}),
        (pages[2], {"id": shirt, "title": "Shirt - S", "currentPrice": 7}),
    ]
    assert body["pagination"] == {"page": 1, "limit": 50, "total": 3, "totalPages": 1}


async def test_shs_08_pages_of_competitors_hold_each_one_once(shop: Shop) -> None:
    variants = await shop.add_many(5)
    pages = [await shop.watch(variant, f"r{nth}.example") for nth in range(3) for variant in variants]
    bodies = [await shop.get("/competitors", page=page, limit=7) for page in (1, 2, 3)]
    assert [one["id"] for body in bodies for one in body["data"]] == pages
    assert bodies[0]["pagination"] == {"page": 1, "limit": 7, "total": 15, "totalPages": 3}


async def test_shs_08_competitors_of_a_product_that_is_gone_do_not_show(shop: Shop) -> None:
    gone, left = await shop.add(), await shop.add()
    await shop.watch(gone)
    kept = await shop.watch(left)
    await shop.execute("UPDATE variants SET deleted_at = now() WHERE organization_id = :org AND id = :gone", gone=gone)
    body = await shop.get("/competitors")
    assert ([one["id"] for one in body["data"]], body["pagination"]["total"]) == ([kept], 1)


async def test_shs_08_lists_follow_what_the_monitoring_api_tracks(shop: Shop) -> None:
    variant, actor = await shop.add(), system_actor(shop.organization_id)
    for nth in (1, 2):
        async with shop.container.transaction() as services:
            await services.tracked_urls.add(actor, variant, f"https://rival.example/mug/{nth}")
        assert (await shop.get("/competitors"))["pagination"]["total"] == nth
    [page, _] = (await shop.get(f"/products/{variant}"))["data"]["competitors"]
    assert (page["name"], page["url"]) == ("rival.example", "https://rival.example/mug/1")
    async with shop.container.transaction() as services:
        await services.tracked_urls.remove(actor, page["id"])
    assert (await shop.get("/competitors"))["pagination"]["total"] == 1


async def test_shs_09_the_history_is_newest_first_and_of_thirty_days(shop: Shop) -> None:
    variant, other, now = await shop.add(), await shop.add(), utc_now()
    for days, old, new in ((40, "1", "2"), (29, "2", "3"), (1, "3", None)):
        await shop.changed(variant, old, new, now - timedelta(days=days))
    await shop.changed(other, "8", "9", now)
    body = await shop.get(f"/price-history/{variant}")
    assert [(move["oldPrice"], move["price"]) for move in body["data"]] == [(3, None), (2, 3)]
    assert body["pagination"]["total"] == 2
    assert (await shop.get(f"/price-history/{variant}", days=365))["pagination"]["total"] == 3
    assert (await shop.get(f"/price-history/{variant}", days=7))["pagination"]["total"] == 1


async def test_shs_09_the_history_has_pages(shop: Shop) -> None:
    variant, now = await shop.add(), utc_now()
    for minute in range(5):
        await shop.changed(variant, "1", str(minute + 2), now - timedelta(minutes=minute))
    bodies = [await shop.get(f"/price-history/{variant}", page=page, limit=2) for page in (1, 2, 3, 4)]
    assert [[move["price"] for move in body["data"]] for body in bodies] == [[2, 3], [4, 5], [6], []]
    assert bodies[3]["pagination"] == {"page": 4, "limit": 2, "total": 5, "totalPages": 3}


async def test_shs_09_a_change_says_why_and_from_where(shop: Shop) -> None:
    variant, at = await shop.add(), utc_now().replace(microsecond=0)
    await shop.changed(variant, "12.5", "11.99", at, reason="manual", source="u1")
    [move] = (await shop.get(f"/price-history/{variant}"))["data"]
    assert move == {
        "price": 11.99,
        "oldPrice": 12.5,
        "currency": "EUR",
        "reason": "manual",
        "source": "u1",
        "changedAt": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


@pytest.mark.parametrize("days", ["0", "366", "-1", "7.5", "abc", "NaN", "1" * 40])
async def test_shs_09_impossible_days_are_refused(shop: Shop, days: str) -> None:
    variant = await shop.add()
    refused(await shop.ask("GET", f"/price-history/{variant}", params={"days": days}), 400, "VALIDATION_ERROR")


async def add_store(shop: Shop, url: str, state: str, created_at: datetime) -> None:
    values: dict[str, Any] = {"platform": "woocommerce", "url": url, "name": "Shop", "state": state}
    row = Store(id=uuid7(), organization_id=shop.organization_id, created_at=created_at, **values)
    async with shop.container.begin() as session:
        session.add(row)


async def test_shs_10_statistics_count_what_there_is(shop: Shop) -> None:
    variant, _, now = await shop.add(), await shop.add(monitored=False), utc_now()
    await shop.watch(variant)
    await shop.watch(variant, "")
    for hours in (1, 23, 25):
        await shop.changed(variant, "1", "2", now - timedelta(hours=hours))
    mark = uuid7().hex
    await add_store(shop, f"https://old-{mark}.example.com", "disconnected", now - timedelta(days=3))
    await add_store(shop, f"https://{mark}.example.com:8443/shop", "active", now - timedelta(days=2))
    await add_store(shop, f"https://third-{mark}.example.com", "active", now)
    assert await shop.get("/stats") == {
        "success": True,
        "data": {
            "totalProducts": 2,
            "activeProducts": 1,
            "totalCompetitors": 1,
            "priceChanges24h": 2,
            "plan": "enterprise",
            "shopDomain": f"{mark}.example.com",
        },
    }


async def test_shs_10_a_new_shop_has_nothing(shop: Shop) -> None:
    data = (await shop.get("/stats"))["data"]
    assert [*data.values()] == [0, 0, 0, 0, "enterprise", None]


@pytest.mark.parametrize(
    "body",
    ['{"event":"x","a":[1,2.50,null,"\\u00e9"]}', '{"a_b": 12345678901234567890123}', "[]", "null", '"text"', " 1 "],
    ids=["nested", "large-number", "list", "null", "text", "spaces"],
)
async def test_shs_11_the_echo_holds_the_body_unchanged(shop: Shop, body: str) -> None:
    response = await shop.ask("POST", "/webhooks/test", content=body.encode())
    assert response.status_code == 200, response.text
    assert response.text.startswith(f'{{"success":true,"data":{{"received":{body},"timestamp":"')
    at = datetime.fromisoformat(response.json()["data"]["timestamp"])
    assert abs((datetime.now(UTC) - at).total_seconds()) < 10


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[" * 50_000, b"NaN"], ids=["none", "cut", "bytes", "deep", "nan"]
)
async def test_shs_11_the_echo_refuses_what_is_no_json(shop: Shop, body: bytes) -> None:
    refused(await shop.ask("POST", "/webhooks/test", content=body), 400, "VALIDATION_ERROR")


async def test_a_body_beyond_the_limit_is_refused(shop: Shop) -> None:
    refused(await shop.ask("POST", "/webhooks/test", content=b"1" * 5_000_000), 413)
