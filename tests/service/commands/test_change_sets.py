"""`sync preview`, `apply`, `undo` and their like, as an operator types them, against a simulated store."""

import uuid

import pytest
from sqlalchemy import text

from backend.ports.actor import Actor
from plugin_bridge.sandbox.generator import generate_products
from tests.service.commands.conftest import Refused, Typed
from tests.support.product import SimulatedStore, Workbench

pytestmark = pytest.mark.anyio

RAISE = text("""
WITH moved AS (
    UPDATE variants SET price = price + 1 WHERE organization_id = :org AND price IS NOT NULL
    RETURNING id, price - 1 AS old
)
UPDATE listings l SET shown = jsonb_build_object('price', trim_scale(moved.old)::text), due = '{price}'
FROM moved WHERE l.organization_id = :org AND l.variant_id = moved.id
""")
NOBODY = "00000000-0000-7000-8000-000000000000"


async def raised_prices(bench: Workbench, products: int = 4) -> tuple[Actor, uuid.UUID, SimulatedStore]:
    """Connect a store and raise all prices in the catalog; pushes wait for a person."""
    actor = await bench.organization()
    store = bench.store(generate_products(products))
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    async with bench.container.transaction() as services:
        await services.store_settings.change(actor, store_id, {"push": "manual", "guards": {"price_move": 10}})
    async with bench.container.begin() as session:
        await session.execute(RAISE, {"org": actor.tenant})
    return actor, store_id, store


def prices(store: SimulatedStore) -> dict[str, float]:
    return {row["sku"]: float(row["price"]) for row in store.control("GET", "catalog") if row["sku"] and row["price"]}


async def test_a_store_is_previewed_applied_and_taken_back(bench: Workbench, typed: Typed) -> None:
    _, store_id, store = await raised_prices(bench)
    before = prices(store)
    planned = await typed("sync", "preview", store_id)
    assert (planned["type"], planned["status"], planned["held"], planned["more"]) == ("push", "planned", None, 0)
    assert planned["counts"]["update"] == len(planned["changes"]) == len(before)
    for change in planned["changes"]:
        assert list(change["fields"]) == ["price"]
        price = change["fields"]["price"]
        assert float(price["new"]) - float(price["old"]) == pytest.approx(1)
    assert prices(store) == before
    applied = await typed("sync", "apply", planned["sync_id"])
    assert (applied["type"], applied["status"]) == ("push", "queued")
    await bench.work_off()
    assert prices(store) == pytest.approx({sku: price + 1 for sku, price in before.items()})
    undone = await typed("sync", "undo", planned["sync_id"])
    assert (undone["type"], undone["undoes"], undone["left"]) == ("undo", planned["sync_id"], [])
    await bench.work_off()
    assert prices(store) == before
    shown = await typed("sync", "changes", undone["sync_id"], "--state", "applied")
    assert (shown["status"], len(shown["changes"])) == ("completed", len(before))


async def test_a_dry_undo_names_what_stays_and_writes_nothing(bench: Workbench, typed: Typed) -> None:
    actor, store_id, store = await raised_prices(bench)
    planned = await typed("sync", "preview", store_id)
    await typed("sync", "apply", planned["sync_id"])
    await bench.work_off()
    raised = prices(store)
    async with bench.container.begin() as session:
        await session.execute(
            text(
                """UPDATE listings SET shown = '{"price": "777"}' WHERE organization_id = :org AND external_id = :id"""
            ),
            {"org": actor.tenant, "id": planned["changes"][0]["external_id"]},
        )
    plan = await typed("sync", "undo", planned["sync_id"], "--dry-run")
    await bench.work_off()
    assert prices(store) == raised
    assert (plan["status"], len(plan["changes"])) == ("planned", len(raised) - 1)
    ((label, field, reason),) = [(one["label"], one["field"], one["reason"]) for one in plan["left"]]
    assert (label, field) == (planned["changes"][0]["label"], "price")
    assert "777" in reason
    people = await typed("sync", "undo", planned["sync_id"], "--dry-run", as_json=False)
    assert f"stays: {label} price: changed since" in people


async def test_a_held_preview_is_applied_with_a_reason_alone(bench: Workbench, typed: Typed) -> None:
    _, store_id, _ = await raised_prices(bench)
    await typed("store", "settings", store_id, "--set", "guards.price_move=0.0001", "--set", "guards.free=0")
    planned = await typed("sync", "preview", store_id)
    assert planned["held"]["code"] == "push_prices_move"
    with pytest.raises(Refused, match=r"reason: .* Say why it is right"):
        await typed("sync", "apply", planned["sync_id"])
    assert (await typed("sync", "apply", planned["sync_id"], "--reason", "All got dearer"))["status"] == "queued"


async def test_a_held_push_is_let_through_like_any_held_run(bench: Workbench, typed: Typed) -> None:
    _, store_id, store = await raised_prices(bench)
    before = prices(store)
    settings = ("push=auto", "guards.price_move=0.0001", "guards.free=0")
    await typed("store", "settings", store_id, *(part for one in settings for part in ("--set", one)))
    await bench.container.due_pushes.start()
    await bench.work_off()
    held = next(one for one in await typed("sync", "history", store_id) if one["type"] == "push")
    assert (held["status"], prices(store)) == ("held", before)
    await typed("sync", "run-anyway", held["sync_id"], "--reason", "All got dearer")
    await bench.work_off()
    assert prices(store) != before


async def test_a_discarded_preview_cannot_be_applied(bench: Workbench, typed: Typed) -> None:
    _, store_id, _ = await raised_prices(bench)
    planned = await typed("sync", "preview", store_id)
    assert (await typed("sync", "discard", planned["sync_id"]))["status"] == "discarded"
    with pytest.raises(Refused, match="there is nothing to apply"):
        await typed("sync", "apply", planned["sync_id"])


async def test_a_long_change_set_is_printed_page_by_page(bench: Workbench, typed: Typed) -> None:
    _, store_id, _ = await raised_prices(bench, 7)
    planned = await typed("sync", "preview", store_id, "--most", "2")
    assert len(planned["changes"]) == 2
    assert planned["more"] == planned["counts"]["planned"] - 2
    rest = await typed("sync", "changes", planned["sync_id"], "--after", planned["next_after"])
    assert len(rest["changes"]) == planned["more"]
    assert rest["next_after"] is None


async def test_people_read_a_line_for_each_change(bench: Workbench, typed: Typed) -> None:
    _, store_id, _ = await raised_prices(bench)
    lines = (await typed("sync", "preview", store_id, as_json=False)).splitlines()
    assert "status      planned" in lines
    assert sum(line.startswith("planned  update  variant  ") and "price" in line for line in lines) >= 4


async def test_settings_are_shown_changed_and_set_back(bench: Workbench, typed: Typed) -> None:
    actor = await bench.organization()
    store_id = await bench.connect(actor, bench.store([]))
    changed = await typed("store", "settings", store_id, "--set", "owners.price=hub", "--set", "guards.free=0")
    assert (changed["owners"]["price"], changed["guards"]["free"]) == ("hub", 0)
    again = await typed("store", "settings", store_id, "--set", "owners.price=")
    assert (again["owners"]["price"], again["guards"]["free"]) == ("newest", 0)
    assert "guards.free              0" in await typed("store", "settings", store_id, as_json=False)


@pytest.mark.parametrize("wrong", ["owners.price=nobody", "owners=hub", "nonsense=1", "push.x=1", "guards.free=many"])
async def test_a_wrong_setting_is_one_line(bench: Workbench, typed: Typed, wrong: str) -> None:
    actor = await bench.organization()
    store_id = await bench.connect(actor, bench.store([]))
    with pytest.raises(Refused) as refused:
        await typed("store", "settings", store_id, "--set", wrong)
    assert len(str(refused.value).strip().splitlines()) == 1


async def test_what_a_store_did_not_take_is_listed_and_written_again(bench: Workbench, typed: Typed) -> None:
    actor, store_id, _ = await raised_prices(bench)
    async with bench.container.begin() as session:
        await session.execute(
            text("""UPDATE listings SET state = 'error', error_code = 'price_invalid', error_message = 'No',
                    failed_at = now() WHERE organization_id = :org"""),
            {"org": actor.tenant},
        )
    shown = await typed("listings", "list", store_id, "--state", "error", "--most", "1")
    assert shown["counts"]["error"] == shown["counts"]["total"] >= 4
    assert shown["listings"][0]["advice"].startswith("Correct the price")
    assert shown["next_after"] == shown["listings"][0]["external_id"]
    assert await typed("listings", "retry", store_id, shown["next_after"]) == {"retried": 1}
    assert "price_invalid: No" in await typed("listings", "list", store_id, as_json=False)
    assert (await typed("listings", "retry", store_id))["retried"] == shown["counts"]["error"] - 1


async def test_a_product_is_asked_to_be_taken_off_sale(bench: Workbench, typed: Typed) -> None:
    actor, store_id, _ = await raised_prices(bench)
    product = await bench.value("SELECT min(id) FROM products WHERE organization_id = :org", org=actor.tenant)
    await typed("listings", "remove", store_id, product)
    planned = await typed("sync", "preview", store_id)
    assert [one["product_id"] for one in planned["changes"] if one["action"] == "delete"] == [product]
    await typed("listings", "add", store_id, product)
    assert (await typed("sync", "preview", store_id))["counts"]["delete"] == 0


@pytest.mark.parametrize(
    "arguments",
    [("sync", "preview"), ("sync", "undo"), ("sync", "apply"), ("store", "settings"), ("listings", "list")],
    ids=" ".join,
)
async def test_what_nobody_knows_is_one_line(typed: Typed, arguments: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match=r"^storeloom: .* not found"):
        await typed(*arguments, NOBODY)
