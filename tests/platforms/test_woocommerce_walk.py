"""Reading a WooCommerce catalog over real sockets."""

import asyncio
import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from backend.ports.store_platform import PullRequest
from tests.support.woo import catalog, ids_of, walk, woo_store

pytestmark = pytest.mark.anyio
YES = {"variations": "yes"}


async def test_a_full_pull_brings_everything_once_in_the_least_requests() -> None:
    async with woo_store(catalog(simple=230, variable=41, each=3)) as store:
        pages = await walk(store.open(facts=YES))
        products, sold = ids_of(pages)
        assert (sorted(products), sorted(sold)) == tuple(sorted(ids) for ids in store.ids)
        assert len(products) == len(set(products))
        assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
        assert pages[-1].expected == {"products": 271, "variants": 123}
        assert len(store.lists()) == math.ceil(271 / 100) + math.ceil(123 / 100)
        assert len(store.asked) <= len(store.lists()) + 1  # the category tree


async def test_products_and_variants_arrive_mapped() -> None:
    async with woo_store(catalog(simple=1, variable=1)) as store:
        first, second = await walk(store.open(facts=YES))
        cup, shirt = first.products
        assert (cup.title, cup.brand, cup.categories) == ("Cup 0", "Acme", ("Kitchen > Cups",))
        assert (cup.variants[0].sku, cup.variants[0].price, cup.variants[0].stock) == ("CUP-0", Decimal("6.50"), 0)
        assert (shirt.option_names, shirt.variants) == (("Size",), ())
        sizes = [(v.external_product_id, v.sku, v.options, v.price) for v in second.variants]
        assert sizes == [(shirt.external_id, f"SHIRT-0-{n}", {"Size": f"S{n}"}, Decimal(20 + n)) for n in range(3)]
        assert first.issues == second.issues == ()


@pytest.mark.parametrize("facts", [YES, {"variations": "no"}, {}])
@pytest.mark.parametrize("has_list", [True, False])
async def test_a_walk_without_products_yields_one_last_page(facts: dict[str, str], has_list: bool) -> None:
    async with woo_store(variations_endpoint=has_list) as store:
        pages = await walk(store.open(facts=facts))
        assert ids_of(pages) == ([], [])
        assert pages[-1].last
        assert pages[-1].expected == {"products": 0, "variants": 0}


@pytest.mark.parametrize("facts", [{"variations": "no"}, {}, YES])
async def test_a_store_without_a_list_of_variations_is_read_parent_by_parent(facts: dict[str, str]) -> None:
    async with woo_store(catalog(simple=130, variable=20, each=2), variations_endpoint=False) as store:
        pages = await walk(store.open(facts=facts))
        products, sold = ids_of(pages)
        assert (sorted(products), sorted(sold)) == tuple(sorted(ids) for ids in store.ids)
        assert pages[-1].expected == {"products": 150, "variants": 40}
        assert all("variants" not in page.expected for page in pages[:-1])
        assert len([a for a in store.asked if "/variations" in a.path and a.status == 200]) == 20


async def test_a_parent_with_more_variations_than_a_page_is_read_whole() -> None:
    async with woo_store(catalog(variable=1, each=230), variations_endpoint=False) as store:
        pages = await walk(store.open(facts={"variations": "no"}))
        assert len(ids_of(pages)[1]) == 230
        assert pages[-1].expected["variants"] == 230


@pytest.mark.parametrize("has_list", [True, False])
async def test_a_walk_goes_on_behind_any_page_by_its_cursor(has_list: bool) -> None:
    async with woo_store(catalog(simple=230, variable=60, each=3), variations_endpoint=has_list) as store:
        facts = {"variations": "yes" if has_list else "no"}
        whole = await walk(store.open(facts=facts))
        assert len(whole) > 2
        for done in range(1, len(whole) + 1):
            before = len(store.lists())
            rest = await walk(store.open(facts=facts), cursor=whole[done - 1].cursor)
            products, sold = ids_of([*whole[:done], *rest])
            assert (sorted(products), sorted(sold)) == tuple(sorted(ids) for ids in store.ids)
            assert rest[-1].last
            assert rest[-1].expected == whole[-1].expected
            if has_list:
                assert len(store.lists()) - before <= max(1, len(whole) - done)


async def test_a_cursor_that_cannot_be_read_means_from_the_beginning() -> None:
    async with woo_store(catalog(simple=3)) as store:
        pages = await walk(store.open(facts=YES), cursor="nonsense")
        assert len(ids_of(pages)[0]) == 3


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata"])
async def test_only_what_changed_after_since_is_read_in_every_time_zone(zone: str) -> None:
    async with woo_store(catalog(simple=30, variable=3), timezone=zone) as store:
        since = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
        items = store.shop.catalog
        changed, before, exact = [item for item in items.items.values() if item.kind == "simple"][:3]
        variation = next(item for item in items.items.values() if item.is_variation)
        for item in list(items.items.values()):
            items.touch(item, int((since - timedelta(days=1)).timestamp()))
        items.touch(changed, int((since + timedelta(seconds=1)).timestamp()))
        items.touch(variation, int((since + timedelta(seconds=1)).timestamp()))
        items.touch(before, int((since - timedelta(seconds=1)).timestamp()))
        items.touch(exact, int(since.timestamp()))
        pages = await walk(store.open(facts=YES), since=since)
        assert ids_of(pages) == ([str(changed.id)], [str(changed.id), str(variation.id)])
        assert pages[-1].expected == {"products": 1, "variants": 1}
        (product,) = [product for page in pages for product in page.products]
        assert product.modified_at == since + timedelta(seconds=1)
        assert all("Z&" not in asked.query for asked in store.lists())


async def test_since_reads_all_variations_of_the_parents_that_changed() -> None:
    async with woo_store(catalog(variable=4), variations_endpoint=False) as store:
        since = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
        parents = [item for item in store.shop.catalog.items.values() if item.kind == "variable"]
        for item in list(store.shop.catalog.items.values()):
            store.shop.catalog.touch(item, int((since - timedelta(days=1)).timestamp()))
        store.shop.catalog.touch(parents[2], int((since + timedelta(hours=1)).timestamp()))
        pages = await walk(store.open(facts={"variations": "no"}), since=since)
        assert ids_of(pages) == ([str(parents[2].id)], [str(child) for child in parents[2].children])


async def test_pages_that_shift_show_in_the_totals() -> None:
    async with woo_store(catalog(simple=250)) as store:
        store.fault("shifting_pages", next=1)
        pages = await walk(store.open(facts=YES, connector=store.connecting(store_concurrency=1)))
        distinct = set(ids_of(pages)[0])
        told = [page.expected["products"] for page in pages if page.products]
        # Either a total moved, or fewer came than were told: the caller sees that this walk proves nothing.
        assert len(set(told)) > 1 or len(distinct) != told[-1]


async def test_no_more_requests_run_at_once_than_the_settings_say() -> None:
    async with woo_store(catalog(simple=900), latency_s=0.01) as store:
        running = most = 0
        answer = store.shop.faults.strikes

        def counting(kind: str) -> object:
            nonlocal running, most
            if kind == "slow":
                running += 1
                most = max(most, running)
            if kind == "strip_authorization":
                running -= 1
            return answer(kind)

        store.shop.faults.strikes = counting  # type: ignore[method-assign, assignment]
        await walk(store.open(facts=YES, connector=store.connecting(store_concurrency=3)))
        assert most == 3


async def test_a_walk_left_early_leaves_no_request_running() -> None:
    async with woo_store(catalog(simple=900)) as store:
        before = asyncio.all_tasks()
        walking = store.open(facts=YES).read_catalog(PullRequest())
        await anext(walking)
        await walking.aclose()  # type: ignore[attr-defined]
        left = [task for task in asyncio.all_tasks() - before if "fetch" in repr(task) or "_list" in repr(task)]
        assert left == []
        assert len(store.asked) < 9
