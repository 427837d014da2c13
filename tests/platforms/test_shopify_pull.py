"""Whole pulls of a simulated shop into the catalog: first walk, changes, deletions, waiting, dying, failing."""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from backend.domain.sync.start import pull_key
from backend.settings import Shopify
from plugin_bridge.shopify import id_walk
from tests.support.product import Workbench
from tests.support.shopify import CLIENT_ID, CLIENT_SECRET, ShopifyShop, shopify_shop
from tests.support.shopify_work import Work

pytestmark = pytest.mark.anyio


_numbers = itertools.count(1)


@pytest.fixture
def shop() -> Iterator[ShopifyShop]:
    options = {"bulk_delay_s": 0.02, "locations": ["Berlin", "Bremen"], "restore_rate": 20_000.0}
    # The tests share a database, where a shop belongs to one account.
    with shopify_shop(30, variants_per_product=3, key=f"loom-{next(_numbers)}", options=options) as made:
        yield made


@pytest.fixture
async def work(shop: ShopifyShop, database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Work]:
    settings = Shopify(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, shop_url=shop.shop_url_template)
    bench = Workbench(database_url, redis_url, tmp_path, shopify=settings)
    made = Work(bench, shop)
    made.hurry()
    yield made
    await bench.aclose()


async def test_the_first_pull_brings_the_whole_catalog(work: Work) -> None:
    await work.connect()
    await work.bench.work_off()
    run = await work.latest()
    assert (run.state, run.mode, run.error_code) == ("completed", "full", None)
    assert await work.counts() == (30, 90)
    assert (run.stats["products_added"], run.stats["variants_added"]) == (30, 90)
    assert run.stats["errors"] == 0
    row = work.shop.catalog[7]
    assert await work.price(row["sku"]) == f"{float(row['price']):.2f}"


async def test_a_second_full_pull_changes_nothing(work: Work) -> None:
    await work.connect()
    await work.bench.work_off()
    run = await work.pull()
    assert run.state == "completed"
    assert (run.stats["products_unchanged"], run.stats["variants_unchanged"]) == (30, 90)
    assert (run.stats["variants_updated"], run.stats["products_updated"]) == (0, 0)


async def test_a_delta_brings_what_changed_and_leaves_the_rest(work: Work) -> None:
    await work.connect()
    await work.bench.work_off()
    row = work.shop.catalog[3]
    work.shop.change(row["sku"], price="123.45")
    run = await work.pull("delta")
    assert (run.state, run.mode) == ("completed", "delta")
    assert run.stats["variants_updated"] == 1
    assert await work.price(row["sku"]) == "123.45"
    assert await work.counts() == (30, 90)


async def test_whole_walks_and_deltas_agree_on_every_row(work: Work) -> None:
    """Else each would write again what the other wrote."""
    await work.connect()
    await work.bench.work_off()
    # The shop was made a moment ago, so the overlap shows everything again.
    run = await work.pull("delta")
    assert run.stats["products_unchanged"] + run.stats["variants_unchanged"] > 0
    assert (run.stats["products_updated"], run.stats["variants_updated"]) == (0, 0)


async def test_a_full_pull_finds_what_is_gone(work: Work) -> None:
    await work.connect()
    await work.bench.work_off()
    work.shop.change(work.shop.catalog[0]["sku"], delete=True)
    run = await work.pull()
    assert run.state == "completed"
    assert run.stats["products_removed"] == 1
    assert await work.counts() == (29, 87)


async def test_children_before_their_parents_bring_the_same(work: Work) -> None:
    work.shop.fault("children_first")
    await work.connect()
    await work.bench.work_off()
    assert (await work.latest()).state == "completed"
    assert await work.counts() == (30, 90)
    work.shop.clear_faults()
    run = await work.pull()
    assert run.stats["variants_unchanged"] == 90


async def test_a_run_that_waits_for_shopify_gives_its_worker_back(work: Work) -> None:
    work.hurry(here_s=0.2)
    work.shop.fault("bulk_stuck")
    await work.connect()
    await work.bench.work_off()
    waiting = await work.latest()
    assert waiting.state == "running"
    assert waiting.cursor is not None
    assert await work.bench.issues(work.actor, waiting.id) == []
    put_off = "run_at > now() + interval '10 s' AND attempts = 0 AND state = 'queued'"
    assert await work.bench.value(f"SELECT {put_off} FROM jobs WHERE unique_key = :key", key=pull_key(waiting.id))
    # The finish webhook has the job run at once; it goes on with the same operations.
    work.shop.clear_faults()
    async with work.bench.container.transaction() as services:
        assert await services.jobs.hasten(pull_key(waiting.id))
    work.hurry()
    await work.bench.work_off()
    done = await work.latest()
    assert (done.id, done.state) == (waiting.id, "completed")
    assert await work.counts() == (30, 90)
    assert len(work.shop.state["bulk_operations"]) == 2


async def test_a_failed_export_ends_the_run_by_name_and_removes_nothing(work: Work) -> None:
    await work.connect()
    await work.bench.work_off()
    work.shop.fault("bulk_failed")
    run = await work.pull()
    assert (run.state, run.error_code) == ("failed", "bulk_failed")
    assert await work.counts() == (30, 90)


async def test_a_token_that_ended_is_renewed_on_the_way(work: Work) -> None:
    await work.connect()
    work.shop.fault("unauthorized", next=1)
    await work.bench.work_off()
    assert (await work.latest()).state == "completed"


async def test_a_revoked_installation_lets_the_store_rest(work: Work) -> None:
    await work.connect()
    work.shop.fault("token_revoked", next=1)
    await work.bench.work_off()
    run = await work.latest()
    assert run.state == "failed"
    state = await work.bench.value("SELECT state FROM stores WHERE id = :store", store=work.store_id)
    assert state == "needs_reauth"


async def test_an_empty_shop_that_had_products_holds_the_run(work: Work) -> None:
    await work.connect()
    await work.bench.work_off()
    for sku in {row["product_id"]: row["sku"] for row in work.shop.catalog}.values():
        work.shop.change(sku, delete=True, silent=True)
    run = await work.pull()
    assert (run.state, run.error_code) == ("held", "source_empty")
    assert await work.counts() == (30, 90)


@pytest.mark.parametrize("bulk_from", [1, 2_500], ids=["by_an_export", "page_by_page"])
async def test_a_sweep_meets_what_a_whole_walk_met_and_finds_what_is_gone(
    work: Work, bulk_from: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(id_walk, "BULK_FROM", bulk_from)
    await work.connect()
    await work.bench.work_off()
    run = await work.pull("sweep")
    assert (run.mode, run.state) == ("sweep", "completed")
    assert await work.bench.issues(work.actor, run.id) == []
    assert await work.counts() == (30, 90)
    work.shop.change(work.shop.catalog[0]["sku"], delete=True)
    run = await work.pull("sweep")
    assert (run.state, run.stats["products_removed"], run.stats["variants_removed"]) == ("completed", 1, 3)
    assert await work.counts() == (29, 87)
