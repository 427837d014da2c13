"""Products that become something else, or for which a plan has no room: whole walks and deltas agree about them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from backend.ports.store_platform import PARENT_MISSING, PlatformProduct, PlatformVariant, RowIssue
from tests.support.product import Workbench
from tests.support.shown_store import ShownStore

pytestmark = pytest.mark.anyio

LONG_AGO = datetime.now(UTC) - timedelta(days=30)
LIVE = (
    "SELECT v.sku FROM variants v JOIN products p ON p.id = v.product_id WHERE v.organization_id = :org"
    " AND v.deleted_at IS NULL AND p.deleted_at IS NULL ORDER BY v.sku"
)


def variant(number: str, parent: str, **changes: Any) -> PlatformVariant:
    """Return a variant that is called after its number."""
    values = {"sku": f"S-{number}", "price": Decimal("9.90"), **changes}
    return PlatformVariant(external_id=number, external_product_id=parent, **values)


def simple(number: str) -> PlatformProduct:
    """Return a product that is sold as it is."""
    return PlatformProduct(
        external_id=number, title=f"P {number}", modified_at=LONG_AGO, variants=(variant(number, number),)
    )


def variable(number: str) -> PlatformProduct:
    """Return a product whose variants come apart from it."""
    return PlatformProduct(external_id=number, title=f"P {number}", modified_at=LONG_AGO, option_names=("Size",))


async def live(store: ShownStore) -> list[object]:
    """Return the SKUs that are for sale."""
    return [row[0] for row in await store.rows(LIVE)]


async def test_a_simple_product_that_becomes_variable_and_back_in_deltas_leaves_no_phantom(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await store.pull("full", simple("1"), simple("2"))
    run = await store.pull("delta", variable("1"), apart=[variant("11", "1"), variant("12", "1")])
    assert (run.mode, run.state) == ("delta", "completed")
    assert await live(store) == ["S-11", "S-12", "S-2"]
    assert run.stats["variants_removed"] == 1
    await store.pull("delta", simple("1"))
    assert await live(store) == ["S-1", "S-2"]
    await store.pull("delta", variable("1"), apart=[variant("11", "1")])
    assert await live(store) == ["S-11", "S-2"]


async def test_a_variable_product_in_a_delta_keeps_its_variations_that_did_not_change(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await store.pull("full", variable("1"), apart=[variant("11", "1"), variant("12", "1")])
    run = await store.pull("delta", variable("1"), apart=[variant("12", "1", price=Decimal("5.00"))])
    assert (run.mode, run.stats["variants_updated"], run.stats["variants_removed"]) == ("delta", 1, 0)
    assert await live(store) == ["S-11", "S-12"]


async def test_a_product_that_becomes_a_variation_of_another(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await store.pull("full", simple("1"), simple("2"), variable("3"), apart=[variant("31", "3")])
    run = await store.pull("full", simple("2"), variable("3"), apart=[variant("31", "3"), variant("1", "3")])
    assert (run.state, run.stats["products_removed"], run.stats["variants_removed"]) == ("completed", 1, 0)
    parents = "SELECT p.title FROM variants v JOIN products p ON p.id = v.product_id WHERE v.sku = 'S-1' AND "
    assert await store.rows(parents + "v.organization_id = :org") == [("P 3",)]
    assert await live(store) == ["S-1", "S-2", "S-31"]


async def test_a_variation_without_a_product_does_not_make_every_walk_look_incomplete(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    astray = RowIssue(code=PARENT_MISSING, message="The variation belongs to no product", external_id="99")
    full = [variable("1"), simple("2"), simple("3")]
    run = await store.pull("full", *full, apart=[variant("11", "1")], issues=[astray], listed_apart=2)
    assert (run.state, run.walk) == ("completed", 1)
    run = await store.pull("full", *full[:2], apart=[variant("11", "1")], issues=[astray], listed_apart=2)
    assert (run.walk, run.stats["products_removed"]) == (1, 1)
    assert [issue.code for issue in await bench.issues(store.actor, run.id)] == [PARENT_MISSING]


async def limit_to(store: ShownStore, most: int | None) -> None:
    """Give the organization a plan of its own."""

    async def product_limit(session: Any, organization_id: Any) -> int | None:
        return most

    store.bench.container.product_limit = product_limit  # type: ignore[method-assign]


async def test_variations_of_products_that_a_plan_leaves_out_are_not_called_astray(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await limit_to(store, 1)
    run = await store.pull("full", variable("1"), variable("2"), apart=[variant("11", "1"), variant("21", "2")])
    assert run.stats["over_limit"] == 1
    assert [issue.code for issue in await bench.issues(store.actor, run.id)] == ["PIM_PRODUCT_LIMIT"]
    run = await store.pull("delta", apart=[variant("21", "2", price=Decimal("1.00"))])
    assert run.mode == "delta"
    assert await bench.issues(store.actor, run.id) == []


async def test_s2s_23_a_larger_plan_brings_what_was_left_out_with_the_next_sync(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await limit_to(store, 1)
    await store.pull("full", simple("1"), simple("2"))
    assert (await store.pull("delta")).mode == "delta", "there is no room yet: a whole walk would bring nothing"
    await limit_to(store, 2)
    run = await store.pull("delta", simple("1"), simple("2"))
    assert (run.mode, run.stats["products_added"]) == ("full", 1)
    await limit_to(store, None)
    assert (await store.pull("delta")).mode == "delta", "nothing is left out any more"


async def test_what_comes_back_needs_room_in_the_plan_like_what_is_new(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await limit_to(store, 3)
    await store.pull("full", simple("1"), simple("2"), simple("3"))
    await store.pull("full", simple("2"), simple("3"))
    await store.pull("full", simple("2"), simple("3"), simple("4"))
    assert await live(store) == ["S-2", "S-3", "S-4"]
    run = await store.pull("full", simple("1"), simple("2"), simple("3"), simple("4"))
    assert (run.state, run.stats["over_limit"]) == ("completed", 1)
    assert await live(store) == ["S-2", "S-3", "S-4"]
    counted = "SELECT count(*) FROM variants WHERE organization_id = :org AND deleted_at IS NULL"
    assert await store.rows(counted) == [(3,)]
    await limit_to(store, 4)
    await store.pull("delta", simple("1"), simple("2"), simple("3"), simple("4"))
    assert await live(store) == ["S-1", "S-2", "S-3", "S-4"]


async def test_variations_of_a_product_that_is_gone_wait_for_it(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await store.pull("full", variable("1"), simple("2"), simple("3"), apart=[variant("11", "1")])
    await store.pull("full", simple("2"), simple("3"), apart=[variant("11", "1")])
    await store.pull("full", simple("2"), simple("3"), apart=[variant("11", "1", price=Decimal("5.00"))])
    assert await live(store) == ["S-2", "S-3"]
    await store.pull("delta", variable("1"), apart=[variant("11", "1", price=Decimal("5.00"))])
    assert await live(store) == ["S-11", "S-2", "S-3"]
    prices = "SELECT price FROM variants WHERE organization_id = :org AND sku = 'S-11'"
    assert await store.rows(prices) == [(Decimal("5.00"),)]
