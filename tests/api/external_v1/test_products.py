"""GET of products: pages, filter, shapes, competitors (contract rows SHS-05, SHS-06, SHS-12)."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from backend.domain.pricing.products_blocks import BLOCK
from tests.support.external_api import Shop, refused

pytestmark = pytest.mark.anyio
GOLDEN = Path(__file__).with_name("golden")


async def test_shs_05_a_list_begins_with_fifty_products(shop: Shop) -> None:
    ids = await shop.add_many(127)
    body = await shop.get("/products")
    assert [one["id"] for one in body["data"]] == ids[:50]
    assert (body["success"], body["pagination"]) == (True, {"page": 1, "limit": 50, "total": 127, "totalPages": 3})


async def test_shs_12_pages_hold_every_product_once(shop: Shop) -> None:
    ids = await shop.add_many(127)
    pages = [await shop.get("/products", page=page, limit=50) for page in (1, 2, 3)]
    assert [len(body["data"]) for body in pages] == [50, 50, 27]
    assert [one["id"] for body in pages for one in body["data"]] == ids


@pytest.mark.parametrize("limit", [1, 7, 127, 128, 250])
async def test_shs_12_pages_that_go_across_blocks_are_whole(shop: Shop, limit: int) -> None:
    ids = await shop.add_many(3 * BLOCK)
    await shop.execute("UPDATE variants SET deleted_at = now() WHERE organization_id = :org AND id % 3 = 0")
    left = [one for one in ids if one % 3]
    middle = len(left) // limit // 2 + 1
    body = await shop.get("/products", limit=limit, page=middle)
    assert [one["id"] for one in body["data"]] == left[(middle - 1) * limit : middle * limit]
    assert body["pagination"] == {
        "page": middle,
        "limit": limit,
        "total": len(left),
        "totalPages": -(-len(left) // limit),
    }


async def test_shs_12_a_page_past_the_end_is_empty(shop: Shop) -> None:
    await shop.add()
    body = await shop.get("/products", page=1_000_000_000, limit=250)
    assert body["data"] == []
    assert body["pagination"] == {"page": 1_000_000_000, "limit": 250, "total": 1, "totalPages": 1}


async def test_shs_12_an_empty_list_has_no_pages(shop: Shop) -> None:
    body = await shop.get("/products")
    assert body == {"success": True, "data": [], "pagination": {"page": 1, "limit": 50, "total": 0, "totalPages": 0}}


@pytest.mark.parametrize(("active", "kept"), [("true", 1), ("false", 0)])
async def test_shs_05_active_filters_by_monitoring(shop: Shop, active: str, kept: int) -> None:
    ids = [await shop.add(monitored=False), await shop.add()]
    body = await shop.get("/products", active=active)
    assert [(one["id"], one["active"]) for one in body["data"]] == [(ids[kept], bool(kept))]
    assert body["pagination"]["total"] == 1


async def test_shs_05_few_of_a_kind_are_found_among_many(shop: Shop) -> None:
    ids = await shop.add_many(4 * BLOCK)
    rare = [ids[3], ids[2 * BLOCK], ids[-1]]
    await shop.execute(
        "UPDATE variants SET monitored = false WHERE organization_id = :org AND id = ANY(:rare)", rare=rare
    )
    body = await shop.get("/products", active="false", limit=2, page=2)
    assert ([one["id"] for one in body["data"]], body["pagination"]["total"]) == (rare[2:], 3)


@pytest.mark.parametrize(
    "params",
    [
        {"page": "0"},
        {"page": "-1"},
        {"page": "x"},
        {"page": "1.5"},
        {"page": str(10**20)},
        {"page": "1\x00"},
        {"limit": "0"},
        {"limit": "251"},
        {"limit": "many"},
        {"active": "maybe"},
    ],
    ids=["page0", "page-1", "page-x", "page1.5", "page-huge", "page-nul", "limit0", "limit251", "limit-x", "active-x"],
)
async def test_shs_05_impossible_parameters_are_refused(shop: Shop, params: dict[str, str]) -> None:
    [name] = params
    body = refused(await shop.ask("GET", "/products", params=params), 400, "VALIDATION_ERROR")
    assert name in body["error"]


async def test_shs_05_all_products_of_a_page_carry_their_competitors(shop: Shop) -> None:
    first, second, third = await shop.add(), await shop.add(), await shop.add()
    pages = [await shop.watch(first), await shop.watch(third), await shop.watch(first, "other.example")]
    await shop.watch(second, "")
    body = await shop.get("/products")
    held = {one["id"]: [rival["id"] for rival in one["competitors"]] for one in body["data"]}
    assert held == {first: [pages[0], pages[2]], second: [], third: [pages[1]]}


async def test_shs_05_the_price_is_what_customers_pay_now(shop: Shop) -> None:
    await shop.add(price="10", sale_price="7.50")
    await shop.add(price="10")
    await shop.add(price=None)
    assert [one["currentPrice"] for one in (await shop.get("/products"))["data"]] == [7.5, 10, None]


async def test_shs_05_amounts_keep_all_their_digits(shop: Shop) -> None:
    await shop.add(price="999999999999.123456", min_price="0.100000", cost="1000")
    response = await shop.ask("GET", "/products")
    told = msgspec.json.decode(response.content, type=dict[str, msgspec.Raw])
    [one] = msgspec.json.decode(told["data"], type=list[dict[str, msgspec.Raw]])
    sent = [bytes(one[name]).decode() for name in ("currentPrice", "minPrice", "costPrice")]
    assert sent == ["999999999999.123456", "0.1", "1000"]
    assert Decimal(sent[0]) == Decimal("999999999999.123456")


async def test_shs_06_a_title_tells_a_variant_from_its_sisters(shop: Shop) -> None:
    variant = await shop.add("Shirt", variant="Small / Blue")
    assert (await shop.get(f"/products/{variant}"))["data"]["title"] == "Shirt - Small / Blue"


async def test_shs_06_one_product_is_what_the_list_says_of_it_with_its_history(shop: Shop) -> None:
    variant = await shop.add()
    await shop.watch(variant)
    one = (await shop.get(f"/products/{variant}"))["data"]
    assert one.pop("priceHistory") == []
    assert (await shop.get("/products"))["data"] == [one]


async def test_shs_06_the_history_holds_the_newest_ten_changes(shop: Shop) -> None:
    variant = await shop.add()
    for day in range(1, 13):
        await shop.changed(variant, str(day), str(day + 1), datetime(2020, 1, day, tzinfo=UTC))
    one = (await shop.get(f"/products/{variant}"))["data"]
    assert [move["price"] for move in one["priceHistory"]] == list(range(13, 3, -1))


async def golden_shop(shop: Shop) -> int:
    """Fill a shop with what the kept bodies tell of; return the id that stands for 42 in them."""
    variant = await shop.add(
        "Mug",
        variant="Blue",
        sku="MUG-B",
        price="24.99",
        min_price="19.99",
        max_price="30",
        cost="8",
        auto_reprice=True,
    )
    at = datetime(2026, 3, 15, 14, 30, 0, 900_000, tzinfo=UTC)
    read = {"price": "23.50", "currency": "EUR", "in_stock": True, "checked_at": at}
    await shop.watch(variant, "rival.example", url="https://rival.example/mug", **read)
    await shop.watch(variant, "other.example", url="https://other.example/m?id=1")
    await shop.changed(variant, "26", "24.990000", at, source="My shop")
    return variant


@pytest.mark.parametrize(
    ("name", "path"), [("products", "/products"), ("product", "/products/{id}"), ("competitors", "/competitors")]
)
async def test_golden_bodies_stay_as_they_are(shop: Shop, name: str, path: str) -> None:
    variant = await golden_shop(shop)
    response = await shop.ask("GET", path.format(id=variant))
    kept = (GOLDEN / f"{name}.json").read_text().strip()
    pages = [row["id"] for row in (await shop.get("/competitors"))["data"]]
    ids = dict(zip(("42", "7", "8"), (variant, *pages), strict=True))
    assert response.text == re.sub(r'"id":(\d+)', lambda found: f'"id":{ids[found[1]]}', kept)
    assert response.headers["content-type"] == "application/json"
