"""What a line of an order takes and gives back."""

from hypothesis import given
from hypothesis import strategies as st

from backend.domain.stock.rules import LineState, Taking, Witness, explained_by, to_take

NOBODY = Witness()
lines = st.builds(
    lambda taken, missing, rest: LineState(wanted=taken + missing + rest, taken=taken, missing=missing),
    st.integers(0, 5),
    st.integers(0, 5),
    st.integers(0, 2),
)
few = st.integers(0, 4)
witnesses = st.builds(Witness, fallen=few, risen=few, unnamed=few)


def took(wanted: int, taken: int, missing: int = 0) -> LineState:
    return LineState(wanted=wanted, taken=taken, missing=missing)


def test_an_order_takes_from_the_hub_what_its_store_has_sold() -> None:
    assert to_take(LineState(), 2, 5, NOBODY, backorder=False) == Taking(line=took(2, 2), hub=3, shift=-2)


def test_what_is_not_there_is_missing() -> None:
    assert to_take(LineState(), 2, 1, NOBODY, backorder=False) == Taking(line=took(2, 1, 1), hub=0, shift=-2)


def test_what_may_be_ordered_back_is_taken_below_zero() -> None:
    assert to_take(LineState(), 2, 1, NOBODY, backorder=True) == Taking(line=took(2, 2), hub=-1, shift=-2)


def test_what_the_store_showed_already_is_not_taken_twice() -> None:
    taking = to_take(LineState(), 2, 3, Witness(fallen=2), backorder=False)
    assert taking == Taking(line=took(2, 2), hub=3, shift=0, explained=2)


def test_half_of_it_may_have_been_shown() -> None:
    taking = to_take(LineState(), 3, 3, Witness(fallen=1), backorder=False)
    assert taking == Taking(line=took(3, 3), hub=1, shift=-2, explained=1)


def test_pieces_missing_without_an_order_are_the_orders_own() -> None:
    taking = to_take(LineState(), 2, 0, Witness(unnamed=2), backorder=False)
    assert taking == Taking(line=took(2, 0, 2), hub=0, shift=0, named=2)


def test_a_cancelled_order_gives_back_what_it_took() -> None:
    assert to_take(took(2, 2), 0, 3, NOBODY, backorder=False) == Taking(line=took(0, 0), hub=5, shift=2)


def test_what_was_missing_comes_back_to_nobody_but_its_store() -> None:
    assert to_take(took(3, 1, 2), 0, 0, NOBODY, backorder=False) == Taking(line=took(0, 0), hub=1, shift=3)


def test_a_smaller_order_needs_first_what_is_missing_no_more() -> None:
    assert to_take(took(3, 1, 2), 2, 0, NOBODY, backorder=False) == Taking(line=took(2, 1, 1), hub=0, shift=1)


def test_what_the_store_showed_to_be_back_is_not_given_back_twice() -> None:
    taking = to_take(took(2, 2), 0, 5, Witness(risen=2), backorder=False)
    assert taking == Taking(line=took(0, 0), hub=5, shift=0, explained=2)


def test_pieces_that_were_sold_and_never_existed_are_lost() -> None:
    taking = to_take(took(1, 0, 1), 0, 0, Witness(risen=1), backorder=False)
    assert (taking.hub, taking.lost, taking.shift) == (0, 1, 0)


def test_what_is_not_counted_is_neither_taken_nor_missing() -> None:
    assert to_take(LineState(), 2, None, NOBODY, backorder=False) == Taking(line=took(2, 0), hub=None)


def test_what_was_not_counted_when_it_was_sold_is_not_given_back() -> None:
    assert to_take(took(2, 0), 0, 4, NOBODY, backorder=False) == Taking(line=took(0, 0), hub=4)


@given(line=lines, hub=st.none() | st.integers(-3, 9), witness=witnesses, backorder=st.booleans())
def test_the_same_again_takes_nothing(line: LineState, hub: int | None, witness: Witness, backorder: bool) -> None:
    taking = to_take(line, line.wanted, hub, witness, backorder=backorder)
    assert (taking.hub, taking.shift, taking.explained, taking.named) == (hub, 0, 0, 0)
    assert (taking.line.wanted, taking.line.taken) == (line.wanted, line.taken)


@given(line=lines, wanted=st.integers(0, 12), hub=st.integers(-3, 9), witness=witnesses, backorder=st.booleans())
def test_pieces_only_move_between_the_hub_the_order_and_its_store(
    line: LineState, wanted: int, hub: int, witness: Witness, backorder: bool
) -> None:
    taking = to_take(line, wanted, hub, witness, backorder=backorder)
    after = taking.line
    assert taking.hub is not None
    named = after.missing - line.missing - taking.named + taking.lost
    assert taking.hub - hub - named == taking.shift
    assert 0 <= after.taken <= after.wanted == wanted
    assert 0 <= after.missing <= after.wanted - after.taken
    assert backorder or taking.hub >= min(hub, 0)


@given(changes=st.lists(st.tuples(st.integers(1, 99), st.integers(0, 4)), unique_by=lambda one: one[0]), pieces=few)
def test_changes_explain_as_much_as_they_have_left(changes: list[tuple[int, int]], pieces: int) -> None:
    found = explained_by(changes, pieces)
    left = dict(changes)
    assert all(0 < part <= left[change_id] for change_id, part in found.items())
    assert sum(found.values()) == min(pieces, sum(left.values()))
