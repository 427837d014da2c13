"""A pull that would store something odd is held before it does, says why, and can be let through."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from backend.models.sync import SyncRun
from backend.ports.store_platform import CatalogPage, PlatformProduct, PlatformVariant, RowIssue
from tests.support.product import Workbench
from tests.support.shown_store import ShownStore

pytestmark = pytest.mark.anyio

LONG_AGO = datetime.now(UTC) - timedelta(days=30)
PRICES = "SELECT price, count(*) FROM variants WHERE organization_id = :org GROUP BY price ORDER BY price"
PIECES = "SELECT on_hand, count(*) FROM stock_levels WHERE organization_id = :org GROUP BY on_hand ORDER BY on_hand"


def simple(number: int, price: str | None = "10", stock: int | None = 5) -> PlatformProduct:
    """Return a product that is sold as it is."""
    sold = PlatformVariant(
        external_id=str(number),
        external_product_id=str(number),
        sku=f"S-{number}",
        price=None if price is None else Decimal(price),
        stock=stock,
        modified_at=LONG_AGO,
    )
    return PlatformProduct(external_id=str(number), title=f"P {number}", modified_at=LONG_AGO, variants=(sold,))


def shop(size: int, changed: int = 0, **changes: Any) -> list[PlatformProduct]:
    """Return so many products, the first of which are different."""
    return [simple(number, **changes) if number < changed else simple(number) for number in range(size)]


def unreadable(count: int) -> list[RowIssue]:
    message = "'12,50' cannot be read as a price"
    return [RowIssue(code="price_unreadable", message=message, external_id=str(number)) for number in range(count)]


async def failures(store: ShownStore) -> list[tuple[Any, ...]]:
    """Return what the organization was told of runs that did not end well."""
    told = "SELECT payload ->> 'code' FROM events WHERE organization_id = :org AND type = 'sync.failed' ORDER BY id"
    return await store.rows(told)


async def let_through(store: ShownStore, run_id: uuid.UUID) -> SyncRun:
    async with store.bench.container.transaction() as services:
        return await services.held_runs.run_anyway(store.actor, run_id, "We had to, it is right")


async def test_a_source_that_writes_prices_in_another_way_is_held(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await store.pull("full", *shop(40))
    run = await store.pull("delta", *shop(40, changed=30, price=None), issues=unreadable(30))
    assert (run.mode, run.state, run.error_code) == ("delta", "held", "format_changed")
    assert "30 rows of this run have the issue price_unreadable" in (run.error_message or "")
    assert [issue.code for issue in await bench.issues(store.actor, run.id)] == ["format_changed"]
    assert await store.rows(PRICES) == [(Decimal(10), 40)], "nothing of the step was stored"


async def test_a_source_that_always_wrote_so_is_not_held(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    first = await store.pull("full", *shop(40, changed=30, price=None), issues=unreadable(30))
    assert first.state == "completed", "there is nothing before it that it could differ from"
    again = await store.pull("full", *shop(41, changed=30, price=None), issues=unreadable(30))
    assert again.state == "completed"


async def test_a_held_delta_is_let_through_as_a_delta(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await store.pull("full", *shop(40))
    held = await store.pull("delta", *shop(40, changed=30, price=None), issues=unreadable(30))
    asked = await let_through(store, held.id)
    assert asked.mode == "delta"
    run = await store.run("delta")
    assert (run.id, run.state) == (asked.id, "completed")
    assert await store.rows(PRICES) == [(Decimal(10), 10), (None, 30)]


async def test_a_store_that_is_held_every_few_minutes_says_so_once(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await store.pull("full", *shop(40))
    for _ in range(3):
        run = await store.pull("delta", *shop(40, changed=30, price=None), issues=unreadable(30))
        assert run.state == "held"
    assert await failures(store) == [("format_changed",)]
    await store.pull("delta")
    await store.pull("delta", *shop(40, changed=30, price=None), issues=unreadable(30))
    assert await failures(store) == [("format_changed",), ("format_changed",)], "it was well in between"


async def test_an_older_held_run_can_be_let_through_until_a_run_that_reads_as_much_is_completed(
    bench: Workbench,
) -> None:
    store = await ShownStore.connect(bench)
    await store.pull("full", *shop(40))
    held = await store.pull("delta", *shop(40, changed=30, price=None), issues=unreadable(30))
    await store.pull("delta", *shop(40, changed=30, price=None), issues=unreadable(30))
    asked = await let_through(store, held.id)
    assert asked.unguarded_reason == "We had to, it is right"


async def test_stock_that_vanishes_is_held(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await store.pull("full", *shop(40))
    run = await store.pull("delta", *shop(40, changed=13, stock=0))
    assert (run.state, run.error_code) == ("held", "stock_zeroed")
    assert "13 of 40 counted listings" in (run.error_message or "")
    assert await store.rows(PIECES) == [(5, 40)]
    few = await store.pull("delta", *shop(40, changed=12, stock=0))
    assert few.state == "completed"
    assert await store.rows(PIECES) == [(0, 12), (5, 28)]


async def test_prices_that_move_far_are_held(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await store.pull("full", *shop(40))
    run = await store.pull("delta", *shop(40, changed=11, price="1"))
    assert (run.state, run.error_code) == ("held", "prices_moved")
    assert "11 of 40 prices move by more than 50%" in (run.error_message or "")
    assert await store.rows(PRICES) == [(Decimal(10), 40)]
    near = await store.pull("delta", *shop(40, changed=40, price="14"))
    assert near.state == "completed"


async def test_steps_of_one_run_are_held_together(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await store.pull("full", *shop(40))
    halves = shop(40, changed=20, stock=0)
    store.show(
        *(
            CatalogPage(cursor=f"1:products:{100 * n}:100::", products=tuple(halves[n : n + 1]), last=n == 19)
            for n in range(20)
        )
    )
    run = await store.run("delta")
    assert (run.state, run.error_code) == ("held", "stock_zeroed")
    let = await let_through(store, run.id)
    assert (await store.run("delta")).id == let.id
    assert await store.rows(PIECES) == [(0, 20), (5, 20)]


async def test_a_run_with_a_reason_passes_all_guards(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await store.pull("full", *shop(40))
    held = await store.pull("full", *shop(40, changed=40, price="1", stock=0), issues=unreadable(40))
    assert held.state == "held"
    asked = await let_through(store, held.id)
    run = await store.run("full")
    assert (run.id, run.state) == (asked.id, "completed")
    assert await store.rows(PRICES) == [(Decimal(1), 40)]
    assert await store.rows(PIECES) == [(0, 40)]


async def test_a_store_has_its_own_guards(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await store.pull("full", *shop(40))
    lenient = 'UPDATE stores SET settings = \'{"guards": {"price_move": 20}}\' WHERE id = :id RETURNING 1'
    await bench.rows(lenient, id=store.store_id)
    run = await store.pull("delta", *shop(40, changed=40, price="1"))
    assert run.state == "completed"


async def test_a_first_pull_is_never_held(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    run = await store.pull("full", *shop(60, changed=60, price=None, stock=0), issues=unreadable(60))
    assert (run.state, run.stats["products_added"]) == ("completed", 60)
