"""When a store is read next."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.sync.schedules import covered_by_full, next_run

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def test_changes_are_read_a_few_minutes_later() -> None:
    assert next_run("delta", 300, "UTC", NOW, 0.0) == NOW + timedelta(seconds=300)
    assert next_run("delta", 300, "UTC", NOW, 1.0) == NOW + timedelta(seconds=330)


@pytest.mark.parametrize("mode", ["sweep", "full"])
@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Auckland"])
def test_what_walks_everything_runs_in_the_night_of_the_store(mode: str, zone: str) -> None:
    planned = next_run(mode, 86_400, zone, NOW, 0.5)
    assert planned.astimezone(ZoneInfo(zone)).hour == 4
    assert NOW < planned <= NOW + timedelta(days=1, hours=3)


def test_a_week_is_a_week() -> None:
    planned = next_run("full", 7 * 86_400, "UTC", NOW, 0.0)
    assert planned == datetime(2026, 12, 1, 3, 0, tzinfo=UTC)


def test_an_unknown_time_zone_is_utc() -> None:
    assert next_run("full", 86_400, "Mars/Olympus", NOW, 0.0).hour == 3


@given(
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    every_s=st.integers(60, 31 * 86_400),
    mode=st.sampled_from(["delta", "sweep", "full"]),
    spread=st.floats(0, 1),
)
def test_the_next_run_lies_ahead_and_not_too_far(now: datetime, every_s: int, mode: str, spread: float) -> None:
    planned = next_run(mode, every_s, "Europe/Berlin", now, spread)
    assert now + timedelta(seconds=60) <= planned <= now + timedelta(seconds=every_s * 1.1) + timedelta(days=1, hours=3)


DAY, HOUR = 86_400, timedelta(hours=1)


@pytest.mark.parametrize(
    ("last", "following", "covered"),
    [
        (None, None, False),
        (NOW - HOUR, None, True),
        (NOW - 9 * HOUR, None, False),
        (None, NOW + HOUR, True),
        (None, NOW - HOUR, True),
        (NOW - 100 * HOUR, NOW + 9 * HOUR, False),
    ],
)
def test_a_sweep_is_covered_by_a_whole_walk_of_the_same_night(
    last: datetime | None, following: datetime | None, covered: bool
) -> None:
    assert covered_by_full(DAY, NOW, last, following) == covered


def test_a_sweep_every_hour_is_not_covered_by_a_walk_of_the_morning() -> None:
    assert not covered_by_full(3_600, NOW, NOW - HOUR, NOW + HOUR)
    assert covered_by_full(3_600, NOW, NOW - HOUR / 3, None)


@given(
    every_s=st.integers(3_600, 31 * DAY),
    ago_s=st.one_of(st.none(), st.integers(0, 40 * DAY)),
    ahead_s=st.one_of(st.none(), st.integers(0, 40 * DAY)),
)
def test_a_sweep_is_never_left_out_for_a_walk_further_away_than_half_its_pause(
    every_s: int, ago_s: int | None, ahead_s: int | None
) -> None:
    last = None if ago_s is None else NOW - timedelta(seconds=ago_s)
    following = None if ahead_s is None else NOW + timedelta(seconds=ahead_s)
    if covered_by_full(every_s, NOW, last, following):
        assert min(one for one in (ago_s, ahead_s) if one is not None) <= every_s / 2
