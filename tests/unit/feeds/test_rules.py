"""Decisions about one item."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.feeds import rules

TODAY, TOMORROW = date(2024, 3, 15), date(2024, 3, 16)


@pytest.mark.parametrize(
    ("on_hand", "uncounted", "backorder", "available_from", "word"),
    [
        (3, None, False, None, "in_stock"),
        (0, None, False, None, "out_of_stock"),
        (-2, None, False, None, "out_of_stock"),
        (0, None, True, None, "backorder"),
        (None, True, False, None, "in_stock"),
        (None, False, False, None, "out_of_stock"),
        (0, True, False, None, "in_stock"),
        (None, None, None, None, "out_of_stock"),
        (3, None, False, TOMORROW, "preorder"),
        (3, None, False, TODAY, "in_stock"),
        (0, None, False, TOMORROW, "out_of_stock"),
    ],
)
def test_availability_follows_the_stock(
    on_hand: int | None, uncounted: bool | None, backorder: bool | None, available_from: date | None, word: str
) -> None:
    assert rules.availability(on_hand, uncounted, backorder, available_from, TODAY) == word


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("15", "USD", "15.00"),
        ("0.005", "EUR", "0.01"),
        ("19.994999", "EUR", "19.99"),
        ("1500", "JPY", "1500.00"),
        ("1.2345", "KWD", "1.235"),
        ("123456789.5", "USD", "123456789.50"),
    ],
)
def test_amounts_are_shown_as_channels_expect(amount: str, currency: str, shown: str) -> None:
    assert rules.shown_amount(Decimal(amount), currency) == shown


@pytest.mark.parametrize("barcode", ["4006381333931", "036000291452", "96385074", "10012345678902", "4006381-333931"])
def test_a_right_check_digit_is_a_gtin(barcode: str) -> None:
    assert rules.valid_gtin(barcode) == barcode.replace("-", "")


@pytest.mark.parametrize(
    "barcode", ["", "4006381333932", "12345", "SKU-1", "0000000000000", "٤٠٠٦٣٨١٣٣٣٩٣١", "2012345678900", "²"]
)
def test_anything_else_is_no_gtin(barcode: str) -> None:
    assert rules.valid_gtin(barcode) == ""


@given(st.integers(min_value=1, max_value=10**12 - 1))
def test_exactly_one_check_digit_fits(stem: int) -> None:
    fitting = [digit for digit in range(10) if rules.valid_gtin(f"3{stem:012d}"[:12] + str(digit))]
    assert len(fitting) == 1


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://shop.test/a?b=c&d=ü", "https://shop.test/a?b=c&d=ü"),
        (" http://shop.test/a b ", "http://shop.test/a%20b"),
        ("https://shop.test/a\nb", "https://shop.test/ab"),
        ("javascript:alert(1)", ""),
        ("/relative", ""),
        ("", ""),
    ],
)
def test_only_absolute_web_addresses_are_links(url: str, kept: str) -> None:
    assert rules.web_address(url) == kept


def test_dates_of_any_iso_form_are_read() -> None:
    assert rules.parsed_date("2024-03-16") == TOMORROW
    assert rules.parsed_date("2024-03-15T23:30:00-02:00") == TOMORROW
    assert rules.parsed_date("soon") is None
