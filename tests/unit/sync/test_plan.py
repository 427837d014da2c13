"""Plans are what is due, writing them agrees both sides, and taking them back brings the store back."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from backend.domain.sync.plan import (
    Item,
    after_write,
    applied,
    difference,
    plan,
    planned,
    shows,
    still_wanted,
    undone,
)

FIELDS = ("title", "price", "sku", "status")
ALL = frozenset(FIELDS) | {"stock"}
values = st.sampled_from(["a", "b", "c", None])
sides = st.fixed_dictionaries(dict.fromkeys(FIELDS, values))


def item(held: dict[str, Any], shown: dict[str, Any], due: list[str] | None = None, **more: Any) -> Item:
    """Return an item whose store shows *shown*: only what differs lies beside the catalog."""
    beside = {name: value for name, value in shown.items() if value != held.get(name)}
    return Item(
        entity="variant",
        product_id=1,
        variant_id=2,
        external_product_id="10",
        external_id="20",
        held=held,
        shown=beside,
        due=tuple(beside if due is None else due),
        **more,
    )


@given(held=sides, shown=sides)
def test_a_plan_carried_out_makes_the_store_show_what_the_catalog_holds(
    held: dict[str, Any], shown: dict[str, Any]
) -> None:
    after = dict(shown)
    for change in plan([item(held, shown)], ALL):
        after = applied(after, change.fields)
    assert after == held


@given(held=sides)
def test_there_is_nothing_to_plan_where_both_sides_agree(held: dict[str, Any]) -> None:
    assert plan([item(held, held, due=list(FIELDS))], ALL) == []


@given(held=sides, shown=sides)
def test_taking_a_plan_back_brings_the_store_back(held: dict[str, Any], shown: dict[str, Any]) -> None:
    for change in plan([item(held, shown)], ALL):
        now = applied(shown, change.fields)
        back, since = undone(change.fields, now)
        assert since == {}
        assert applied(now, back) == shown


@given(held=sides, shown=sides, later=sides)
def test_what_changed_since_is_left_alone_and_named(
    held: dict[str, Any], shown: dict[str, Any], later: dict[str, Any]
) -> None:
    fields = difference(held, shown, FIELDS)
    back, since = undone(fields, later)
    for name, (old, new) in fields.items():
        assert (name in back) == (later[name] == new)
        assert (name in since) == (later[name] not in (new, old))


@given(held=sides, shown=sides, due=st.lists(st.sampled_from(FIELDS), unique=True))
def test_only_what_is_due_and_differs_is_planned(held: dict[str, Any], shown: dict[str, Any], due: list[str]) -> None:
    found = {name for change in planned(item(held, shown, due=due), ALL) for name in change.fields}
    assert found == {name for name in due if held[name] != shown[name]}


@given(held=sides, shown=sides)
def test_what_a_platform_cannot_take_is_not_planned(held: dict[str, Any], shown: dict[str, Any]) -> None:
    found = planned(item(held, shown), frozenset({"price"}))
    assert all(set(change.fields) == {"price"} for change in found)


def test_pieces_are_a_change_of_their_own() -> None:
    changes = planned(item({"price": "2", "stock": 3}, {"price": "1", "stock": 5}), ALL)
    assert [(change.entity, change.fields) for change in changes] == [
        ("variant", {"price": ["1", "2"]}),
        ("stock", {"stock": [5, 3]}),
    ]


def test_pieces_that_one_side_does_not_count_are_no_number_to_write() -> None:
    assert planned(item({"stock": None}, {"stock": 5}), ALL) == []
    assert planned(item({"stock": 5}, {"stock": None}), ALL) == []


def test_amounts_in_another_currency_are_never_written() -> None:
    [change] = planned(item({"price": "2", "sku": "B"}, {"price": "1", "sku": "A"}, foreign_money=True), ALL)
    assert change.fields == {"sku": ["A", "B"]}


@given(held=sides, shown=sides)
def test_nothing_is_due_once_the_store_took_what_was_sent(held: dict[str, Any], shown: dict[str, Any]) -> None:
    before = item(held, shown)
    sent = {name: held[name] for name in before.due}
    assert after_write(before, sent, {}) == (None, None)


@given(held=sides, shown=sides, later=sides)
def test_what_the_catalog_changed_meanwhile_stays_due(
    held: dict[str, Any], shown: dict[str, Any], later: dict[str, Any]
) -> None:
    sent = difference(held, shown, FIELDS)
    now = item(later, shown, due=list(sent))
    beside, due = after_write(now, {name: new for name, (_, new) in sent.items()}, {})
    for name, (_, new) in sent.items():
        assert (name in (due or ())) == (later[name] != new)
        assert (beside or {}).get(name, later[name]) == new


def test_what_came_back_to_what_the_store_showed_while_it_was_written_is_due_again() -> None:
    now = item({"stock": 55}, {"stock": 55})
    assert after_write(now, {"stock": 56}, {"stock": 56}) == ({"stock": 56}, ["stock"])


def test_an_undo_is_not_due_again() -> None:
    now = item({"price": "2"}, {"price": "2"})
    assert after_write(now, {"price": "1"}, {}, keep=True) == ({"price": "1"}, None)


def test_a_store_that_shows_something_else_than_it_was_sent_is_not_sent_it_again() -> None:
    now = item({"title": "A  b"}, {"title": "old"})
    assert after_write(now, {"title": "A  b"}, {"title": "A b"}) == ({"title": "A b"}, None)


def test_what_is_not_as_it_was_planned_is_not_sent() -> None:
    planned_fields = {"price": ["1", "2"]}
    as_planned = item({"price": "2"}, {"price": "1"})
    assert still_wanted(as_planned, planned_fields, taking_back=False, repeated=False) == {"price": "2"}
    catalog_moved = item({"price": "3"}, {"price": "1"})
    assert still_wanted(catalog_moved, planned_fields, taking_back=False, repeated=False) == {}
    assert still_wanted(catalog_moved, planned_fields, taking_back=False, repeated=True) == {"price": "3"}
    store_moved = item({"price": "2"}, {"price": "9"})
    assert still_wanted(store_moved, planned_fields, taking_back=False, repeated=False) == {}
    assert still_wanted(store_moved, planned_fields, taking_back=False, repeated=True) == {"price": "2"}


def test_what_lies_beside_the_catalog_is_what_the_store_shows() -> None:
    one = item({"price": "2", "sku": "A"}, {"price": "1", "sku": "A"})
    assert (shows(one, "price"), shows(one, "sku")) == ("1", "A")


def test_what_a_store_keeps_a_copy_of_is_not_known_before_it_is_read() -> None:
    now = item({"images": ["ours"]}, {"images": ["before"]})
    assert after_write(now, {"images": ["ours"]}, {}) == ({"images": "unread"}, None)
    assert after_write(now, {"images": ["ours"]}, {"images": ["copy"]}) == ({"images": ["copy"]}, None)


def test_pictures_are_taken_back_whatever_the_stores_copies_are_called() -> None:
    back, since = undone({"images": [["before"], ["ours"]]}, {"images": ["copy"]})
    assert (back, since) == ({"images": [["copy"], ["before"]]}, {})
