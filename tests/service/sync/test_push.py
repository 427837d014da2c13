"""What is due in a store is planned, held or written, and can be taken back."""

import uuid
from typing import Any

import pytest
from sqlalchemy import text

from backend.kit.errors import DomainError
from backend.models.sync import SyncRun
from backend.ports.actor import Actor
from plugin_bridge.sandbox.generator import generate_products
from tests.support.product import SimulatedStore, Workbench

pytestmark = pytest.mark.anyio

REPRICE = text("""
WITH moved AS (
    UPDATE variants SET price = price + :by WHERE organization_id = :org AND sku = ANY(:skus)
    RETURNING id, price - :by AS old
)
UPDATE listings l SET shown = jsonb_build_object('price', trim_scale(moved.old)::text), due = '{price}'
FROM moved WHERE l.organization_id = :org AND l.variant_id = moved.id
""")
BESIDE = "SELECT count(*) FROM listings WHERE organization_id = :org AND (shown IS NOT NULL OR due IS NOT NULL)"
DUE = "SELECT count(*) FROM listings WHERE organization_id = :org AND due IS NOT NULL"


async def connected(bench: Workbench, products: int = 20) -> tuple[Actor, uuid.UUID, SimulatedStore]:
    """Connect a store whose products are sold as they are."""
    actor = await bench.organization()
    store = bench.store(generate_products(products))
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    return actor, store_id, store


async def skus_of(bench: Workbench, actor: Actor, most: int = 1_000) -> list[str]:
    query = "SELECT sku FROM variants WHERE organization_id = :org AND price IS NOT NULL ORDER BY id LIMIT :most"
    return [sku for (sku,) in await bench.rows(query, org=actor.tenant, most=most)]


async def reprice(bench: Workbench, actor: Actor, skus: list[str], by: int = 1) -> None:
    """Raise prices in the catalog: due in every store."""
    async with bench.container.begin() as session:
        await session.execute(REPRICE, {"org": actor.tenant, "skus": skus, "by": by})


async def push(bench: Workbench, actor: Actor, store_id: uuid.UUID) -> SyncRun:
    """Have what is due written, as the clock does, and return the newest push."""
    await bench.container.due_pushes.start()
    await bench.work_off()
    return await newest(bench, actor, store_id)


async def newest(bench: Workbench, actor: Actor, store_id: uuid.UUID, kind: str = "push") -> SyncRun:
    query = (
        "SELECT id FROM sync_runs WHERE store_id = :store AND kind = :kind ORDER BY created_at DESC, id DESC LIMIT 1"
    )
    return await bench.run(actor, await bench.value(query, store=store_id, kind=kind))


def prices(store: SimulatedStore) -> dict[str, str]:
    return {row["sku"]: row["price"] for row in store.control("GET", "catalog") if row["sku"]}


def writes(store: SimulatedStore) -> list[dict[str, Any]]:
    return [row for row in store.control("GET", "writes") if "webhooks" not in row["path"]]


async def test_what_is_due_is_written_and_then_due_no_more(bench: Workbench) -> None:
    actor, store_id, store = await connected(bench)
    skus = await skus_of(bench, actor, 3)
    before = prices(store)
    await reprice(bench, actor, skus)
    run = await push(bench, actor, store_id)
    assert (run.state, run.stats["changes_applied"], run.stats["products_updated"]) == ("completed", 3, 3)
    moved = {sku: float(price) - float(before[sku]) for sku, price in prices(store).items() if price != before[sku]}
    assert moved == pytest.approx(dict.fromkeys(skus, 1.0))
    assert await bench.value(BESIDE, org=actor.tenant) == 0
    events = await bench.rows("SELECT type FROM events WHERE organization_id = :org ORDER BY id", org=actor.tenant)
    assert [one for (one,) in events][-2:] == ["sync.started", "sync.completed"]


async def test_the_echo_of_a_push_is_no_change_and_no_push(bench: Workbench) -> None:
    actor, store_id, store = await connected(bench)
    await reprice(bench, actor, await skus_of(bench, actor, 3))
    await push(bench, actor, store_id)
    written = len(writes(store))
    pulled = await bench.pull(actor, store_id, "delta")
    assert pulled.state == "completed"
    assert pulled.stats["variants_updated"] == 3  # seen, and equal to what the catalog holds
    assert await bench.container.due_pushes.start() == 0
    await bench.work_off()
    assert len(writes(store)) == written
    assert await bench.value(BESIDE, org=actor.tenant) == 0


async def test_a_thousand_prices_take_as_many_requests_as_batches(bench: Workbench) -> None:
    actor, store_id, store = await connected(bench, 1_000)
    skus = await skus_of(bench, actor)
    async with bench.container.transaction() as services:
        await services.store_settings.change(actor, store_id, {"guards": {"price_move_share": 1}})
    await reprice(bench, actor, skus)
    asked = len(store.control("GET", "requests"))
    run = await push(bench, actor, store_id)
    assert run.state == "completed"
    assert run.stats["changes_applied"] == len(skus)
    simple = -(-len(skus) // 100)
    assert len(store.control("GET", "requests")) - asked <= simple + 2


async def test_a_preview_writes_nothing_and_is_applied_as_it_was_looked_at(bench: Workbench) -> None:
    actor, store_id, store = await connected(bench)
    skus = await skus_of(bench, actor, 2)
    before = prices(store)
    async with bench.container.transaction() as services:
        await services.store_settings.change(actor, store_id, {"push": "manual"})
    await reprice(bench, actor, skus)
    assert await bench.container.due_pushes.start() == 0
    async with bench.container.transaction() as services:
        run = await services.previews.preview(actor, store_id)
        page = await services.previews.changes(actor, run.id)
    assert (run.state, run.error_code) == ("planned", None)
    assert [list(change.fields) for change in page.changes] == [["price"], ["price"]]
    assert page.counts["planned"] == 2
    await bench.work_off()
    assert prices(store) == before
    async with bench.container.transaction() as services:
        await services.previews.apply(actor, run.id)
    await bench.work_off()
    assert {sku for sku, price in prices(store).items() if price != before[sku]} == set(skus)
    assert (await bench.run(actor, run.id)).state == "completed"


async def test_what_changed_after_the_preview_is_skipped_and_said(bench: Workbench) -> None:
    actor, store_id, store = await connected(bench)
    first, second = await skus_of(bench, actor, 2)
    before = prices(store)
    async with bench.container.transaction() as services:
        await services.store_settings.change(actor, store_id, {"push": "manual"})
    await reprice(bench, actor, [first, second])
    async with bench.container.transaction() as services:
        run = await services.previews.preview(actor, store_id)
    async with bench.container.begin() as session:
        await session.execute(
            text("UPDATE variants SET price = price + 5 WHERE organization_id = :org AND sku = :sku"),
            {"org": actor.tenant, "sku": first},
        )
    async with bench.container.transaction() as services:
        await services.previews.apply(actor, run.id)
    await bench.work_off()
    assert prices(store)[first] == before[first]
    assert prices(store)[second] != before[second]
    async with bench.container.transaction() as services:
        page = await services.previews.changes(actor, run.id)
    assert [(change.state, change.code) for change in page.changes] == [
        ("skipped", "changed_since"),
        ("applied", "written"),
    ]


async def test_an_undo_gives_the_store_its_prices_back_and_keeps_them(bench: Workbench) -> None:
    actor, store_id, store = await connected(bench)
    before = prices(store)
    await reprice(bench, actor, await skus_of(bench, actor, 3))
    pushed = await push(bench, actor, store_id)
    async with bench.container.transaction() as services:
        plan = await services.undo.plan(actor, pushed.id)
    assert plan.left == ()
    async with bench.container.transaction() as services:
        await services.previews.apply(actor, plan.run.id)
    await bench.work_off()
    undone = await bench.run(actor, plan.run.id)
    assert (undone.state, undone.kind, undone.undoes, undone.stats["changes_applied"]) == (
        "completed",
        "undo",
        pushed.id,
        3,
    )
    assert prices(store) == before
    assert await bench.value(DUE, org=actor.tenant) == 0
    assert await bench.container.due_pushes.start() == 0
    with pytest.raises(DomainError) as refused:
        async with bench.container.transaction() as services:
            await services.undo.plan(actor, pushed.id)
    assert refused.value.code == "RUN_NOT_UNDOABLE"


async def test_an_undo_names_what_changed_since_and_leaves_it(bench: Workbench) -> None:
    actor, store_id, store = await connected(bench)
    first, second = await skus_of(bench, actor, 2)
    before = prices(store)
    await reprice(bench, actor, [first, second])
    pushed = await push(bench, actor, store_id)
    store.control("POST", "change", {"sku": first, "price": "77.00"})
    await bench.pull(actor, store_id, "delta")
    async with bench.container.transaction() as services:
        plan = await services.undo.plan(actor, pushed.id)
    [left] = plan.left
    assert (left.field, first in left.label, "77" in left.reason) == ("price", True, True)
    async with bench.container.transaction() as services:
        await services.previews.apply(actor, plan.run.id)
    await bench.work_off()
    assert prices(store)[first] == "77.00"
    assert prices(store)[second] == before[second]


async def test_many_large_price_moves_wait_for_a_person_who_says_why(bench: Workbench) -> None:
    actor, store_id, store = await connected(bench, 30)
    skus = await skus_of(bench, actor, 20)
    before = prices(store)
    await reprice(bench, actor, skus, by=100_000)
    held = await push(bench, actor, store_id)
    assert (held.state, held.error_code) == ("held", "push_prices_move")
    assert prices(store) == before
    assert await bench.container.due_pushes.start() == 0, "a held run is not planned again behind a person's back"
    with pytest.raises(DomainError) as refused:
        async with bench.container.transaction() as services:
            await services.previews.apply(actor, held.id)
    assert refused.value.code == "REASON_INVALID"
    async with bench.container.transaction() as services:
        await services.previews.apply(actor, held.id, reason="The yen is our new currency")
    await bench.work_off()
    assert (await bench.run(actor, held.id)).state == "completed"
    assert {sku for sku, price in prices(store).items() if price != before[sku]} == set(skus)
    kept = "SELECT facts ->> 'reason' FROM audit_entries WHERE organization_id = :org AND action = 'sync.run_anyway'"
    assert await bench.rows(kept, org=actor.tenant) == [("The yen is our new currency",)]


async def test_a_discarded_run_leaves_the_store_as_it_is(bench: Workbench) -> None:
    actor, store_id, store = await connected(bench, 30)
    before = prices(store)
    await reprice(bench, actor, await skus_of(bench, actor, 20), by=100_000)
    held = await push(bench, actor, store_id)
    async with bench.container.transaction() as services:
        await services.previews.discard(actor, held.id)
    assert await bench.container.due_pushes.start() == 0
    assert (await bench.run(actor, held.id)).state == "discarded"
    assert await bench.value(DUE, org=actor.tenant) == 0
    assert prices(store) == before


async def test_staff_may_look_but_not_apply(bench: Workbench) -> None:
    actor, store_id, _ = await connected(bench)
    staff = Actor(organization_id=actor.tenant, user_id=uuid.uuid4(), role="staff")
    await reprice(bench, actor, await skus_of(bench, actor, 1))
    async with bench.container.transaction() as services:
        run = await services.previews.preview(staff, store_id)
    with pytest.raises(DomainError) as refused:
        async with bench.container.transaction() as services:
            await services.previews.apply(staff, run.id)
    assert refused.value.code == "INSUFFICIENT_ROLE"


async def test_another_organizations_runs_do_not_exist(bench: Workbench) -> None:
    actor, store_id, _ = await connected(bench)
    stranger = await bench.organization()
    async with bench.container.transaction() as services:
        run = await services.previews.preview(actor, store_id)
    for call in ("apply", "discard", "changes"):
        with pytest.raises(DomainError) as refused:
            async with bench.container.transaction() as services:
                await getattr(services.previews, call)(stranger, run.id)
        assert refused.value.code == "NOT_FOUND"
    with pytest.raises(DomainError) as refused:
        async with bench.container.transaction() as services:
            await services.previews.preview(stranger, store_id)
    assert refused.value.code == "NOT_FOUND"


async def test_a_refused_listing_says_why_and_can_be_tried_again(bench: Workbench) -> None:
    actor, store_id, store = await connected(bench)
    [sku] = await skus_of(bench, actor, 1)
    await reprice(bench, actor, [sku])
    async with bench.container.begin() as session:
        await session.execute(
            text("UPDATE variants SET sale_price = price + 1 WHERE organization_id = :org AND sku = :sku"),
            {"org": actor.tenant, "sku": sku},
        )
        await session.execute(
            text("""UPDATE listings SET due = '{price,sale_price}', shown = shown || '{"sale_price": null}'
                    WHERE organization_id = :org AND due IS NOT NULL"""),
            {"org": actor.tenant},
        )
    run = await push(bench, actor, store_id)
    assert (run.state, run.stats["errors"]) == ("completed", 1)
    async with bench.container.transaction() as services:
        [bad] = (await services.listings.page(actor, store_id, state="error")).rows
        counts = await services.listings.counts(actor, store_id)
    assert (bad.sku, bad.error_code, counts["error"]) == (sku, "price_invalid", 1)
    assert "price" in bad.advice
    assert await bench.container.due_pushes.start() == 0, "what a store refuses is not sent again and again"
    told = "SELECT payload ->> 'code' FROM events WHERE organization_id = :org AND type = 'listing.error'"
    assert await bench.rows(told, org=actor.tenant) == [("price_invalid",)]
    async with bench.container.begin() as session:
        await session.execute(
            text("UPDATE variants SET sale_price = NULL WHERE organization_id = :org AND sku = :sku"),
            {"org": actor.tenant, "sku": sku},
        )
    async with bench.container.transaction() as services:
        assert await services.listings.retry(actor, store_id, bad.external_id) == 1
    await bench.work_off()
    async with bench.container.transaction() as services:
        assert (await services.listings.counts(actor, store_id))["error"] == 0
    assert await bench.value(DUE, org=actor.tenant) == 0
    assert store.control("GET", "catalog")


async def test_an_answer_that_is_lost_after_the_store_did_the_work_is_no_second_write(bench: Workbench) -> None:
    actor, store_id, store = await connected(bench)
    await reprice(bench, actor, await skus_of(bench, actor, 5))
    store.fault("timeout_after_write", next=1)
    await bench.container.due_pushes.start()
    await bench.work_off()
    run = await newest(bench, actor, store_id)
    while run.state in ("queued", "running"):
        await bench.hurry()
        await bench.work_off()
        run = await newest(bench, actor, store_id)
    assert (run.state, run.stats["changes_applied"]) == ("completed", 5)
    assert await bench.value(BESIDE, org=actor.tenant) == 0
