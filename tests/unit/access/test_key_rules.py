"""How much a key may ask, what it may do, what state it is in: pure."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.access.api_keys import error_rate, normal_blocks, state_of
from backend.domain.access.key_auth import MOST_PER_HOUR, hourly_limit, may
from backend.domain.accounts.plans import PlanLimits
from backend.models.keys import ApiKey

NOW = datetime(2026, 11, 27, tzinfo=UTC)
HOUR = timedelta(hours=1)


def plan(per_hour: int | None, most: int | None = None) -> PlanLimits:
    return PlanLimits(
        developer_write=True,
        webhooks=True,
        external_api=True,
        monitoring_api=True,
        sandbox=True,
        external_per_hour=per_hour,
        external_per_hour_most=most,
    )


@pytest.mark.parametrize(
    ("own", "per_hour", "most", "limit"),
    [
        (None, 1_000, None, 1_000),
        (5, 1_000, None, 5),
        (50_000, 1_000, None, 50_000),
        (50_000, 1_000, 10_000, 10_000),
        (None, 1_000, 500, 500),
        (None, None, None, MOST_PER_HOUR),
    ],
)
def test_shs_15_a_keys_limit_replaces_the_plans_up_to_its_maximum(
    own: int | None, per_hour: int | None, most: int | None, limit: int
) -> None:
    assert hourly_limit(own, plan(per_hour, most)) == limit


@pytest.mark.parametrize(
    ("permission", "reaches"),
    [("read", {"read"}), ("write", {"read", "write"}), ("admin", {"read", "write", "admin"}), ("root", set())],
)
def test_shs_04_each_permission_holds_those_below_it(permission: str, reaches: set[str]) -> None:
    assert {needed for needed in ("read", "write", "admin") if may(permission, needed)} == reaches


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, "active"),
        ({"expires_at": NOW + HOUR}, "active"),
        ({"expires_at": NOW}, "expired"),
        ({"dies_at": NOW + HOUR}, "replaced"),
        ({"dies_at": NOW}, "revoked"),
        ({"revoked_at": NOW - HOUR, "expires_at": NOW - HOUR}, "revoked"),
        ({"expires_at": NOW - HOUR, "dies_at": NOW + HOUR}, "expired"),
    ],
)
def test_a_keys_state_is_what_it_still_can_do(values: dict[str, Any], state: str) -> None:
    assert state_of(ApiKey(**values), NOW) == state


@given(st.integers(0, 10**12), st.data())
def test_shs_18_the_error_rate_is_a_share(total: int, data: st.DataObject) -> None:
    failed = data.draw(st.integers(0, total))
    assert 0.0 <= error_rate(ApiKey(total_requests=total, failed_requests=failed)) <= 1.0


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        (("203.0.113.9/24", " 203.0.113.0/24 "), ["203.0.113.0/24"]),
        (("2001:DB8::1",), ["2001:db8::1/128"]),
        (("::ffff:203.0.113.7",), ["203.0.113.7/32"]),
        (("::ffff:203.0.113.0/120",), ["203.0.113.0/24"]),
        (("::/0",), ["::/0"]),
    ],
)
def test_addresses_are_kept_in_one_spelling(written: tuple[str, ...], stored: list[str]) -> None:
    assert normal_blocks(written) == stored
