"""What a complete walk may delete: little always, much never, and nothing after a walk whose count is off."""

from hypothesis import given
from hypothesis import strategies as st

from backend.domain.sync.guards import SHRINK_FREE, SHRINK_HOLD_SHARE, may_remove, walk_is_complete

COUNTS = st.integers(0, 1_000_000)


@given(COUNTS)
def test_nothing_missing_is_never_held(listed: int) -> None:
    assert may_remove(listed=listed, missing=0) is None


@given(st.integers(1, 1_000_000))
def test_an_empty_source_is_always_held(listed: int) -> None:
    held = may_remove(listed=listed, missing=listed)
    assert held is not None
    assert held.code == "source_empty"


@given(st.data())
def test_what_may_go_is_a_small_share_or_a_handful(data: st.DataObject) -> None:
    listed = data.draw(st.integers(2, 1_000_000))
    missing = data.draw(st.integers(1, listed - 1))
    allowed = may_remove(listed=listed, missing=missing) is None
    assert allowed == (missing <= SHRINK_FREE or missing / listed <= SHRINK_HOLD_SHARE)


@given(st.data())
def test_more_missing_is_never_safer(data: st.DataObject) -> None:
    listed = data.draw(st.integers(2, 100_000))
    fewer = data.draw(st.integers(1, listed - 1))
    more = data.draw(st.integers(fewer, listed))
    if may_remove(listed=listed, missing=fewer) is not None:
        assert may_remove(listed=listed, missing=more) is not None


@given(COUNTS, COUNTS)
def test_a_walk_is_complete_only_when_it_met_as_many_as_the_store_has(expected: int, seen: int) -> None:
    assert walk_is_complete(expected={"product": expected}, seen={"product": seen}) == (expected == seen)


def test_the_reason_names_what_is_missing() -> None:
    held = may_remove(listed=3, missing=3, what="products")
    assert held is not None
    assert "none of its 3 products" in held.message
