"""What is judged of the pieces a store shows."""

from typing import Any
from uuid import UUID

import pytest

from backend.domain.stock.held import HeldListing, HeldVariant
from backend.domain.stock.rules import Judged, Seen, judge_shown


def seen(**values: Any) -> Seen:
    return Seen(**{"hub": 5, "last": 5, "owner": "newest", **values})


@pytest.mark.parametrize(("last", "now", "hub"), [(5, 3, 3), (5, 9, 9), (7, 6, 4), (2, 2, 5)])
def test_the_difference_is_added_to_the_hubs_number(last: int, now: int, hub: int) -> None:
    assert judge_shown(seen(last=last), now) == Judged(hub=hub)


def test_what_nobody_had_is_missing_and_the_hub_stops_at_zero() -> None:
    assert judge_shown(seen(hub=1, last=5), 2) == Judged(hub=0, missing=2, due=True)


def test_what_may_be_ordered_back_goes_below_zero() -> None:
    assert judge_shown(seen(hub=1, last=5, backorder=True), 2) == Judged(hub=-2)


def test_a_store_that_sells_alone_is_believed_below_zero() -> None:
    assert judge_shown(seen(hub=1, last=1, home=True, alone=True), -2) == Judged(hub=-2)


@pytest.mark.parametrize(("now", "hub"), [(-1, 0), (0, 0), (4, 4)])
def test_rising_from_below_zero_brings_no_pieces(now: int, hub: int) -> None:
    assert judge_shown(seen(hub=0, last=-1), now).hub == hub


def test_what_the_hub_knew_to_be_below_zero_rises_with_every_piece() -> None:
    assert judge_shown(seen(hub=-3, last=-3, home=True, alone=True), 5).hub == 5


@pytest.mark.parametrize(("home", "hub"), [(True, 9), (False, 5)])
def test_a_store_that_owns_its_pieces_is_believed_at_home_and_left_alone_elsewhere(home: bool, hub: int) -> None:
    assert judge_shown(seen(owner="store", home=home), 9) == Judged(hub=hub, due=False)


@pytest.mark.parametrize(("home", "hub"), [(True, None), (False, 5)])
def test_only_the_home_store_ends_the_counting(home: bool, hub: int | None) -> None:
    assert judge_shown(seen(home=home), None) == Judged(hub=hub, due=False)


@pytest.mark.parametrize(("home", "hub"), [(True, 8), (False, None)])
def test_only_the_home_store_begins_the_counting(home: bool, hub: int | None) -> None:
    assert judge_shown(seen(hub=None, last=None, home=home), 8) == Judged(hub=hub, due=False)


@pytest.mark.parametrize(("owner", "due"), [("newest", False), ("hub", True)])
def test_a_store_that_begins_to_count_elsewhere_is_written_to_only_if_the_hub_owns_it(owner: str, due: bool) -> None:
    assert judge_shown(seen(last=None, owner=owner), 8) == Judged(hub=5, due=due)


def test_what_comes_back_into_a_store_changes_no_number_that_others_share() -> None:
    assert judge_shown(seen(hub=5, last=2, returned=True), 9) == Judged(hub=5, due=False)


def test_what_comes_back_into_the_only_store_has_its_number() -> None:
    assert judge_shown(seen(hub=5, last=2, returned=True, alone=True), 9) == Judged(hub=9, due=False)


@pytest.mark.parametrize(
    ("home", "elsewhere", "at_home"),
    [(1, True, True), (2, True, False), (None, True, True), (2, False, True)],
    ids=["the oldest", "a later one", "all gone", "the only one that sells it"],
)
def test_a_store_is_at_home_when_no_older_one_sells_the_variant(
    home: int | None, elsewhere: bool, at_home: bool
) -> None:
    listings = [
        HeldListing(store_id=UUID(int=number), external_id="7", shows=1, owner="newest", live=number == 1 or elsewhere)
        for number in (1, 2)
    ]
    oldest = None if home is None else UUID(int=home)
    variant = HeldVariant(variant_id=1, product_id=1, home=oldest, levels={"default": 1}, listings=listings)
    assert variant.at_home(UUID(int=1)) is at_home
