"""A pull is taken back: the catalog holds again what it held, and the store gets it back too, unless it owns it."""

import uuid

import pytest

from backend.kit.errors import DomainError
from backend.ports.actor import Actor
from plugin_bridge.sandbox.generator import generate_products
from tests.support.product import SimulatedStore, Workbench

pytestmark = pytest.mark.anyio

PRICES = "SELECT sku, trim_scale(price)::text FROM variants WHERE organization_id = :org AND price IS NOT NULL"


async def changed_by_the_store(bench: Workbench) -> tuple[Actor, uuid.UUID, SimulatedStore, uuid.UUID, list[str]]:
    """Connect a store, let its merchant reprice two products and rename one, and pull that."""
    actor = await bench.organization()
    store = bench.store(generate_products(10))
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    query = "SELECT sku FROM variants WHERE organization_id = :org AND sale_price IS NULL ORDER BY id LIMIT 3"
    skus = [sku for (sku,) in await bench.rows(query, org=actor.tenant)]
    for sku in skus[:2]:
        store.control("POST", "change", {"sku": sku, "price": "999.00"})
    store.control("POST", "change", {"sku": skus[2], "title": "Renamed by the merchant"})
    run = await bench.pull(actor, store_id, "delta")
    assert run.stats["products_updated"] == 3
    return actor, store_id, store, run.id, skus


def price_of(store: SimulatedStore, sku: str) -> str:
    return next(row["price"] for row in store.control("GET", "catalog") if row["sku"] == sku)


async def undo(bench: Workbench, actor: Actor, run_id: uuid.UUID) -> uuid.UUID:
    async with bench.container.transaction() as services:
        plan = await services.undo.plan(actor, run_id)
    async with bench.container.transaction() as services:
        await services.previews.apply(actor, plan.run.id)
    await bench.work_off()
    return plan.run.id


async def test_a_pull_that_was_wrong_is_taken_back_in_catalog_and_store(bench: Workbench) -> None:
    actor, _, store, run_id, skus = await changed_by_the_store(bench)
    assert dict(await bench.rows(PRICES, org=actor.tenant))[skus[0]] == "999"
    undone = await undo(bench, actor, run_id)
    run = await bench.run(actor, undone)
    assert (run.state, run.kind, run.stats["changes_applied"]) == ("completed", "undo", 3)
    after = dict(await bench.rows(PRICES, org=actor.tenant))
    assert "999" not in after.values()
    await bench.container.due_pushes.start()
    await bench.work_off()
    assert [price_of(store, sku) for sku in skus[:2]] == [f"{float(after[sku]):.2f}" for sku in skus[:2]]
    titles = {row["title"] for row in store.control("GET", "catalog")}
    assert "Renamed by the merchant" not in titles


async def test_a_store_that_owns_its_prices_keeps_them(bench: Workbench) -> None:
    actor, store_id, store, run_id, skus = await changed_by_the_store(bench)
    async with bench.container.transaction() as services:
        await services.store_settings.change(actor, store_id, {"owners": {"price": "store"}})
    await undo(bench, actor, run_id)
    await bench.container.due_pushes.start()
    await bench.work_off()
    assert price_of(store, skus[0]) == "999.00"
    assert dict(await bench.rows(PRICES, org=actor.tenant))[skus[0]] != "999"


async def test_what_changed_since_the_pull_is_named_and_left(bench: Workbench) -> None:
    actor, store_id, store, run_id, skus = await changed_by_the_store(bench)
    store.control("POST", "change", {"sku": skus[0], "price": "777.00"})
    await bench.pull(actor, store_id, "delta")
    async with bench.container.transaction() as services:
        plan = await services.undo.plan(actor, run_id)
    assert [(left.field, "777" in left.reason) for left in plan.left] == [("price", True)]
    async with bench.container.transaction() as services:
        await services.previews.apply(actor, plan.run.id)
    await bench.work_off()
    assert dict(await bench.rows(PRICES, org=actor.tenant))[skus[0]] == "777"
    assert dict(await bench.rows(PRICES, org=actor.tenant))[skus[1]] != "999"


async def test_an_undo_can_be_undone(bench: Workbench) -> None:
    actor, _, _, run_id, skus = await changed_by_the_store(bench)
    undone = await undo(bench, actor, run_id)
    await undo(bench, actor, undone)
    assert dict(await bench.rows(PRICES, org=actor.tenant))[skus[0]] == "999"


async def test_a_pull_that_changed_nothing_cannot_be_taken_back(bench: Workbench) -> None:
    actor, store_id, _, _, _ = await changed_by_the_store(bench)
    quiet = await bench.pull(actor, store_id)
    with pytest.raises(DomainError) as refused:
        async with bench.container.transaction() as services:
            await services.undo.plan(actor, quiet.id)
    assert refused.value.code == "RUN_NOT_UNDOABLE"


async def test_what_a_pull_took_out_of_the_catalog_comes_back_and_can_be_sold_again(bench: Workbench) -> None:
    actor = await bench.organization()
    store = bench.store(generate_products(20))
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    skus = [row["sku"] for row in store.control("GET", "catalog") if row["sku"]][:3]
    for sku in skus:
        store.control("POST", "change", {"sku": sku, "delete": "force"})
    pulled = await bench.pull(actor, store_id)
    assert pulled.stats["products_removed"] == 3
    live = "SELECT count(*) FROM products WHERE organization_id = :org AND deleted_at IS NULL"
    assert await bench.value(live, org=actor.tenant) == 17
    await undo(bench, actor, pulled.id)
    assert await bench.value(live, org=actor.tenant) == 20
    gone = "SELECT v.product_id FROM variants v WHERE v.organization_id = :org AND v.sku = ANY(:skus)"
    ids = [product for (product,) in await bench.rows(gone, org=actor.tenant, skus=skus)]
    for product_id in ids:
        async with bench.container.transaction() as services:
            await services.listings.ask(actor, store_id, product_id, wanted="listed")
    await bench.work_off()
    shown = [row["sku"] for row in store.control("GET", "catalog")]
    assert all(shown.count(sku) == 1 for sku in skus)
    again = await bench.pull(actor, store_id)
    assert (again.state, again.stats["products_added"]) == ("completed", 0)
    assert await bench.value(live, org=actor.tenant) == 20
