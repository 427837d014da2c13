"""What something was at a time, and what leads back to it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.stores.settings import Guards
from backend.domain.sync.plan import Change
from backend.domain.sync.push_guards import StoreSize, may_push
from backend.domain.sync.time_travel_rules import (
    CAME_LATER,
    IS_GONE,
    WAS_GONE,
    Place,
    Tally,
    Then,
    change_back,
    newest_first,
    restored,
    state_at,
)

START = datetime(2024, 3, 15, 12, tzinfo=UTC)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "price": st.sampled_from([None, "1", "2", "3"]),
    "sku": st.sampled_from(["a", "b"]),
    "stock": st.sampled_from([None, 0, 1, 5]),
    "deleted": st.booleans(),
}
STEPS = st.lists(
    st.tuples(st.integers(0, 3), st.fixed_dictionaries({}, optional=VALUES).filter(bool)), min_size=1, max_size=12
)


class Played(NamedTuple):
    """A sequence of changes, played step by step."""

    changes: list[tuple[datetime, dict[str, list[Any]]]]
    """Oldest first."""
    states: list[tuple[datetime, dict[str, Any]]]
    """What there was from each moment on."""
    left_at: datetime
    """When it left last."""


def played(steps: Sequence[tuple[int, dict[str, Any]]]) -> Played:
    now, at, left_at = {"price": "1", "sku": "a", "stock": 5, "deleted": False}, START, START
    changes, states = [], [(START, dict(now))]
    for seconds, values in steps:
        at += timedelta(seconds=seconds)
        changes.append((at, {name: [now[name], value] for name, value in values.items()}))
        left_at = at if values.get("deleted") else left_at
        now = {**now, **values}
        states.append((at, dict(now)))
    return Played(changes, states, left_at)


def place(fields: dict[str, Any], left_at: datetime = START) -> Place:
    held = {name: value for name, value in fields.items() if name != "deleted"}
    deleted_at = left_at if fields.get("deleted") else None
    return Place(product_id=1, variant_id=2, label="Mug", held=held, created_at=START, deleted_at=deleted_at)


def flat(then: Then | None) -> dict[str, Any]:
    assert then is not None
    return {**then.fields, "deleted": then.deleted}


@given(steps=STEPS, moment=st.integers(0, 40))
def test_what_something_was_is_what_a_replay_comes_to(steps: list[tuple[int, dict[str, Any]]], moment: int) -> None:
    story = played(steps)
    at = START + timedelta(seconds=moment)
    since = [change for when, change in reversed(story.changes) if when > at]
    replayed = [state for when, state in story.states if when <= at][-1]
    assert flat(state_at(place(story.states[-1][1], story.left_at), since, at)) == replayed


@given(steps=STEPS, moment=st.integers(0, 40))
def test_the_first_change_of_each_field_is_enough(steps: list[tuple[int, dict[str, Any]]], moment: int) -> None:
    story = played(steps)
    at = START + timedelta(seconds=moment)
    since = [change for when, change in story.changes if when > at]
    firsts: dict[str, list[Any]] = {}
    for change in since:
        firsts = {**change, **firsts}
    now = place(story.states[-1][1], story.left_at)
    assert state_at(now, [firsts], at) == state_at(now, since[::-1], at)


@given(steps=STEPS, moment=st.integers(0, 40))
def test_carrying_a_restore_out_gives_what_was(steps: list[tuple[int, dict[str, Any]]], moment: int) -> None:
    steps = [(seconds, {**values, "deleted": False}) for seconds, values in steps]
    story = played(steps)
    at = START + timedelta(seconds=moment)
    now = place(story.states[-1][1], story.left_at)
    then = state_at(now, [change for when, change in reversed(story.changes) if when > at], at)
    assert then is not None
    back, stays = restored(now, then, ["price", "sku", "title"])
    assert stays == ""
    assert all(old == now.held[name] and old != new for name, (old, new) in back.items())
    after = {**now.held, **{name: new for name, (_, new) in back.items()}}
    assert after == {**then.fields, "stock": now.held["stock"]}, "pieces follow the ledger"


def test_before_it_was_created_it_did_not_exist() -> None:
    assert state_at(place({"price": "1"}), [], START - timedelta(seconds=1)) is None
    assert state_at(place({"price": "1"}), [], START) is not None


def test_a_tombstone_whose_leaving_nobody_noted_was_there_until_then() -> None:
    tomb = place({"price": "1", "deleted": True}, left_at=START + timedelta(seconds=5))
    assert [flat(state_at(tomb, [], START + timedelta(seconds=one)))["deleted"] for one in (4, 5)] == [False, True]


def test_what_the_history_tells_besides_fields_is_no_field() -> None:
    then = state_at(place({"price": "1"}), [{"link": [7, 8], "price": ["2", "1"]}], START)
    assert then == Then(fields={"price": "2"}, deleted=False)


GONE, THERE = Then(fields={"price": "2"}, deleted=True), Then(fields={"price": "2"}, deleted=False)


@pytest.mark.parametrize(
    ("deleted", "then", "why"),
    [
        pytest.param(False, None, CAME_LATER, id="came-later"),
        pytest.param(True, None, "", id="came-later-and-left"),
        pytest.param(True, THERE, IS_GONE, id="left"),
        pytest.param(True, GONE, "", id="gone-then-and-now"),
        pytest.param(False, GONE, WAS_GONE, id="came-back"),
    ],
)
def test_what_cannot_be_restored_stays_and_says_why(deleted: bool, then: Then | None, why: str) -> None:
    assert restored(place({"price": "1", "deleted": deleted}), then, ["price"]) == ({}, why)


def test_only_the_fields_asked_for_are_restored() -> None:
    then = Then(fields={"price": "2", "sku": "b"}, deleted=False)
    assert restored(place({"price": "1", "sku": "a"}), then, ["sku", "title"]) == ({"sku": ["a", "b"]}, "")


def test_a_change_back_is_one_of_the_catalog() -> None:
    change = change_back(place({}), {"price": ["1", "2"]})
    assert (change.target, change.entity, change.action) == ("catalog", "variant", "update")


FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "price": st.sampled_from([["10", "11"], ["10", "30"], ["10", None], [None, "10"]]),
        "status": st.sampled_from([["active", "draft"], ["draft", "active"]]),
        "title": st.just(["a", "b"]),
    },
)


@given(changes=st.lists(FIELDS, max_size=40), listings=st.integers(0, 60), free=st.integers(0, 12))
def test_a_tally_is_judged_as_all_its_changes_are(
    changes: list[dict[str, list[Any]]], listings: int, free: int
) -> None:
    made = [Change(action="update", entity="variant", product_id=1, fields=fields) for fields in changes]
    guards = Guards(free=free, unlist_share=0.2, price_move_share=0.2)
    tally = Tally(guards)
    for change in made:
        tally.add(change)
    size = StoreSize(listings=listings, counted=listings)
    assert tally.held(size) == may_push(made, size, guards)
    assert tally.fields == {
        name: count for name in ("price", "status", "title") if (count := sum(name in one for one in changes))
    }


class Event(NamedTuple):
    """Something with a time."""

    at: datetime
    name: str


def test_two_histories_become_one_and_neither_loses_its_order() -> None:
    def event(seconds: int, name: str) -> Event:
        return Event(START + timedelta(seconds=seconds), name)

    # "b2" was written after "b1" by a transaction that had begun before it.
    one, other = [event(9, "a2"), event(1, "a1")], [event(4, "b2"), event(5, "b1"), event(0, "b0")]
    assert [row.name for row in newest_first(one, other, 4)] == ["a2", "b2", "b1", "a1"]
