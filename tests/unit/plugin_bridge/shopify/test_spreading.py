"""How a change of pieces is spread over places."""

from hypothesis import given
from hypothesis import strategies as st

from plugin_bridge.shopify.spreading import spread

PLACES = st.dictionaries(st.sampled_from(["a", "b", "c", "d", "e"]), st.integers(-50, 200), min_size=1)


@given(PLACES, st.integers(-100, 800))
def test_all_together_hold_what_was_wanted(held: dict[str, int], target: int) -> None:
    assert sum({**held, **spread(held, target)}.values()) == target


@given(PLACES, st.integers(-100, 800))
def test_no_place_owes_pieces_that_did_not_owe_unless_all_together_do(held: dict[str, int], target: int) -> None:
    for place, pieces in spread(held, target).items():
        assert pieces >= min(0, held[place]) or target < 0


@given(PLACES, st.integers(-100, 800))
def test_places_move_in_one_direction_and_only_those_that_change_are_named(held: dict[str, int], target: int) -> None:
    moved = {place: pieces - held[place] for place, pieces in spread(held, target).items()}
    assert 0 not in moved.values()
    assert len({change > 0 for change in moved.values()}) <= 1


@given(PLACES)
def test_nothing_moves_when_nothing_changes(held: dict[str, int]) -> None:
    assert spread(held, sum(held.values())) == {}


def test_what_is_added_goes_to_the_first_place() -> None:
    assert spread({"a": 1, "b": 9}, 15) == {"a": 6}


def test_what_is_taken_comes_from_the_fullest_then_the_next() -> None:
    assert spread({"a": 1, "b": 9, "c": 4}, 3) == {"b": 0, "c": 2}


def test_what_all_together_owe_is_owed_by_the_first_place() -> None:
    assert spread({"a": 1, "b": 2}, -4) == {"a": -4, "b": 0}
