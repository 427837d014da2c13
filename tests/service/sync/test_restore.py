"""The catalog goes back to what it was: planned, looked at, applied, and written to stores."""

import uuid
from datetime import datetime
from typing import Any

import pytest

from backend.domain.stock.ledger import Adjustment
from backend.domain.sync.restore import RestorePlan
from backend.kit.errors import DomainError
from backend.models.sync import SyncRun
from backend.ports.actor import Actor
from plugin_bridge.sandbox.generator import generate_products
from tests.support.linked_stores import LinkedStores, article, linked_stores, price_edit, title_edit
from tests.support.product import SimulatedStore, Workbench

pytestmark = pytest.mark.anyio

WHY = "The import was wrong"


@pytest.fixture
async def shop(bench: Workbench) -> LinkedStores:
    return await linked_stores(bench)


async def clock(shop: LinkedStores) -> datetime:
    moment: datetime = await shop.bench.value("SELECT clock_timestamp()")
    return moment


async def plan(shop: LinkedStores, what: str, *given: Any, actor: Actor | None = None, **more: Any) -> RestorePlan:
    async with shop.bench.container.transaction() as services:
        made: RestorePlan = await getattr(services.restore, what)(actor or shop.actor, *given, **more)
        return made


async def refused(shop: LinkedStores, what: str, *given: Any, **more: Any) -> DomainError:
    with pytest.raises(DomainError) as error:
        await plan(shop, what, *given, **more)
    return error.value


async def carried_out(shop: LinkedStores, run_id: uuid.UUID, reason: str = "") -> SyncRun:
    """Apply a plan and carry it out, as far as the catalog goes: no store is there to be spoken to."""
    async with shop.bench.container.transaction() as services:
        await services.previews.apply(shop.actor, run_id, reason=reason)
    await shop.bench.container.store_push.run(run_id)
    return await shop.bench.run(shop.actor, run_id)


async def planned_changes(shop: LinkedStores, run_id: uuid.UUID) -> list[dict[str, Any]]:
    query = "SELECT fields FROM sync_changes WHERE run_id = :run ORDER BY id"
    return [row[0] for row in await shop.bench.rows(query, run=run_id)]


async def test_a_product_goes_back_with_its_variants_and_is_due_in_its_stores(shop: LinkedStores) -> None:
    first, second = await shop.store(), await shop.store()
    await first.shows(article())
    product_id, _ = ids = await shop.ids()
    await second.link(*ids)
    then, before = await clock(shop), await shop.held()
    await shop.edit(price_edit(ids, "12"), title_edit(ids, "Cup"))
    await shop.edit(price_edit(ids, "13"))
    made = await plan(shop, "product", product_id, then)
    assert (made.run.kind, made.run.state, made.run.store_id) == ("restore", "planned", first.id)
    assert (made.fields, made.left) == ({"price": 1, "title": 1}, ())
    assert await planned_changes(shop, made.run.id) == [{"title": ["Cup", "Product 1"]}, {"price": ["13", "10"]}]
    assert (await shop.held())["price"] == "13", "a plan changes nothing"
    run = await carried_out(shop, made.run.id)
    assert (run.state, run.stats["changes_applied"]) == ("completed", 2)
    assert await shop.held() == before
    assert [origin for _, origin in await shop.history()] == ["person"] * 3 + ["restore"] * 2
    assert await first.beside() == (None, None), "it was never written 12 or 13"


async def test_what_a_store_was_written_meanwhile_is_due_there_again(shop: LinkedStores) -> None:
    store = await shop.store()
    await store.shows(article())
    ids = await shop.ids()
    then = await clock(shop)
    await shop.edit(price_edit(ids, "12"))
    await shop.bench.rows("UPDATE listings SET shown = NULL, due = NULL WHERE store_id = :id RETURNING 1", id=store.id)
    await carried_out(shop, (await plan(shop, "product", ids[0], then)).run.id)
    assert await store.beside() == ({"price": "12"}, ["price"])
    pushes = "SELECT kind, state FROM sync_runs WHERE store_id = :id AND kind = 'push'"
    assert await shop.bench.rows(pushes, id=store.id) == [("push", "queued")]


async def test_one_field_goes_back_and_the_others_stay(shop: LinkedStores) -> None:
    await (await shop.store()).shows(article())
    product_id, variant_id = ids = await shop.ids()
    then = await clock(shop)
    await shop.edit(price_edit(ids, "12"), title_edit(ids, "Cup"))
    made = await plan(shop, "field", product_id, "price", then, variant_id=variant_id)
    assert made.fields == {"price": 1}
    await carried_out(shop, made.run.id)
    held = await shop.held()
    assert (held["price"], held["title"]) == ("10", "Cup")


async def test_what_moves_between_plan_and_application_is_left_alone_and_named(shop: LinkedStores) -> None:
    await (await shop.store()).shows(article("1"), article("2"))
    first, second = await shop.ids("S-1"), await shop.ids("S-2")
    store_id = await shop.bench.value("SELECT id FROM stores WHERE organization_id = :org", org=shop.actor.tenant)
    then = await clock(shop)
    await shop.edit(price_edit(first, "12"), price_edit(second, "13"))
    made = await plan(shop, "store", store_id, then)
    await shop.edit(price_edit(second, "14"))
    run = await carried_out(shop, made.run.id)
    assert (run.stats["changes_applied"], run.stats["changes_skipped"]) == (1, 1)
    assert [(await shop.held(sku))["price"] for sku in ("S-1", "S-2")] == ["10", "14"]
    skipped = "SELECT code FROM sync_changes WHERE run_id = :run AND state = 'skipped'"
    assert await shop.bench.rows(skipped, run=made.run.id) == [("changed_since",)]


async def test_pieces_follow_the_ledger_and_are_named(shop: LinkedStores) -> None:
    await (await shop.store()).shows(article())
    product_id, variant_id = ids = await shop.ids()
    then = await clock(shop)
    async with shop.bench.container.transaction() as services:
        await services.stock_ledger.adjust(
            shop.actor, [Adjustment(variant_id=variant_id, delta=2, reason="correction")]
        )
    assert (await refused(shop, "product", product_id, then)).code == "NOTHING_TO_RESTORE"
    await shop.edit(price_edit(ids, "12"))
    made = await plan(shop, "product", product_id, then)
    assert [(one.field, one.reason.split(":")[0]) for one in made.left] == [
        ("stock", "pieces of 1 variants changed since")
    ]
    assert [issue.code for issue in await shop.bench.issues(shop.actor, made.run.id)] == ["not_restored"]
    await carried_out(shop, made.run.id)
    assert (await shop.held())["stock"] == 5
    assert (await refused(shop, "field", product_id, "stock", then, variant_id=variant_id)).code == "FIELD_UNKNOWN"


async def test_a_store_goes_back_whole_and_other_stores_products_stay(
    shop: LinkedStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.domain.sync.restore.PAGE", 3)
    one, other = await shop.store(), await shop.store()
    await one.shows(*(article(str(number)) for number in range(1, 9)))
    await other.shows(article("20"))
    then = await clock(shop)
    for number in (*range(1, 9), 20):
        await shop.edit(price_edit(await shop.ids(f"S-{number}"), "11"))
    await one.shows(article("9"))
    made = await plan(shop, "store", one.id, then)
    assert made.fields == {"price": 8}
    assert [(left.label, left.reason) for left in made.left] == [("Product 9", "it came later: it stays as it is")]
    assert made.run.stats["fields"] == {"price": 8}
    run = await carried_out(shop, made.run.id)
    assert run.stats["changes_applied"] == 8
    assert [(await shop.held(f"S-{number}"))["price"] for number in (1, 8, 9, 20)] == ["10", "10", "10", "11"]


async def test_when_too_many_prices_would_move_it_takes_a_reason(shop: LinkedStores) -> None:
    store = await shop.store()
    await store.shows(*(article(str(number)) for number in range(1, 13)))
    then = await clock(shop)
    for number in range(1, 13):
        await shop.edit(price_edit(await shop.ids(f"S-{number}"), "100"))
    made = await plan(shop, "store", store.id, then)
    assert (made.run.state, made.run.error_code) == ("planned", "push_prices_move")
    with pytest.raises(DomainError) as error:
        await carried_out(shop, made.run.id)
    assert error.value.code == "REASON_INVALID"
    await carried_out(shop, made.run.id, WHY)
    assert (await shop.held("S-7"))["price"] == "10"
    reasons = "SELECT DISTINCT reason FROM field_changes WHERE organization_id = :org AND origin = 'restore'"
    assert await shop.bench.rows(reasons, org=shop.actor.tenant) == [(WHY,)]


async def test_products_that_left_since_are_named_and_the_others_restored(shop: LinkedStores) -> None:
    store = await shop.store()
    await store.shows(article("1"), article("2"))
    first, second = await shop.ids("S-1"), await shop.ids("S-2")
    then = await clock(shop)
    await shop.edit(price_edit(first, "12"), price_edit(second, "12"))
    org = shop.actor.tenant
    for table in ("products", "variants"):
        key = "id" if table == "products" else "product_id"
        await shop.bench.rows(f"UPDATE {table} SET deleted_at = now() WHERE {key} = :id RETURNING 1", id=second[0])
    await shop.bench.rows(
        "UPDATE product_links SET gone_at = now() WHERE organization_id = :org AND external_id = '2' RETURNING 1",
        org=org,
    )
    made = await plan(shop, "store", store.id, then)
    assert made.fields == {"price": 1}
    assert [(left.label, left.reason.split(":")[0]) for left in made.left] == [
        ("Product 2", "it is not in the catalog any more")
    ]
    assert (await refused(shop, "product", second[0], then)).code == "NOTHING_TO_RESTORE"


async def test_a_product_in_no_store_is_looked_after_by_the_oldest_connected_one(shop: LinkedStores) -> None:
    first, second = await shop.store(), await shop.store()
    await second.shows(article())
    ids = await shop.ids()
    then = await clock(shop)
    await shop.edit(price_edit(ids, "12"))
    gone = "UPDATE product_links SET gone_at = now() WHERE organization_id = :org RETURNING 1"
    await shop.bench.rows(gone, org=shop.actor.tenant)
    assert (await plan(shop, "product", ids[0], then)).run.store_id == first.id
    resting = "UPDATE stores SET state = 'disconnected' WHERE organization_id = :org RETURNING 1"
    await shop.bench.rows(resting, org=shop.actor.tenant)
    assert (await refused(shop, "product", ids[0], then)).code == "STORE_NOT_CONNECTED"


async def test_a_newer_plan_takes_the_place_of_the_older_one(shop: LinkedStores) -> None:
    await (await shop.store()).shows(article())
    ids = await shop.ids()
    then = await clock(shop)
    await shop.edit(price_edit(ids, "12"))
    older = await plan(shop, "product", ids[0], then)
    newer = await plan(shop, "field", ids[0], "price", then, variant_id=ids[1])
    states = [(await shop.bench.run(shop.actor, one.run.id)).state for one in (older, newer)]
    assert states == ["discarded", "planned"]


async def test_a_refused_plan_leaves_the_older_one_standing(shop: LinkedStores) -> None:
    await (await shop.store()).shows(article())
    ids = await shop.ids()
    then = await clock(shop)
    await shop.edit(price_edit(ids, "12"))
    standing = await plan(shop, "product", ids[0], then)
    assert (await refused(shop, "product", ids[0], await clock(shop))).code == "NOTHING_TO_RESTORE"
    assert (await shop.bench.run(shop.actor, standing.run.id)).state == "planned"


async def test_a_restore_can_be_taken_back(shop: LinkedStores) -> None:
    await (await shop.store()).shows(article())
    ids = await shop.ids()
    then = await clock(shop)
    await shop.edit(price_edit(ids, "12"))
    made = await plan(shop, "product", ids[0], then)
    await carried_out(shop, made.run.id)
    async with shop.bench.container.transaction() as services:
        undo = await services.undo.plan(shop.actor, made.run.id)
    await carried_out(shop, undo.run.id)
    assert (await shop.held())["price"] == "12"


async def test_carrying_it_out_twice_changes_nothing_more(shop: LinkedStores) -> None:
    await (await shop.store()).shows(article())
    ids = await shop.ids()
    then = await clock(shop)
    await shop.edit(price_edit(ids, "12"))
    made = await plan(shop, "product", ids[0], then)
    await carried_out(shop, made.run.id)
    before = await shop.history()
    await shop.bench.container.store_push.run(made.run.id)
    assert await shop.history() == before


@pytest.mark.parametrize("field", ["stock", "price", "deleted", "handle", ""])
async def test_what_is_no_synced_field_of_a_product_is_refused(shop: LinkedStores, field: str) -> None:
    await (await shop.store()).shows(article())
    product_id, _ = await shop.ids()
    assert (await refused(shop, "field", product_id, field, await clock(shop))).code == "FIELD_UNKNOWN"


@pytest.mark.parametrize("role", ["plugin", "unproven"])
async def test_tokens_of_plugins_restore_nothing(shop: LinkedStores, role: str) -> None:
    await (await shop.store()).shows(article())
    product_id, _ = await shop.ids()
    actor = Actor(organization_id=shop.actor.tenant, role=role)
    error = await refused(shop, "product", product_id, await clock(shop), actor=actor)
    assert error.code == "INSUFFICIENT_ROLE"


async def test_strangers_products_and_stores_are_not_found(shop: LinkedStores, bench: Workbench) -> None:
    store = await shop.store()
    await store.shows(article())
    product_id, variant_id = await shop.ids()
    stranger = LinkedStores(bench, await bench.organization())
    await stranger.store()
    then = await clock(shop)
    for what, given, more in (
        ("product", (product_id, then), {}),
        ("field", (product_id, "price", then), {"variant_id": variant_id}),
        ("store", (store.id, then), {}),
        ("product", (2**70, then), {}),
    ):
        assert (await refused(stranger, what, *given, **more)).code == "NOT_FOUND"
    assert (await refused(shop, "field", product_id, "price", then, variant_id=2**62)).code == "NOT_FOUND"


async def test_prices_in_a_real_store_go_back_too(bench: Workbench) -> None:
    actor = await bench.organization()
    store: SimulatedStore = bench.store(generate_products(5))
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    shop = LinkedStores(bench, actor)
    before = {row["sku"]: row["price"] for row in store.control("GET", "catalog") if row["sku"]}
    then = await clock(shop)
    sku = await bench.value(
        "SELECT sku FROM variants WHERE organization_id = :org AND price > 2 LIMIT 1", org=actor.tenant
    )
    async with bench.container.transaction() as services:
        done = await services.catalog_edits.apply(actor, [price_edit(await shop.ids(sku), "1")], origin="person")
        await services.push_requests.soon(actor, done.due_stores)
    await bench.work_off()
    assert {row["sku"]: row["price"] for row in store.control("GET", "catalog")}[sku] != before[sku]
    made = await plan(shop, "store", store_id, then)
    async with bench.container.transaction() as services:
        await services.previews.apply(actor, made.run.id)
    await bench.work_off()
    after = {row["sku"]: row["price"] for row in store.control("GET", "catalog") if row["sku"]}
    assert {sku: float(price) for sku, price in after.items()} == {sku: float(price) for sku, price in before.items()}
