"""What readings make of a page, in whatever order they come (contract row PRI-15)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from backend.domain.pricing.observation_rules import Newest, Reading, after, change_of_day, midnight, not_in_future

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
HOURS = st.integers(0, 24 * 5)


def read(price: str | None, hours: float = 0, **more: object) -> Reading:
    told = {"price": None if price is None else Decimal(price), "currency": "USD", "in_stock": True, **more}
    return Reading(observed_at=NOON + timedelta(hours=hours), **told)  # type: ignore[arg-type]


def all_of(*readings: Reading) -> Newest:
    held = Newest()
    for reading in readings:
        held = after(held, reading) or held
    return held


def test_the_first_reading_is_no_change() -> None:
    held = all_of(read("769.99"))
    assert (held.price, held.currency, held.in_stock, held.checked_at) == (Decimal("769.99"), "USD", True, NOON)
    assert (held.old_price, held.changed_at) == (None, None)


def test_a_change_keeps_the_price_before_it_and_its_time() -> None:
    held = all_of(read("754.75"), read("754.75", 1), read("769.99", 2), read("769.99", 3))
    assert (held.old_price, held.changed_at) == (Decimal("754.75"), NOON + timedelta(hours=2))
    assert held.checked_at == NOON + timedelta(hours=3)


def test_an_older_reading_changes_nothing() -> None:
    held = all_of(read("10", 2))
    assert after(held, read("5", 1)) is None
    assert after(held, read("5", 2)) is None


def test_a_page_without_a_price_for_once_keeps_the_last_one_as_the_old_one() -> None:
    held = all_of(read("10"), read(None, 1), read("12", 2))
    assert (held.price, held.old_price) == (Decimal(12), Decimal(10))
    assert held.changed_at == NOON + timedelta(hours=2)


def test_a_reading_without_a_currency_keeps_the_known_one() -> None:
    assert all_of(read("10"), read("11", 1, currency=None)).currency == "USD"


def test_the_change_of_the_day_counts_from_the_price_it_began_with() -> None:
    held = all_of(read("754.75", -24), read("760", 0), read("769.99", 1))
    assert change_of_day(held, NOON + timedelta(hours=2)) == Decimal("0.02")


def test_a_day_without_a_reading_has_no_change() -> None:
    held = all_of(read("10"), read("20", 1))
    assert change_of_day(held, NOON) == 1
    assert change_of_day(held, NOON + timedelta(days=1)) == 0


def test_the_first_day_begins_with_its_first_price() -> None:
    held = all_of(read(None), read("10", 1), read("9", 2))
    assert change_of_day(held, NOON) == Decimal("-0.10")


def test_what_was_never_read_did_not_move_and_a_free_thing_moves_by_no_share() -> None:
    assert change_of_day(Newest(), NOON) is None
    assert change_of_day(all_of(read("0"), read("5", 1)), NOON) == 0


def test_a_small_fall_is_not_printed_as_minus_nothing() -> None:
    held = all_of(read("1000"), read("999.99", 1))
    assert str(change_of_day(held, NOON)) == "0.00"


@given(
    st.lists(st.tuples(HOURS, st.decimals("1", "99", places=2)), min_size=1, max_size=8, unique_by=lambda one: one[0])
)
def test_the_newest_reading_is_shown_in_whatever_order_they_come(told: list[tuple[int, Decimal]]) -> None:
    held = all_of(*(read(str(price), hours) for hours, price in told))
    hours, price = max(told)
    assert (held.price, held.checked_at) == (price, NOON + timedelta(hours=hours))
    assert held.day_at == midnight(NOON + timedelta(hours=hours))


def test_a_reading_is_not_made_tomorrow() -> None:
    assert not_in_future(NOON + timedelta(minutes=4), NOON)
    assert not not_in_future(NOON + timedelta(minutes=6), NOON)
