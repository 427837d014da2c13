"""Small decisions around who a store is and what is asked of it."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin_bridge.registry import PLATFORMS
from plugin_bridge.woocommerce.catalog import changed_after, paths_of, read_categories
from plugin_bridge.woocommerce.connect import timezone_name


@pytest.mark.parametrize(
    ("name", "offset", "zone"),
    [
        ("Europe/Berlin", 1, "Europe/Berlin"),
        ("", "0", "UTC"),
        ("", 2, "Etc/GMT-2"),
        ("", "-5", "Etc/GMT+5"),
        ("", 5.5, "Asia/Kolkata"),
        ("", "5.75", "Asia/Kathmandu"),
        (None, None, "UTC"),
        ("", "later", "UTC"),
        ("", 99, "UTC"),
        ("", "nan", "UTC"),
    ],
)
def test_a_store_has_a_zone_that_python_knows(name: object, offset: object, zone: str) -> None:
    assert timezone_name(name, offset) == zone
    ZoneInfo(zone)


def test_a_bare_offset_keeps_its_sign() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert moment.astimezone(ZoneInfo(timezone_name("", 2))).utcoffset() == timedelta(hours=2)


def test_changes_are_asked_for_in_naive_gmt_with_the_flag() -> None:
    since = datetime(2026, 6, 1, 14, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert changed_after(since) == {"modified_after": "2026-06-01T12:00:00", "dates_are_gmt": "true"}


def test_categories_become_paths() -> None:
    tree = {1: ("Clothing", 0), 2: ("Shirts", 1), 3: ("Silk", 2), 4: ("Lost", 99), 5: ("", 1)}
    assert paths_of(tree) == {
        1: "Clothing",
        2: "Clothing > Shirts",
        3: "Clothing > Shirts > Silk",
        4: "Lost",
        5: "Clothing",
    }


@given(st.dictionaries(st.integers(0, 9), st.tuples(st.text(max_size=3), st.integers(0, 9)), max_size=10))
def test_circles_among_categories_end(tree: dict[int, tuple[str, int]]) -> None:
    assert set(paths_of(tree)) == set(tree)


def test_woocommerce_is_a_platform() -> None:
    assert "woocommerce" in PLATFORMS


@pytest.mark.parametrize("name", [b"B\xe4r", b"B\\ud800r"])
def test_a_category_with_broken_letters_keeps_all_others(name: bytes) -> None:
    rows = read_categories(b'[{"id":1,"name":"Hats","parent":0},{"id":2,"name":"' + name + b'","parent":1}]')
    assert rows is not None
    assert [(row.id, row.name[0], row.parent) for row in rows] == [(1, "H", 0), (2, "B", 1)]


@pytest.mark.parametrize("content", [b"", b"<html>", b"{}", b"[1]", b'[{"id":"x"}]', b"[" * 100_000])
def test_what_is_no_list_of_categories_is_none(content: bytes) -> None:
    assert read_categories(content) is None
