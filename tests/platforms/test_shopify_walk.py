"""Reading a simulated shop's catalog through its real answers: whole, changed, in trouble, and two shops at once."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from backend.ports.platform_errors import Cause, PlatformError, StoreNotReady, StoreRefused
from backend.ports.store_platform import CatalogPage, PullRequest
from plugin_bridge.shopify import changes
from plugin_bridge.shopify.adapter import ShopifyStore
from plugin_bridge.shopify.bulk import Patience
from plugin_bridge.shopify.token_reply import read_reply, renewed_credentials
from tests.support.shopify import shopify_shop
from tests.support.shopify_adapter import PLENTY, Adapter, quick, sold, variants_of
from tests.support.woo import ids_of

pytestmark = pytest.mark.anyio


async def until_it_fails(store: ShopifyStore, pages: list[CatalogPage]) -> PlatformError:
    try:
        async for page in store.read_catalog(PullRequest()):
            pages.append(page)
    except PlatformError as error:
        return error
    raise AssertionError("the walk came to its end")


async def test_who_the_shop_is() -> None:
    with shopify_shop(2, currency="EUR", **quick()) as shop:
        adapter = Adapter(shop)
        store = adapter.open()
        found = await store.identify()
        assert (found.url, found.currency) == (adapter.url, "EUR")
        assert found.platform_version == "2026-10"
        assert "read_locations" in found.facts["scopes"]
        await store.aclose()


async def test_a_shop_that_granted_too_little_is_refused_by_name() -> None:
    with shopify_shop(2, **quick()) as shop:
        adapter = Adapter(shop)
        shop.control("POST", "scopes", {"scopes": "read_products,read_orders"})
        store = adapter.open()
        with pytest.raises(StoreRefused) as caught:
            await store.identify()
        assert caught.value.cause is Cause.SCOPE_MISSING
        assert "read_locations, write_inventory, write_products" in caught.value.message
        await store.aclose()


async def test_a_whole_walk_meets_everything_that_is_sold() -> None:
    with shopify_shop(40, variants_per_product=3, **quick(locations=["Berlin", "Bremen"])) as shop:
        adapter = Adapter(shop)
        pages = await adapter.walk()
        products, variants = ids_of(pages)
        assert (set(products), set(variants)) == sold(shop)
        assert (len(products), len(variants)) == (40, 120)
        told = {key: count for page in pages for key, count in page.expected.items()}
        assert told == {"products": 40, "variants": 120}
        assert [place.name for place in pages[0].locations] == ["Berlin", "Bremen"]
        assert [issue for page in pages for issue in page.issues] == []
        rows = {row["sku"]: row for row in shop.catalog}
        for sku, variant in variants_of(pages).items():
            assert str(variant.sale_price or variant.price) in (rows[sku]["price"], f"{float(rows[sku]['price']):g}")
            assert variant.stock == sum(variant.levels.values())
            assert variant.inventory_id == str(rows[sku]["inventory_item_id"])


async def test_children_in_any_order_bring_the_same_catalog() -> None:
    with shopify_shop(60, variants_per_product=3, **quick(locations=["Berlin", "Bremen"])) as shop:
        adapter = Adapter(shop)
        usual = await adapter.walk()
        shop.fault("children_first")
        mixed = await adapter.walk()
        assert variants_of(mixed) == variants_of(usual)
        pictures = {one.external_id: set(one.images) for page in usual for one in page.products}
        assert {one.external_id: set(one.images) for page in mixed for one in page.products} == pictures
        assert any(pictures.values())


async def test_a_shop_that_sells_nothing_is_a_whole_walk() -> None:
    with shopify_shop([], **quick()) as shop:
        pages = await Adapter(shop).walk()
        assert ids_of(pages) == ([], [])
        assert pages[-1].last
        assert {key: count for page in pages for key, count in page.expected.items()} == {"products": 0, "variants": 0}


async def test_a_run_that_died_goes_on_with_the_operations_it_started() -> None:
    with shopify_shop(30, variants_per_product=2, **quick()) as shop:
        adapter = Adapter(shop)
        store = adapter.open()
        first = await anext(store.read_catalog(PullRequest()))
        await store.aclose()
        pages = await adapter.walk(cursor=first.cursor)
        assert len(ids_of(pages)[1]) == 60
        assert len(shop.state["bulk_operations"]) == 2


async def test_a_stuck_operation_gives_the_worker_back() -> None:
    with shopify_shop(3, **quick()) as shop:
        shop.fault("bulk_stuck")
        adapter = Adapter(shop, patience=Patience(first_s=0.02, most_s=0.05, here_s=0.3))
        with pytest.raises(StoreNotReady):
            await adapter.walk()


async def test_a_failed_operation_is_repeated_and_then_ends_the_run() -> None:
    with shopify_shop(600, **quick()) as shop:
        adapter = Adapter(shop)
        shop.fault("bulk_failed")
        pages: list[CatalogPage] = []
        store = adapter.open()
        failed = await until_it_fails(store, pages)
        await store.aclose()
        assert failed.cause is Cause.BULK_FAILED
        assert 0 < len(ids_of(pages)[0]) < 600
        assert not any(page.last for page in pages)
        shop.clear_faults()
        assert len(ids_of(await adapter.walk())[0]) == 600


async def test_a_shop_whose_slots_are_taken_is_asked_again_later() -> None:
    with shopify_shop(3, **quick()) as shop:
        shop.fault("bulk_refused")
        adapter = Adapter(shop, patience=Patience(first_s=0.02, most_s=0.05, here_s=0.2))
        with pytest.raises(StoreNotReady):
            await adapter.walk()
        shop.clear_faults()
        assert len(ids_of(await adapter.walk())[0]) == 3


@pytest.mark.parametrize("fault", ["throttle", "internal_error", "server_error", "html", "truncated_json"])
async def test_trouble_that_passes_costs_nothing(fault: str) -> None:
    with shopify_shop(5, **quick()) as shop:
        adapter = Adapter(shop)
        shop.fault(fault, next=2)
        assert len(ids_of(await adapter.walk())[0]) == 5


async def test_answers_without_a_cost_are_answers() -> None:
    with shopify_shop(5, **quick()) as shop:
        adapter = Adapter(shop)
        shop.fault("no_cost")
        assert len(ids_of(await adapter.walk())[0]) == 5


@pytest.mark.parametrize(
    ("fault", "cause"),
    [("server_error", Cause.SERVER_ERROR), ("html", Cause.NOT_JSON), ("redirect", Cause.MOVED)],
    ids=["5xx", "html", "redirect"],
)
async def test_trouble_that_stays_is_named(fault: str, cause: Cause) -> None:
    with shopify_shop(2, **quick()) as shop:
        adapter = Adapter(shop)
        shop.fault(fault, location="http://127.0.0.1:9/") if fault == "redirect" else shop.fault(fault)
        with pytest.raises(PlatformError) as caught:
            await adapter.walk()
        assert caught.value.cause is cause


async def test_a_refused_token_is_renewed_once() -> None:
    with shopify_shop(5, **quick()) as shop:
        adapter = Adapter(shop)
        shop.fault("unauthorized", next=1)
        assert len(ids_of(await adapter.walk())[0]) == 5
        assert adapter.renewals == 1


async def test_a_revoked_installation_asks_for_the_merchant() -> None:
    with shopify_shop(5, **quick()) as shop:
        adapter = Adapter(shop)
        shop.fault("token_revoked", next=1)
        with pytest.raises(StoreRefused) as caught:
            await adapter.walk()
        assert caught.value.cause in (Cause.KEY_REVOKED, Cause.APP_UNINSTALLED)
        assert adapter.renewals == 1


async def test_an_alarm_is_raised_when_shopify_answers_as_another_version() -> None:
    with shopify_shop(2, **quick()) as shop:
        adapter = Adapter(shop)
        shop.fault("fell_forward")
        store = adapter.open()
        assert (await store.identify()).facts["fell_forward_to"] not in ("", "2026-10")
        await store.aclose()


def long_ago() -> datetime:
    return datetime.now(UTC) - timedelta(days=365)


async def test_changes_bring_a_product_with_all_its_variants() -> None:
    with shopify_shop(12, variants_per_product=3, **quick(locations=["Berlin", "Bremen"])) as shop:
        adapter = Adapter(shop)
        await adapter.walk()
        since = datetime.now(UTC)
        await asyncio.sleep(1.1)  # the search knows whole seconds
        row = shop.catalog[4]
        shop.change(row["sku"], price="77.50")
        pages = await adapter.walk(since=since)
        products, variants = ids_of(pages)
        assert products == [str(row["product_id"])]
        assert sorted(variants) == sorted(
            str(one["id"]) for one in shop.catalog if one["product_id"] == row["product_id"]
        )
        (found,) = [product for page in pages for product in page.products]
        assert len(found.variants) == 3
        assert str(variants_of(pages)[row["sku"]].price) == "77.50"
        assert pages[-1].last
        assert len(shop.state["bulk_operations"]) == 2


async def test_changed_pages_say_the_same_as_the_whole_walk() -> None:
    with shopify_shop(45, variants_per_product=3, **quick(locations=["Berlin", "Bremen", "Bonn"], **PLENTY)) as shop:
        adapter = Adapter(shop)
        whole = await adapter.walk()
        paged = await adapter.walk(since=long_ago())
        assert variants_of(paged) == variants_of(whole)
        assert {one.external_id: one.images for page in paged for one in page.products} == {
            one.external_id: one.images for page in whole for one in page.products
        }


async def test_pages_grow_and_shrink_with_the_points_they_cost() -> None:
    with shopify_shop(60, variants_per_product=3, **quick(**PLENTY)) as shop:
        adapter = Adapter(shop)
        traffic = adapter.connector._traffic_of(shop.domain)
        traffic.sizes["products"] = traffic.sizes["variants"] = changes.MOST_PER_PAGE
        pages = await adapter.walk(since=long_ago())
        assert (len(ids_of(pages)[0]), len(ids_of(pages)[1])) == (60, 180)
        costs = [cost for (name, _), cost in traffic.costs.items() if name in ("products", "variants")]
        assert all(cost <= 1_000 for cost in costs if cost)
        fitting = traffic.sizes["products"]
        assert fitting < changes.MOST_PER_PAGE
        traffic.sizes["products"] = 1
        await adapter.walk(since=long_ago())
        assert traffic.sizes["products"] == fitting


async def test_changed_pages_can_be_gone_on_behind() -> None:
    with shopify_shop(60, variants_per_product=2, **quick(**PLENTY)) as shop:
        adapter = Adapter(shop)
        traffic = adapter.connector._traffic_of(shop.domain)
        since = long_ago()
        traffic.sizes["products"] = 7
        pages = await adapter.walk(since=since)
        for at in (0, 1, len(pages) // 2, len(pages) - 1):
            rest = await adapter.walk(since=since, cursor=pages[at].cursor)
            met = set(ids_of(pages[: at + 1])[0]) | set(ids_of(rest)[0])
            assert met == sold(shop)[0]
            assert rest[-1].last


async def test_nothing_changed_is_one_walk_with_a_last_page() -> None:
    with shopify_shop(5, **quick()) as shop:
        pages = await Adapter(shop).walk(since=datetime.now(UTC) + timedelta(hours=1))
        assert ids_of(pages) == ([], [])
        assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]


async def test_what_is_listed_still_is_told_apart_from_what_is_gone() -> None:
    with shopify_shop(3, **quick()) as shop:
        adapter = Adapter(shop)
        row = shop.catalog[0]
        store = adapter.open()
        assert await store.still_listed([str(row["product_id"])], [])
        assert await store.still_listed(["1"], [str(row["id"])])
        shop.change(row["sku"], delete=True)
        assert not await store.still_listed([str(row["product_id"])], [str(row["id"])])
        await store.aclose()


async def test_two_shops_at_once_never_see_each_others_token() -> None:
    with shopify_shop(25, key="loom-one", **quick()) as one, shopify_shop(35, key="loom-two", **quick()) as two:
        adapters = [Adapter(one), Adapter(two)]
        # Each shop has a host and with it a connector here; test_shopify_client.py has two shops on one.
        for _ in range(3):
            walks = await asyncio.gather(*(adapter.walk() for adapter in adapters))
            assert [len(ids_of(pages)[0]) for pages in walks] == [25, 35]
        for adapter in adapters:
            assert all(row.get("status", 200) == 200 for row in adapter.shop.requests if "graphql" in str(row))
            assert adapter.renewals == 0


async def test_a_small_bucket_makes_a_walk_slower_and_nothing_else() -> None:
    with shopify_shop(12, variants_per_product=3, **quick(restore_rate=500.0, bucket_size=1000.0)) as shop:
        adapter = Adapter(shop)
        pages = await adapter.walk(since=long_ago())
        assert len(ids_of(pages)[1]) == 36


def test_tokens_become_credentials() -> None:
    """What the adapter of these tests makes by hand is what the product stores."""
    reply = read_reply(
        b'{"access_token":"a","refresh_token":"r","expires_in":3600,"refresh_token_expires_in":9,"scope":"s"}'
    )
    assert set(renewed_credentials(reply, {}, datetime.now(UTC))) == {
        "access_token",
        "refresh_token",
        "expires_at",
        "refresh_expires_at",
        "scope",
    }
