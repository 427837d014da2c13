"""A push that would empty, unlist or reprice much of a store waits for a person."""

import pytest

from backend.domain.stores.settings import Guards
from backend.domain.sync.plan import Change
from backend.domain.sync.push_guards import StoreSize, empties, hides, may_push, moves

SIZE = StoreSize(listings=200, counted=100)


def changes(count: int, action: str = "update", **fields: list[object]) -> list[Change]:
    return [Change(action=action, entity="variant", product_id=n, fields=dict(fields)) for n in range(count)]


def test_small_changes_go_out_by_themselves() -> None:
    assert may_push(changes(200, price=["10", "11"], title=["a", "b"]), SIZE, Guards()) is None


@pytest.mark.parametrize(
    ("many", "code"),
    [
        (changes(21, "delete"), "push_unlists"),
        (changes(21, status=["active", "draft"]), "push_unlists"),
        (changes(31, stock=[4, 0]), "push_empties"),
        (changes(11, price=["10", "16"]), "push_prices_move"),
        (changes(11, price=["10", None]), "push_prices_move"),
    ],
    ids=["deleted", "hidden", "emptied", "repriced", "unpriced"],
)
def test_a_large_change_is_held_with_its_numbers(many: list[Change], code: str) -> None:
    held = may_push(many, SIZE, Guards())
    assert held is not None
    assert held.code == code
    assert str(len(many)) in held.message
    assert may_push(many[:-1], SIZE, Guards()) is None


def test_a_few_may_always_go_however_small_the_store() -> None:
    tiny = StoreSize(listings=12, counted=12)
    assert may_push(changes(10, "delete"), tiny, Guards()) is None
    assert may_push(changes(11, "delete"), tiny, Guards()) is not None


def test_a_store_can_be_told_to_hold_nothing() -> None:
    never = Guards(unlist_share=1, zero_share=1, price_move_share=1)
    assert may_push(changes(200, "delete"), SIZE, never) is None
    assert may_push(changes(100, stock=[4, 0]), SIZE, never) is None
    assert may_push(changes(200, price=["1", "100"]), SIZE, never) is None


def test_what_counts_as_emptied_moved_and_hidden() -> None:
    assert empties([1, 0])
    assert empties([1, -2])
    assert not empties([0, 0])
    assert not empties([None, 0])
    assert not empties(None)
    assert not moves([None, "5"], 0.5)
    assert not moves(["10", "15"], 0.5)
    assert moves(["10", "15.01"], 0.5)
    assert moves(["10", "4.99"], 0.5)
    assert not hides(Change(action="update", entity="product", product_id=1, fields={"status": ["draft", "archived"]}))
