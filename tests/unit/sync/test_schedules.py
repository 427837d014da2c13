"""When a store is read next."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.sync.schedules import next_run

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def test_changes_are_read_a_few_minutes_later() -> None:
    assert next_run("delta", 300, "UTC", NOW, 0.0) == NOW + timedelta(seconds=300)
    assert next_run("delta", 300, "UTC", NOW, 1.0) == NOW + timedelta(seconds=330)


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Auckland"])
def test_everything_is_read_in_the_night_of_the_store(zone: str) -> None:
    planned = next_run("full", 86_400, zone, NOW, 0.5)
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
    mode=st.sampled_from(["delta", "full"]),
    spread=st.floats(0, 1),
)
def test_the_next_run_lies_ahead_and_not_too_far(now: datetime, every_s: int, mode: str, spread: float) -> None:
    planned = next_run(mode, every_s, "Europe/Berlin", now, spread)
    assert now + timedelta(seconds=60) <= planned <= now + timedelta(seconds=every_s * 1.1) + timedelta(days=1, hours=3)
