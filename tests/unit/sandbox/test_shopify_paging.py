"""Pages of the simulated shop's connections."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin_bridge.sandbox.shopify.paging import Page, Source
from plugin_bridge.sandbox.shopify.problems import Refused

KEYS = st.lists(st.integers(0, 60), unique=True, max_size=30).map(sorted)


def walk(source: Source, size: int) -> list[int]:
    found: list[int] = []
    args: dict[str, object] = {"first": size}
    while True:
        page = source.page(args)
        found += page.nodes
        if not page.has_next:
            return found
        args = {"first": size, "after": page.cursors[-1]}


def walk_back(source: Source, size: int) -> list[int]:
    found: list[int] = []
    args: dict[str, object] = {"last": size}
    while True:
        page = source.page(args)
        found = page.nodes + found
        if not page.has_previous:
            return found
        args = {"last": size, "before": page.cursors[0]}


@settings(deadline=None)
@given(KEYS, st.integers(1, 9), st.booleans(), st.integers(1, 4))
def test_walks_in_both_directions_show_each_kept_thing_once_in_order(
    keys: list[int], size: int, reverse: bool, modulus: int
) -> None:
    source = Source(keys, lambda key: key, lambda thing: thing % modulus == 0, reverse=reverse)
    expected = [key for key in (keys[::-1] if reverse else keys) if key % modulus == 0]
    assert walk(source, size) == expected
    assert walk_back(source, size) == expected
    assert list(source.everything()) == expected


@settings(deadline=None)
@given(KEYS, st.integers(1, 9))
def test_a_cursor_holds_its_place_when_things_come_and_go(keys: list[int], size: int) -> None:
    page = Source(keys, lambda key: key).page({"first": size})
    if not page.nodes:
        return
    behind = [key for key in keys if key > page.nodes[-1]]
    changed = sorted({*behind, 99} - set(behind[:1]))
    later = Source(changed, lambda key: key).page({"first": 250, "after": page.cursors[-1]})
    assert later.nodes == changed


def test_the_page_tells_what_lies_around_it() -> None:
    source = Source(range(10), lambda key: key)
    first: Page = source.page({"first": 4})
    assert (first.has_next, first.has_previous) == (True, False)
    last = source.page({"first": 6, "after": first.cursors[-1]})
    assert (last.has_next, last.has_previous) == (False, True)


@pytest.mark.parametrize(
    "args",
    [
        {},
        {"first": 1, "last": 1},
        {"first": 251},
        {"first": -1},
        {"first": 1, "after": "?"},
        {"first": 1, "after": "e30="},
    ],
    ids=["none", "both", "too many", "negative", "no base64", "no cursor"],
)
def test_what_is_no_page_is_refused(args: dict[str, object]) -> None:
    with pytest.raises(Refused):
        Source(range(10), lambda key: key).page(args)


def test_a_cursor_of_another_order_is_refused() -> None:
    cursor = Source([("a", 1)], lambda key: key).page({"first": 1}).cursors[0]
    with pytest.raises(Refused, match="cursor"):
        Source(range(3), lambda key: key).page({"first": 1, "after": cursor})
