"""Conflicts, links, stock, oversells, histories and restores, as an operator types them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from plugin_bridge.sandbox.generator import generate_products
from tests.service.commands.conftest import Refused, Typed
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio


async def stocked(bench: Workbench) -> dict[str, Any]:
    """A connected store of three products; ids of the first counted variant."""
    actor = await bench.organization()
    store_id = await bench.connect(actor, bench.store(generate_products(3)))
    await bench.work_off()
    row = await bench.rows(
        "SELECT v.id, v.product_id, l.external_id, k.on_hand FROM variants v"
        " JOIN listings l ON l.organization_id = v.organization_id AND l.variant_id = v.id"
        " JOIN stock_levels k ON k.organization_id = v.organization_id AND k.variant_id = v.id"
        " WHERE v.organization_id = :org AND k.on_hand > 0 AND v.price IS NOT NULL ORDER BY v.id LIMIT 1",
        org=actor.tenant,
    )
    names = ("variant", "product", "external_id", "on_hand")
    return {"org": actor.tenant, "store": store_id, **dict(zip(names, row[0], strict=True))}


async def run_sql(bench: Workbench, statement: str, **values: Any) -> None:
    async with bench.container.begin() as session:
        await session.execute(text(statement), values)


async def test_pieces_are_adjusted_counted_and_their_history_shown(bench: Workbench, typed: Typed) -> None:
    shop = await stocked(bench)
    where = ("--organization", shop["org"])
    more = await typed("stock", "adjust", shop["variant"], "--by", "2", "--reference", "found two", *where)
    assert (more["changed"], more["levels"][0]["on_hand"]) == (True, shop["on_hand"] + 2)
    counted = await typed("stock", "adjust", shop["variant"], "--count", "1", *where)
    assert counted["levels"][0]["on_hand"] == 1
    await bench.work_off()
    shown = await typed("stock", "history", shop["variant"], *where)
    assert [(one["reason"], one["balance"]) for one in shown["adjustments"][:2]] == [
        ("count", 1),
        ("correction", shop["on_hand"] + 2),
    ]
    assert "found two" in await typed("stock", "history", shop["variant"], *where, as_json=False)
    levels = await typed("stock", "levels", "--variant", shop["variant"], *where)
    assert [one["on_hand"] for one in levels["levels"]] == [1]


@pytest.mark.parametrize("wanted", [(), ("--by", "1", "--count", "1"), ("--by", "-99999999")])
async def test_an_adjustment_that_cannot_be_is_one_line(
    bench: Workbench, typed: Typed, wanted: tuple[str, ...]
) -> None:
    shop = await stocked(bench)
    with pytest.raises(Refused) as refused:
        await typed("stock", "adjust", shop["variant"], *wanted, "--organization", shop["org"])
    assert len(str(refused.value).strip().splitlines()) == 1


async def test_an_oversell_is_listed_and_settled(bench: Workbench, typed: Typed) -> None:
    shop = await stocked(bench)
    await run_sql(
        bench,
        "INSERT INTO oversells (organization_id, store_id, order_id, order_number, line_id, variant_id, missing)"
        " VALUES (:org, :store, '7', '#1007', '1', :variant, 2)",
        org=shop["org"],
        store=shop["store"],
        variant=shop["variant"],
    )
    where = ("--organization", shop["org"])
    (case,) = (await typed("oversells", "list", *where))["oversells"]
    assert (case["order_number"], case["missing"]) == ("#1007", 2)
    assert "order #1007" in await typed("oversells", "list", *where, as_json=False)
    settled = await typed("oversells", "settle", case["id"], "--note", "Refunded", *where)
    assert (settled["state"], settled["note"]) == ("settled", "Refunded")
    assert "nothing is open" in await typed("oversells", "list", *where, as_json=False)


async def test_a_conflict_is_listed_and_decided(bench: Workbench, typed: Typed) -> None:
    shop = await stocked(bench)
    await run_sql(
        bench,
        "INSERT INTO sync_conflicts (organization_id, store_id, product_id, variant_id, external_id, field, hub_value,"
        """ store_value) VALUES (:org, :store, :product, :variant, :external, 'price', '{"value": "5"}',"""
        """ '{"value": "6"}')""",
        org=shop["org"],
        store=shop["store"],
        product=shop["product"],
        variant=shop["variant"],
        external=shop["external_id"],
    )
    where = ("--organization", shop["org"])
    (row,) = (await typed("conflicts", "list", *where))["conflicts"]
    assert (row["hub"]["value"], row["shown"]["value"]) == ("5", "6")
    assert "catalog: 5, store: 6" in await typed("conflicts", "list", *where, as_json=False)
    assert (await typed("conflicts", "decide", row["id"], "hub", *where))["settled"] == 1
    assert (await typed("conflicts", "list", *where))["conflicts"] == []
    assert len((await typed("conflicts", "list", "--settled", *where))["conflicts"]) == 1
    with pytest.raises(Refused, match="decided already"):
        await typed("conflicts", "decide", row["id"], "store", *where)


async def test_a_link_is_listed_confirmed_and_cut(bench: Workbench, typed: Typed) -> None:
    shop = await stocked(bench)
    other = await bench.connect(await bench.container.operator_for_store(shop["store"]), bench.store(_elsewhere()))
    await bench.work_off()
    ((product, external),) = await bench.rows(
        "SELECT product_id, external_id FROM product_links WHERE store_id = :store LIMIT 1", store=other
    )
    await run_sql(
        bench,
        "INSERT INTO link_suggestions (organization_id, store_id, external_id, product_id, candidate_id, reason)"
        " VALUES (:org, :store, :external, :product, :candidate, 'partly')",
        org=shop["org"],
        store=other,
        external=external,
        product=product,
        candidate=shop["product"],
    )
    where = ("--organization", shop["org"])
    (row,) = (await typed("links", "list", *where))["suggestions"]
    assert row["candidate"]["product_id"] == shop["product"]
    assert "may be" in await typed("links", "list", *where, as_json=False)
    assert (await typed("links", "confirm", row["id"], *where))["product_id"] == shop["product"]
    cut = await typed("links", "cut", other, external, "--reason", "It is blue")
    assert cut["product_id"] != shop["product"]
    with pytest.raises(Refused, match="not found"):
        await typed("links", "reject", 2**62, *where)


def _elsewhere() -> list[Any]:
    """One product that no other store has."""
    return list(generate_products(9))[8:]


async def test_a_product_goes_back_to_what_it_was(bench: Workbench, typed: Typed) -> None:
    shop = await stocked(bench)
    then = datetime.now(UTC) - timedelta(minutes=30)
    for table in ("products", "variants"):
        await run_sql(
            bench,
            f"UPDATE {table} SET created_at = :past WHERE organization_id = :org",
            org=shop["org"],
            past=then - timedelta(days=1),
        )
    await run_sql(
        bench,
        "INSERT INTO field_changes (organization_id, product_id, changes, origin)"
        " SELECT organization_id, id, jsonb_build_object('title', jsonb_build_array('Old name', title)), 'person'"
        " FROM products WHERE organization_id = :org AND id = :product",
        org=shop["org"],
        product=shop["product"],
    )
    where = ("--organization", shop["org"])
    shown = await typed("history", shop["product"], *where)
    assert any("title" in one["changes"] for one in shown["entries"])
    assert "title Old name" in await typed("history", shop["product"], *where, as_json=False)
    plan = await typed("restore", "product", shop["product"], "--at", f"{then:%Y-%m-%dT%H:%M:%SZ}", *where)
    assert (plan["type"], plan["status"]) == ("restore", "planned")
    (change,) = plan["changes"]
    assert change["fields"]["title"]["new"] == "Old name"
    await typed("sync", "apply", plan["sync_id"])
    await bench.work_off()
    title = "SELECT title FROM products WHERE organization_id = :org AND id = :product"
    assert await bench.value(title, org=shop["org"], product=shop["product"]) == "Old name"


async def test_a_whole_store_is_planned_to_go_back(bench: Workbench, typed: Typed) -> None:
    shop = await stocked(bench)
    with pytest.raises(Refused, match="nothing to restore"):
        await typed("restore", "store", shop["store"], "--at", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}")
    with pytest.raises(Refused, match="a time that has been"):
        await typed("restore", "store", shop["store"], "--at", "2999-01-01")
