"""What a stock write asks of a shop, and under which key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.ports.store_writes import StockWrite, WriteResult
from plugin_bridge.shopify.stock_plans import StockPlan, batches, idempotency_key, plan
from plugin_bridge.shopify.wire import Quantity
from plugin_bridge.shopify.write_answers import CountedItem, CountedVariant, Held, HeldAt, HeldPage


def write(key: str = "k", believed: int = 5, target: int = 3) -> StockWrite:
    return StockWrite(key=key, external_product_id="1", external_id="2", believed=believed, target=target)


def variant(*pieces: int, tracked: bool = True) -> CountedVariant:
    levels = [
        Held(location=HeldAt(id=f"gid://shopify/Location/{place}"), quantities=[Quantity(quantity=one)])
        for place, one in enumerate(pieces, 1)
    ]
    item = CountedItem(id="gid://shopify/InventoryItem/7", tracked=tracked, inventory_levels=HeldPage(nodes=levels))
    return CountedVariant(id="gid://shopify/ProductVariant/2", inventory_item=item)


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (None, "gone"),
        (variant(5, tracked=False), "not_counted"),
        (variant(2, 1), "unchanged"),
        (variant(4), "stale"),
    ],
    ids=["gone", "untracked", "there", "stale"],
)
def test_why_nothing_is_written(there: CountedVariant | None, expected: str) -> None:
    found = plan(write(), there)
    assert isinstance(found, WriteResult)
    assert (found.code or found.outcome) == expected


def test_rows_say_what_was_read() -> None:
    found = plan(write(), variant(1, 4))
    assert isinstance(found, StockPlan)
    assert [(one.before, one.after) for one in found.rows] == [(4, 2)]


def test_what_no_place_holds_has_no_rows() -> None:
    found = plan(write(believed=0), variant())
    assert isinstance(found, StockPlan)
    assert found.rows == ()


def test_a_closed_place_does_not_count() -> None:
    there = variant(5, 9)
    there.inventory_item.inventory_levels.nodes[1].location = HeldAt(id="gid://shopify/Location/2", is_active=False)
    assert isinstance(plan(write(), there), StockPlan)


def plans(*keys: str) -> list[StockPlan]:
    found = [plan(write(key), variant(5)) for key in keys]
    return [one for one in found if isinstance(one, StockPlan)]


def test_the_same_list_has_the_same_key_and_another_list_another() -> None:
    one = idempotency_key(plans("a", "b"))
    assert one == idempotency_key(plans("a", "b"))
    assert len({one, idempotency_key(plans("a")), idempotency_key(plans("a", "b"), 1)}) == 3


@given(st.permutations(["a", "b", "c", "d", "e"]), st.integers(1, 6))
def test_lists_do_not_depend_on_the_order_and_keep_to_their_size(order: list[str], most: int) -> None:
    found = batches(plans(*order), most)
    assert [[one.write.key for one in batch] for batch in found] == [
        [one.write.key for one in batch] for batch in batches(plans("a", "b", "c", "d", "e"), most)
    ]
    assert all(len(batch) <= most for batch in found)
    assert sorted(one.write.key for batch in found for one in batch) == ["a", "b", "c", "d", "e"]
