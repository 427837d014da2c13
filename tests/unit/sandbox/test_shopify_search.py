"""The simulated shop's search syntax."""

import operator
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin_bridge.sandbox.shopify.search import Field, parse


def number(op: str, value: str) -> Callable[[Any], bool]:
    wanted = int(value)
    compare = {"": operator.eq, ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}[op]
    return lambda thing: compare(thing["n"], wanted)


def word(_op: str, value: str) -> Callable[[Any], bool]:
    return lambda thing: value in thing["words"]


FIELDS = {
    "n": Field(number, lambda op, value: {int(value)} if op == "" else None),
    "default": Field(word),
    "word": Field(word),
}
THINGS = [{"n": n, "words": ("even",) if n % 2 == 0 else ("odd", "an odd one")} for n in range(10)]


def found(query: str) -> list[int]:
    root = parse(query, FIELDS).root
    return [thing["n"] for thing in THINGS if root.keeps(thing)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("n:3", [3]),
        ("n:>7", [8, 9]),
        ("n:>=8 n:<9", [8]),
        ("n:>=8 AND n:<9", [8]),
        ("n:1 OR n:2 OR n:3", [1, 2, 3]),
        ("n:1 OR n:>4 n:<6", [1, 5]),
        ("(n:1 OR n:>4) n:<6", [1, 5]),
        ("NOT n:>0", [0]),
        ("-n:>0", [0]),
        ("NOT (n:1 OR n:>1)", [0]),
        ("even n:<3", [0, 2]),
        ("word:'an odd one' n:<4", [1, 3]),
        ('word:"an odd one" n:<4', [1, 3]),
        ("n: 3", [3]),
        ("", list(range(10))),
        ("   ", list(range(10))),
    ],
)
def test_queries_find_what_they_say(query: str, expected: list[int]) -> None:
    assert found(query) == expected


@pytest.mark.parametrize(
    ("query", "field"), [("nonsense:1 n:3", "nonsense"), ("n:many n:3", "n")], ids=["unknown field", "bad value"]
)
def test_a_term_that_means_nothing_is_left_out_and_told(query: str, field: str) -> None:
    search = parse(query, FIELDS)
    assert [warning["field"] for warning in search.warnings] == [field]
    assert found(query) == [3]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("n:3", {3}),
        ("n:3 OR n:4", {3, 4}),
        ("n:3 n:>1", {3}),
        ("n:3 OR n:>4", None),
        ("n:>1", None),
        ("NOT n:3", None),
        ("n:3 n:4", set()),
    ],
)
def test_what_can_only_be_found_is_told_before_anything_is_looked_at(query: str, ids: set[int] | None) -> None:
    assert parse(query, FIELDS).root.candidates() == ids


@settings(deadline=None)
@given(st.text(alphabet="n:>=<0123456789 ()'\"-ANDORNOTx\\", max_size=40))
def test_any_text_is_a_query_and_candidates_lose_nothing(query: str) -> None:
    root = parse(query, FIELDS).root
    kept = {thing["n"] for thing in THINGS if root.keeps(thing)}
    ids = root.candidates()
    assert ids is None or kept <= ids
