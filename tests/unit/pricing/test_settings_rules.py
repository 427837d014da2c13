"""What may be set for a watched product."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.pricing.settings_rules import PLACES, ProductSettings, SettingsWanted, changed_settings
from backend.kit.errors import DomainError
from backend.kit.money import MAX_AMOUNT

NONE = ProductSettings(min_price=None, max_price=None, cost=None, auto_reprice=False, monitored=True)
AMOUNTS = st.none() | st.decimals(0, MAX_AMOUNT, allow_nan=False, places=9)


@given(AMOUNTS, AMOUNTS)
def test_limits_are_kept_in_order_or_refused(low: Decimal | None, high: Decimal | None) -> None:
    wanted = SettingsWanted(min_price=low, max_price=high)
    if (
        low is not None
        and high is not None
        and low.quantize(PLACES, ROUND_HALF_UP) > high.quantize(PLACES, ROUND_HALF_UP)
    ):
        with pytest.raises(DomainError, match="must not be above"):
            changed_settings(NONE, wanted)
    else:
        after = changed_settings(NONE, wanted)
        assert after.min_price is None or after.max_price is None or after.min_price <= after.max_price


@given(st.decimals(0, MAX_AMOUNT, allow_nan=False))
def test_an_amount_moves_by_no_more_than_half_of_what_is_stored(amount: Decimal) -> None:
    after = changed_settings(NONE, SettingsWanted(cost=amount))
    assert after.cost is not None
    assert abs(after.cost - amount) <= PLACES / 2


@pytest.mark.parametrize("amount", ["-0.01", "-1e-9", "1e12", "1e30", "NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("name", ["min_price", "max_price", "cost"])
def test_an_impossible_amount_is_refused_by_its_name(name: str, amount: str) -> None:
    with pytest.raises(DomainError) as raised:
        changed_settings(NONE, SettingsWanted(**{name: Decimal(amount)}))
    assert (raised.value.code, raised.value.facts["field"]) == ("AMOUNT_INVALID", name)


def test_what_is_not_named_stays() -> None:
    now = ProductSettings(min_price=Decimal(1), max_price=Decimal(2), cost=None, auto_reprice=True, monitored=False)
    assert changed_settings(now, SettingsWanted()) == now


def test_a_limit_is_held_against_the_other_one_as_it_is() -> None:
    now = ProductSettings(min_price=Decimal(5), max_price=None, cost=None, auto_reprice=True, monitored=False)
    with pytest.raises(DomainError, match="minimum price"):
        changed_settings(now, SettingsWanted(max_price=Decimal(4)))
