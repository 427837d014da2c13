"""What becomes of a field that a store shows, whatever both sides did."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backend.domain.catalog.three_way import HubChange, Sides, Verdict, after, asks_history, judge
from backend.domain.stores.settings import HUB, NEWEST, OWNERS, STORE

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
values = st.sampled_from(["10", "11", "12", None])
moments = st.one_of(st.none(), st.integers(-2, 2).map(lambda hours: NOON + timedelta(hours=hours)))
changes = st.builds(HubChange, at=moments.filter(lambda at: at is not None), old=values)


def sides_of(**fixed: Any) -> st.SearchStrategy[Sides]:
    free = {
        "held": values,
        "last": values,
        "now": values,
        "due": st.booleans(),
        "owner": st.sampled_from(OWNERS),
        "home": st.booleans(),
        "open": st.booleans(),
        "store_at": moments,
        "touched_at": moments,
        "hub": st.lists(changes, max_size=3).map(tuple),
    }
    return st.builds(Sides, **{**free, **{name: st.just(value) for name, value in fixed.items()}})


any_sides = sides_of()


def shown_again(sides: Sides) -> Sides:
    """Return the sides when the store shows the same once more."""
    verdict = judge(sides)
    then = after(sides, verdict)
    waits = verdict is Verdict.OPEN
    return msgspec.structs.replace(sides, held=then.held, last=then.shown, due=then.due, open=waits)


@given(any_sides)
def test_what_both_hold_is_neither_shown_beside_nor_due(sides: Sides) -> None:
    sides = msgspec.structs.replace(sides, now=sides.held)
    then = after(sides, judge(sides))
    assert (then.held, then.differs, then.due) == (sides.held, False, False)


@given(any_sides)
def test_what_the_hub_owns_is_never_taken_and_always_due(sides: Sides) -> None:
    sides = msgspec.structs.replace(sides, owner=HUB)
    then = after(sides, judge(sides))
    assert then.held == sides.held
    assert then.due == (sides.now != sides.held)


@given(any_sides)
def test_what_a_store_owns_at_home_is_always_taken(sides: Sides) -> None:
    sides = msgspec.structs.replace(sides, owner=STORE, home=True)
    then = after(sides, judge(sides))
    assert (then.held, then.differs, then.due) == (sides.now, False, False)


@given(any_sides)
def test_what_a_store_owns_elsewhere_stands_beside_and_is_not_due(sides: Sides) -> None:
    sides = msgspec.structs.replace(sides, owner=STORE, home=False)
    then = after(sides, judge(sides))
    assert (then.held, then.shown, then.due) == (sides.held, sides.now, False)


@given(sides_of(open=False, owner=NEWEST).filter(lambda sides: judge(sides).takes))
def test_what_is_taken_agrees(sides: Sides) -> None:
    assert judge(shown_again(sides)) is Verdict.AGREE


@given(any_sides)
def test_judging_the_same_twice_changes_nothing(sides: Sides) -> None:
    first = after(sides, judge(sides))
    again = shown_again(sides)
    assume(judge(sides) is not Verdict.OUTDATED)
    assert after(again, judge(again)) == first


@given(sides_of(open=False, owner=NEWEST))
def test_a_conflict_means_that_both_changed(sides: Sides) -> None:
    if not judge(sides).conflict:
        return
    assert sides.due, "the hub changed it"
    assert sides.now != sides.last, "the store changed it"
    assert sides.now != sides.held


@given(any_sides)
def test_while_a_conflict_waits_neither_side_is_written(sides: Sides) -> None:
    sides = msgspec.structs.replace(sides, owner=NEWEST, open=True)
    then = after(sides, judge(sides))
    assert (then.held, then.due) == (sides.held, False)


@given(any_sides)
def test_times_are_only_looked_at_when_they_are_asked_for(sides: Sides) -> None:
    assume(not asks_history(sides))
    assert judge(sides) is judge(msgspec.structs.replace(sides, hub=()))


@pytest.mark.parametrize(
    ("hub_at", "store_at", "verdict"),
    [
        (NOON, NOON + timedelta(seconds=1), Verdict.STORE_NEWER),
        (NOON, NOON - timedelta(seconds=1), Verdict.HUB_NEWER),
        (NOON, NOON, Verdict.OPEN),
        (NOON, None, Verdict.OPEN),
        (None, NOON, Verdict.OPEN),
    ],
    ids=["store-later", "hub-later", "same-time", "store-unknown", "hub-unknown"],
)
def test_of_two_changes_the_later_one_wins(
    hub_at: datetime | None, store_at: datetime | None, verdict: Verdict
) -> None:
    hub = () if hub_at is None else (HubChange(at=hub_at, old="10"),)
    assert judge(Sides(held="12", last="10", now="11", due=True, store_at=store_at, hub=hub)) is verdict


def test_at_a_first_meeting_nobody_is_newer() -> None:
    assert judge(Sides(held="12", last="10", now="10")) is Verdict.KEEP


def test_an_earlier_value_of_ours_that_comes_back_is_no_conflict() -> None:
    hub = (HubChange(at=NOON, old="12"), HubChange(at=NOON, old="10"))
    sides = Sides(held="13", last="10", now="12", due=True, store_at=NOON + timedelta(hours=1), hub=hub)
    assert judge(sides) is Verdict.DUE


def test_what_was_held_before_both_agreed_is_a_change_of_the_store() -> None:
    hub = (HubChange(at=NOON, old="10"), HubChange(at=NOON, old="11"))
    sides = Sides(held="13", last="10", now="11", due=True, store_at=NOON + timedelta(hours=1), hub=hub)
    assert judge(sides) is Verdict.STORE_NEWER


@pytest.mark.parametrize(
    ("store_at", "verdict"),
    [
        (NOON - timedelta(seconds=1), Verdict.OUTDATED),
        (None, Verdict.OUTDATED),
        (NOON + timedelta(seconds=1), Verdict.TAKE),
    ],
    ids=["before-the-write", "unknown", "after-the-write"],
)
def test_what_was_read_before_a_write_is_not_taken(store_at: datetime | None, verdict: Verdict) -> None:
    hub = (HubChange(at=NOON, old="10"),)
    assert judge(Sides(held="12", last="12", now="10", store_at=store_at, touched_at=NOON, hub=hub)) is verdict


@pytest.mark.parametrize("owner", [HUB, NEWEST])
def test_a_stores_copies_of_pictures_are_neither_taken_nor_sent_again(owner: str) -> None:
    sent = Sides(held="ours", last="unread", now="copy", owner=owner, copied=True, beside=True)
    assert judge(sent) is Verdict.SHOW
    again = msgspec.structs.replace(sent, last="copy")
    assert judge(again) is Verdict.SHOW
    assert judge(msgspec.structs.replace(again, due=True)) in (Verdict.DUE, Verdict.KEEP)


def test_pictures_that_a_merchant_changed_are_judged_as_any_field() -> None:
    changed = Sides(held="ours", last="copy", now="new", owner=NEWEST, copied=True, beside=True)
    assert judge(changed) is Verdict.TAKE
    assert judge(msgspec.structs.replace(changed, owner=HUB)) is Verdict.DUE
    first = Sides(held="ours", last="theirs", now="theirs", owner=HUB, copied=True)
    assert judge(first) is Verdict.DUE
