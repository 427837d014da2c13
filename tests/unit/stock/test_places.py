"""Where pieces lie: what comes and goes is spread over places."""

from hypothesis import given
from hypothesis import strategies as st

from backend.domain.stock.rules import spread, total

levels = st.dictionaries(st.sampled_from("abcd"), st.none() | st.integers(-5, 20), max_size=4)


@given(levels=levels, difference=st.integers(-60, 60))
def test_the_places_hold_the_difference_more(levels: dict[str, int | None], difference: int) -> None:
    assert total(spread(levels, difference)) == (total(levels) or 0) + difference


@given(levels=levels, difference=st.integers(-60, 60))
def test_no_place_falls_below_zero_before_all_are_empty(levels: dict[str, int | None], difference: int) -> None:
    after = spread(levels, difference)
    fallen = [
        place for place, pieces in after.items() if pieces is not None and pieces < min(levels.get(place) or 0, 0)
    ]
    if fallen:
        assert all((pieces or 0) <= 0 for pieces in after.values())


@given(levels=levels)
def test_no_difference_changes_no_counted_place(levels: dict[str, int | None]) -> None:
    if total(levels) is not None:
        assert spread(levels, 0) == levels


def test_pieces_are_taken_from_the_largest_place_first() -> None:
    assert spread({"a": 2, "b": 5, "c": 5}, -6) == {"a": 2, "b": 0, "c": 4}


def test_pieces_come_to_the_largest_place() -> None:
    assert spread({"a": 2, "b": 5}, 3) == {"a": 2, "b": 8}


def test_pieces_that_come_fill_what_is_below_zero_first() -> None:
    assert spread({"a": -2, "b": 1}, 3) == {"a": 0, "b": 2}


def test_what_is_not_counted_begins_with_its_first_place() -> None:
    assert spread({"default": None}, 4) == {"default": 4}
    assert spread({}, 4) == {"default": 4}
