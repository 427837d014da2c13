"""Which version of an order counts, and which of its lines."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.domain.orders.rules import KnownLine, SoldListing, begins_after, is_outdated, sold_lines
from backend.domain.orders.shown_order import ShownLine, ShownOrder

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LISTINGS = {"7": SoldListing("7", 70, NOON - MINUTE)}


def order(quantity: int = 1, **values: Any) -> ShownOrder:
    line = ShownLine(line_id="1", external_variant_id="7", quantity=quantity)
    return ShownOrder(**{"order_id": "5", "created_at": NOON, "modified_at": NOON, "lines": (line,), **values})


def known(wanted: int = 1, at: datetime | None = NOON, line_id: str = "1") -> KnownLine:
    return KnownLine(line_id, 70, wanted, wanted, at)


@pytest.mark.parametrize(
    ("at", "wanted", "outdated"),
    [(NOON + MINUTE, 1, True), (NOON - MINUTE, 1, False), (NOON, 1, False), (NOON, 0, True), (None, 0, False)],
    ids=["older", "newer", "same", "cancelled within the second", "without a time"],
)
def test_a_version_counts_unless_a_later_one_is_known(at: datetime | None, wanted: int, outdated: bool) -> None:
    assert is_outdated(order(), [known(wanted, at)]) is outdated


def test_the_first_version_counts() -> None:
    assert not is_outdated(order(), [])


def test_what_is_new_happened_after_the_version_before() -> None:
    assert begins_after(order(modified_at=NOON + MINUTE), [known(at=NOON + MINUTE / 2)]) == NOON + MINUTE / 2
    assert begins_after(order(), []) == NOON


def test_a_line_that_left_the_order_needs_nothing_any_more() -> None:
    lines = sold_lines(order(), {"1": known(), "2": known(line_id="2")}, LISTINGS)
    assert [(line.line_id, line.wanted) for line in lines] == [("1", 1), ("2", 0)]


def test_a_line_that_never_needed_anything_is_left_out() -> None:
    assert sold_lines(order(quantity=0), {}, LISTINGS) == []


def test_a_line_of_an_order_that_comes_cancelled_is_remembered() -> None:
    assert [line.wanted for line in sold_lines(order(quantity=0, state="cancelled"), {}, LISTINGS)] == [0]


def test_what_is_not_in_the_catalog_is_left_out() -> None:
    assert sold_lines(order(), {}, {}) == []


@pytest.mark.parametrize(("since", "already"), [(NOON + MINUTE, True), (NOON - MINUTE, False)])
def test_what_was_sold_before_we_saw_the_listing_is_in_its_number_already(since: datetime, already: bool) -> None:
    (line,) = sold_lines(order(), {}, {"7": SoldListing("7", 70, since)})
    assert line.shown_already is already
