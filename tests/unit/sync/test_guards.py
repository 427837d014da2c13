"""When a pull is held: little always passes, much waits for a person; nothing goes after a walk whose count is off."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.stores.settings import Guards, StoreSettings
from backend.domain.sync.guards import (
    MergeHeld,
    SizeNeeded,
    check_merge,
    may_merge,
    may_read,
    may_remove,
    walk_is_complete,
)

COUNTS = st.integers(0, 1_000_000)
USUAL = Guards()
GUARDS = st.builds(
    Guards,
    shrink_share=st.floats(0, 1),
    zero_share=st.floats(0, 1),
    price_move_share=st.floats(0, 1),
    free=st.integers(0, 1_000),
)


class Counts(msgspec.Struct, frozen=True):
    """What a step is about to do."""

    zeroed: int = 0
    moved: int = 0


@given(COUNTS, GUARDS)
def test_nothing_missing_is_never_held(listed: int, guards: Guards) -> None:
    assert may_remove(listed=listed, missing=0, guards=guards) is None


@given(st.integers(1, 1_000_000), GUARDS)
def test_an_empty_source_is_always_held(listed: int, guards: Guards) -> None:
    held = may_remove(listed=listed, missing=listed, guards=guards)
    assert held is not None
    assert held.code == "source_empty"


@given(st.data(), GUARDS)
def test_what_may_go_is_a_small_share_or_a_handful(data: st.DataObject, guards: Guards) -> None:
    listed = data.draw(st.integers(2, 1_000_000))
    missing = data.draw(st.integers(1, listed - 1))
    allowed = may_remove(listed=listed, missing=missing, guards=guards) is None
    assert allowed == (missing <= guards.free or missing <= guards.shrink_share * listed)


@given(st.data())
def test_more_missing_is_never_safer(data: st.DataObject) -> None:
    listed = data.draw(st.integers(2, 100_000))
    fewer = data.draw(st.integers(1, listed - 1))
    more = data.draw(st.integers(fewer, listed))
    if may_remove(listed=listed, missing=fewer, guards=USUAL) is not None:
        assert may_remove(listed=listed, missing=more, guards=USUAL) is not None


@given(COUNTS, COUNTS)
def test_a_walk_is_complete_only_when_it_met_as_many_as_the_store_has(expected: int, seen: int) -> None:
    assert walk_is_complete(expected={"product": expected}, seen={"product": seen}) == (expected == seen)


def test_the_reason_names_what_is_missing() -> None:
    held = may_remove(listed=3, missing=3, guards=USUAL, what="products")
    assert held is not None
    assert "none of its 3 products" in held.message


@given(COUNTS, COUNTS, GUARDS)
def test_a_share_of_one_never_holds(zeroed: int, moved: int, guards: Guards) -> None:
    never = msgspec.structs.replace(guards, zero_share=1, price_move_share=1)
    assert may_merge(zeroed=zeroed, moved=moved, listings=moved, counted=zeroed, guards=never) is None


@given(st.integers(0, 10), st.integers(0, 10), COUNTS, COUNTS)
def test_a_handful_may_always_be_emptied_or_repriced(zeroed: int, moved: int, listings: int, counted: int) -> None:
    assert may_merge(zeroed=zeroed, moved=moved, listings=listings, counted=counted, guards=USUAL) is None


@pytest.mark.parametrize(("zeroed", "held"), [(30, False), (31, True)])
def test_stock_of_more_than_a_share_of_what_is_counted_may_not_vanish(zeroed: int, held: bool) -> None:
    found = may_merge(zeroed=zeroed, moved=0, listings=10_000, counted=100, guards=USUAL)
    assert (found is not None) == held
    if found is not None:
        assert (found.code, found.message.startswith("31 of 100 counted listings go to zero")) == ("stock_zeroed", True)


@pytest.mark.parametrize(("moved", "held"), [(50, False), (51, True)])
def test_prices_of_more_than_a_share_of_the_listings_may_not_move_far(moved: int, held: bool) -> None:
    found = may_merge(zeroed=0, moved=moved, listings=1_000, counted=0, guards=USUAL)
    assert (found is not None) == held
    if found is not None:
        assert found.code == "prices_moved"
        assert found.message.startswith("51 of 1000 prices move by more than 50%")


def test_steps_of_a_run_are_looked_at_together() -> None:
    so_far = {"stock_zeroed": 25, "size_listings": 100, "size_counted": 100}
    check_merge(StoreSettings(), so_far, Counts(zeroed=5))
    with pytest.raises(MergeHeld) as held:
        check_merge(StoreSettings(), so_far, Counts(zeroed=6))
    assert held.value.code == "stock_zeroed"


def test_the_size_of_a_store_is_asked_for_only_when_more_than_a_handful_changes() -> None:
    check_merge(StoreSettings(), {}, Counts(zeroed=10, moved=10))
    with pytest.raises(SizeNeeded):
        check_merge(StoreSettings(), {}, Counts(moved=11))


def test_a_store_has_its_own_guards() -> None:
    lenient = StoreSettings(guards=Guards(zero_share=0.9, free=0))
    so_far = {"size_listings": 10, "size_counted": 10}
    check_merge(lenient, so_far, Counts(zeroed=9))
    with pytest.raises(MergeHeld):
        check_merge(lenient, so_far, Counts(zeroed=10))


def read(code: str, count: int, products: int = 100) -> dict[str, int]:
    """Return the statistics of a run that has read products of one variant each."""
    return {"read_products": products, "read_variants": products, f"issues_{code}": count}


WELL = {"read_products": 1_000, "read_variants": 1_000}
"""The last whole walk of a store whose rows could be read."""


@pytest.mark.parametrize("code", ["price_unreadable", "stock_unreadable", "title_missing"])
def test_half_of_the_rows_with_one_issue_is_another_format(code: str) -> None:
    assert may_read(read(code, 49), WELL) is None
    held = may_read(read(code, 50), WELL)
    assert held is not None
    assert held.code == "format_changed"
    assert f"50 rows of this run have the issue {code}" in held.message


def test_rows_that_cannot_be_read_at_all_are_among_those_that_were_read() -> None:
    assert may_read(read("row_unreadable", 99), WELL) is None
    assert may_read(read("row_unreadable", 100), WELL) is not None
    assert may_read({"issues_row_unreadable": 20}, WELL) is not None


def test_a_few_rows_say_nothing_about_a_format() -> None:
    assert may_read(read("title_missing", 19, products=19), WELL) is None
    assert may_read(read("title_missing", 20, products=20), WELL) is not None
    assert may_read(read("title_missing", 20, products=20), {"read_products": 19}) is None


def test_what_was_so_in_the_last_whole_walk_is_no_change() -> None:
    assert may_read(read("title_missing", 100), read("title_missing", 50)) is None
    assert may_read(read("title_missing", 100), read("title_missing", 49)) is not None
