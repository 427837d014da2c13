"""A store's catalog comes in whole, again and again, and nothing that is uncertain is deleted."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from decimal import Decimal

import pytest
from woocommerce import API

from backend.domain.stores.opening import StoreOpening
from backend.domain.sync.pull import StorePull
from backend.models.stores import Store
from backend.ports.store_platform import CatalogPage, PullRequest, StorePlatform
from plugin_bridge.sandbox.generator import generate_products
from tests.support.product import KEY, SECRET, SimulatedStore, Workbench

pytestmark = pytest.mark.anyio

LIVE_PRODUCTS = "SELECT count(*) FROM products WHERE organization_id = :org AND deleted_at IS NULL"
LIVE_VARIANTS = "SELECT count(*) FROM variants WHERE organization_id = :org AND deleted_at IS NULL"


def delete_in_store(store: SimulatedStore, skus: list[str]) -> None:
    """Remove products for good, as a merchant would."""
    for sku in skus:
        store.control("POST", "change", {"sku": sku, "delete": "force"})


async def test_first_pull_brings_every_product_and_variation(bench: Workbench) -> None:
    actor = await bench.organization()
    store = bench.store(generate_products(120, 3))
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    async with bench.container.transaction() as services:
        run = (await services.sync.history(actor, store_id))[0]
    assert (run.state, run.mode) == ("completed", "full")
    assert run.stats["products_added"] == 120
    assert await bench.value(LIVE_PRODUCTS, org=actor.tenant) == 120
    assert await bench.value(LIVE_VARIANTS, org=actor.tenant) == 360
    truth = {row["sku"]: row for row in store.control("GET", "catalog") if row["type"] == "variation"}
    rows = await bench.rows(
        "SELECT v.sku, v.price, k.on_hand FROM variants v JOIN stock_levels k ON k.variant_id = v.id"
        " WHERE v.organization_id = :org",
        org=actor.tenant,
    )
    assert len(rows) == 360
    for sku, price, on_hand in rows:
        assert price == Decimal(truth[sku]["price"])
        assert on_hand == truth[sku]["stock"]


async def test_full_pull_asks_exactly_the_pages_there_are(bench: Workbench) -> None:
    actor = await bench.organization()
    store = bench.store(generate_products(250, 2))
    store_id = await bench.connect(actor, store)
    before = len(store.list_requests())
    await bench.work_off()
    asked = len(store.list_requests()) - before
    assert store_id
    assert asked == 3 + 5


async def test_second_full_pull_writes_nothing(bench: Workbench) -> None:
    actor = await bench.organization()
    store_id = await bench.connect(actor, bench.store(generate_products(30, 2)))
    await bench.work_off()
    stamps = "SELECT id, xmin FROM products WHERE organization_id = :org ORDER BY id"
    before = await bench.rows(stamps, org=actor.tenant)
    revision = await bench.value("SELECT catalog_revision FROM organizations WHERE id = :org", org=actor.tenant)
    run = await bench.pull(actor, store_id)
    assert run.stats["products_unchanged"] == 30
    assert run.stats["variants_unchanged"] == 60
    assert await bench.rows(stamps, org=actor.tenant) == before
    assert await bench.value("SELECT catalog_revision FROM organizations WHERE id = :org", org=actor.tenant) == revision


async def test_delta_pull_brings_only_what_changed(bench: Workbench) -> None:
    actor = await bench.organization()
    store = bench.store(generate_products(40))
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    sku = await bench.value(
        "SELECT sku FROM variants WHERE organization_id = :org ORDER BY id LIMIT 1", org=actor.tenant
    )
    store.control("POST", "change", {"sku": sku, "price": "77.70", "stock": 5})
    run = await bench.pull(actor, store_id, "delta")
    assert (run.state, run.mode) == ("completed", "delta")
    assert (run.stats["variants_updated"], run.stats["products_added"]) == (1, 0)
    assert await bench.value(
        "SELECT price FROM variants WHERE organization_id = :org AND sku = :sku", org=actor.tenant, sku=sku
    ) == Decimal("77.70")


async def test_what_left_the_store_is_marked_gone_after_a_verified_walk(bench: Workbench) -> None:
    actor = await bench.organization()
    store = bench.store(generate_products(50))
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    skus = [
        row[0] for row in await bench.rows("SELECT sku FROM variants WHERE organization_id = :org", org=actor.tenant)
    ]
    delete_in_store(store, skus[:5])
    run = await bench.pull(actor, store_id)
    assert run.state == "completed"
    assert run.stats["products_removed"] == 5
    assert await bench.value(LIVE_PRODUCTS, org=actor.tenant) == 45
    assert await bench.value("SELECT count(*) FROM sync_seen") == 0


async def test_a_catalog_that_shrank_by_ninety_per_cent_is_held(bench: Workbench) -> None:
    actor = await bench.organization()
    store = bench.store(generate_products(50))
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    skus = [
        row[0] for row in await bench.rows("SELECT sku FROM variants WHERE organization_id = :org", org=actor.tenant)
    ]
    delete_in_store(store, skus[:45])
    run = await bench.pull(actor, store_id)
    assert (run.state, run.error_code) == ("held", "source_shrank")
    assert [issue.code for issue in await bench.issues(actor, run.id)] == ["source_shrank"]
    assert await bench.value(LIVE_PRODUCTS, org=actor.tenant) == 50


async def test_a_catalog_of_zero_products_is_held(bench: Workbench) -> None:
    actor = await bench.organization()
    store = bench.store(generate_products(4))
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    skus = [
        row[0] for row in await bench.rows("SELECT sku FROM variants WHERE organization_id = :org", org=actor.tenant)
    ]
    delete_in_store(store, skus)
    run = await bench.pull(actor, store_id)
    assert (run.state, run.error_code) == ("held", "source_empty")
    assert await bench.value(LIVE_PRODUCTS, org=actor.tenant) == 4


async def test_a_list_of_products_that_is_empty_beside_full_variations_is_held(bench: Workbench) -> None:
    """A plugin that hides every product from the list leaves their variations in theirs."""
    actor = await bench.organization()
    store = bench.store(generate_products(15, 3))
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    shelf = store.app.shop.catalog.shelf
    for item in [item for item in store.app.shop.catalog.items.values() if not item.is_variation]:
        for status in ("any", "publish"):
            shelf("products", status).remove(item.id, item.modified_at)
    run = await bench.pull(actor, store_id)
    assert (run.state, run.error_code) == ("held", "source_empty")
    assert await bench.value(LIVE_PRODUCTS, org=actor.tenant) == 15


async def test_an_empty_new_store_syncs_without_complaint(bench: Workbench) -> None:
    actor = await bench.organization()
    store_id = await bench.connect(actor, bench.store([]))
    await bench.work_off()
    run = await bench.pull(actor, store_id)
    assert run.state == "completed"
    assert await bench.issues(actor, run.id) == []


async def test_s2s_23_plan_limit_is_named_and_nothing_is_dropped_silently(bench: Workbench) -> None:
    actor = await bench.organization("starter")
    store_id = await bench.connect(actor, bench.store(generate_products(1_010)))
    await bench.work_off()
    async with bench.container.transaction() as services:
        run = (await services.sync.history(actor, store_id))[0]
    assert run.state == "completed"
    assert run.stats["over_limit"] == 10
    issues = await bench.issues(actor, run.id)
    assert [issue.code for issue in issues] == ["PIM_PRODUCT_LIMIT"]
    assert "1000" in issues[0].message
    assert await bench.value(LIVE_PRODUCTS, org=actor.tenant) == 1_000


@pytest.mark.parametrize(
    ("fault", "code"),
    [("html", "not_json"), ("truncated_json", "not_json"), ("server_error", "server_error")],
)
async def test_a_store_that_answers_nonsense_is_a_named_issue(bench: Workbench, fault: str, code: str) -> None:
    actor = await bench.organization()
    store = bench.store(generate_products(5))
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    store.fault(fault, rate=1)
    async with bench.container.transaction() as services:
        requested = await services.sync.request_pull(actor, store_id, mode="full")
    await bench.work_off()
    run = await bench.run(actor, requested.id)
    assert run.state == "running", "it is tried again later"
    # A store that failed often is left alone for a moment, which is noted as well.
    codes = [issue.code for issue in await bench.issues(actor, run.id)]
    assert [one for one in codes if one != "unreachable"] == [code]
    store.heal()
    await bench.hurry()
    await bench.work_off()
    assert (await bench.run(actor, run.id)).state == "completed"
    assert await bench.value(LIVE_PRODUCTS, org=actor.tenant) == 5


async def test_a_throttled_run_waits_without_losing_a_try(bench: Workbench) -> None:
    actor = await bench.organization()
    store = bench.store(generate_products(5))
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    store.fault("rate_limited", rate=1)
    async with bench.container.transaction() as services:
        requested = await services.sync.request_pull(actor, store_id, mode="full")
    await bench.work_off()
    run = await bench.run(actor, requested.id)
    assert run.state == "running"
    assert [issue.code for issue in await bench.issues(actor, run.id)] == ["throttled"]
    rows = await bench.rows(
        "SELECT attempts, run_at > now() FROM jobs WHERE organization_id = :org AND state = 'queued'"
        " AND name = 'sync.pull_store'",
        org=actor.tenant,
    )
    assert rows == [(0, True)]


async def test_a_revoked_key_sends_the_store_to_rest_once(bench: Workbench) -> None:
    actor = await bench.organization()
    store = bench.store(generate_products(5))
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    store.fault("unauthorized", rate=1)
    run = await bench.pull(actor, store_id)
    assert (run.state, run.error_code) == ("failed", "key_revoked")
    assert await bench.value("SELECT state FROM stores WHERE id = :id", id=store_id) == "needs_reauth"
    events = "SELECT count(*) FROM events WHERE organization_id = :org AND type = 'store.needs_reauth'"
    assert await bench.value(events, org=actor.tenant) == 1
    assert await bench.value(LIVE_PRODUCTS, org=actor.tenant) == 5


async def test_pages_that_shift_under_the_walk_never_lose_a_product(bench: Workbench) -> None:
    actor = await bench.organization()
    store = bench.store(generate_products(350))
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    store.fault("shifting_pages", next=2)
    run = await bench.pull(actor, store_id)
    assert run.state == "completed"
    store.heal()
    await bench.pull(actor, store_id)
    assert await bench.value(LIVE_PRODUCTS, org=actor.tenant) == 350


async def test_s2s_09_a_store_disconnected_in_the_middle_ends_its_run(bench: Workbench) -> None:
    actor = await bench.organization()
    store = bench.store(generate_products(12_000), latency_s=0.1)
    store_id = await bench.connect(actor, store)
    worker = asyncio.create_task(bench.work_off())
    await bench.until("SELECT count(*) > 0 FROM listings WHERE store_id = :id", id=store_id)
    await bench.rows("UPDATE stores SET state = 'disconnected' WHERE id = :id RETURNING id", id=store_id)
    await worker
    async with bench.container.transaction() as services:
        run = (await services.sync.history(actor, store_id))[0]
    assert (run.state, run.error_code) == ("failed", "store_not_connected")
    await asyncio.sleep(0.5)  # the store still logs what was in flight
    asked = len(store.list_requests())
    assert asked < 110  # of 122: what was read ahead is all that is asked for in vain
    await asyncio.sleep(0.5)
    assert len(store.list_requests()) == asked, "a disconnected store gets no further request"


async def test_a_product_that_slipped_through_shifted_pages_is_not_taken_for_gone(bench: Workbench) -> None:
    """One product goes and another comes between two pages: the count fits, the walk still missed one."""
    actor = await bench.organization()
    store = bench.store(generate_products(250))
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    opened = StoreOpening(bench.container.begin, bench.container.sealer, bench.container.platforms)
    swap = Swapping(opened, store)
    swapping = StorePull(bench.container.begin, swap, bench.container.product_limit)
    async with bench.container.transaction() as services:
        run = await services.sync.request_pull(actor, store_id, mode="full")
    await swapping.run(run.id)
    ended = await bench.run(actor, run.id)
    assert ended.state == "completed"
    assert ended.walk == 2, "the first walk was refuted and done again"
    assert ended.stats["products_removed"] == 1
    assert await bench.value(LIVE_PRODUCTS, org=actor.tenant) == 250
    gone = await bench.rows(
        "SELECT external_id FROM product_links WHERE organization_id = :org AND gone_at IS NOT NULL", org=actor.tenant
    )
    assert gone == [(swap.taken,)]


class Swapping:
    """Opens stores whose first product vanishes, and which get a new one, behind the first page."""

    def __init__(self, opener: StoreOpening, store: SimulatedStore) -> None:
        self._opener = opener
        self._store = store
        self.taken = ""

    async def open(self, store: Store) -> "SwappingStore":
        return SwappingStore(await self._opener.open(store), self._swap)

    def _swap(self) -> None:
        if self.taken:
            return
        rows = self._store.control("GET", "catalog")
        first = min(rows, key=lambda row: int(row["id"]))
        self.taken = str(first["id"])
        self._store.control("POST", "change", {"sku": first["sku"], "delete": "force"})
        body = {"name": "Came meanwhile", "type": "simple", "sku": "NEW-1", "regular_price": "5.00"}
        API(self._store.url, KEY, SECRET, version="wc/v3").post("products", body)


class SwappingStore:
    """A store read one page at a time, so that the swap falls between two pages."""

    def __init__(self, platform: StorePlatform, swap: Callable[[], None]) -> None:
        self._platform = platform
        self._swap = swap

    async def read_catalog(self, request: PullRequest) -> AsyncIterator[CatalogPage]:
        cursor = request.cursor
        while True:
            async with aclosing(self._platform.read_catalog(PullRequest(cursor=cursor))) as pages:
                page = await anext(pages)
            yield page
            await asyncio.to_thread(self._swap)
            if page.last:
                return
            cursor = page.cursor

    async def still_listed(self, products: Sequence[str], variants: Sequence[str]) -> bool:
        return await self._platform.still_listed(products, variants)

    async def aclose(self) -> None:
        await self._platform.aclose()
