"""How values look on the price monitoring API, and how its forms are read (rows PRI-03, 06, 09, 15; G13, G15)."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.api.price_v2.batches import products_of, whole_of
from backend.api.price_v2.fields import barcode_out, day_text, moment_text, number
from backend.api.price_v2.paging import skipped
from backend.kit.errors import DomainError


@given(st.text(alphabet="0123456789", max_size=25) | st.text(max_size=10))
def test_pri_06_a_barcode_loses_no_sign(barcode: str) -> None:
    shown = json.loads(json.dumps(barcode_out(barcode)))
    assert str(shown) == barcode


@pytest.mark.parametrize("barcode", ["194252022191", "96385074", "0"])
def test_pri_06_a_plain_barcode_is_a_number(barcode: str) -> None:
    assert barcode_out(barcode) == int(barcode)


@pytest.mark.parametrize("barcode", ["0012345678905", "00", "12345678901234567891", "١٢", "1.5", "1e5", "-1", ""])
def test_pri_06_any_other_barcode_is_text(barcode: str) -> None:
    assert barcode_out(barcode) == barcode


@pytest.mark.parametrize(("text", "start"), [("0", 0), ("100", 100), ("00200", 200)])
def test_pri_03_offsets_are_multiples_of_a_hundred(text: str, start: int) -> None:
    assert skipped(text) == start


@pytest.mark.parametrize("text", ["", "50", "-100", "abc", "1e2", "١٠٠", "1" + "0" * 5_000])
def test_pri_03_all_else_is_refused(text: str) -> None:
    with pytest.raises(DomainError):
        skipped(text)


@pytest.mark.parametrize("text", ["", "abc", "-1", "1.5", "٣", "9" * 20, " "])
def test_what_names_no_number_names_nothing(text: str) -> None:
    assert number(text) == 0


def test_pri_15_moments_are_told_in_utc() -> None:
    moment = datetime(2017, 10, 22, 0, 22, 21, tzinfo=timezone(timedelta(hours=13)))
    assert (moment_text(moment), day_text(moment)) == ("2017-10-21 11:22:21", "21/10/2017")
    assert (moment_text(None), day_text(None)) == (None, None)
    assert moment_text(datetime(2017, 1, 2, tzinfo=UTC)) == "2017-01-02 00:00:00"


def test_pri_09_products_are_numbered_in_any_way() -> None:
    form = {"product7[name]": "b", "product1[name]": "a", "product7[cost]": "1", "flag": "x", "product[name]": "c"}
    assert products_of(form) == {"product7": {"name": "b", "cost": "1"}, "product1": {"name": "a"}}


@pytest.mark.parametrize(("text", "whole"), [("true", True), ("FALSE", False), (" true ", True)])
def test_pri_10_the_flag_is_true_or_false(text: str, whole: bool) -> None:
    assert whole_of({"cancelOnPackageLimitExceeding": text}) is whole


def test_pri_10_without_the_flag_a_list_is_taken_whole_or_not_at_all() -> None:
    assert whole_of({}) is True


def test_pri_11_another_flag_is_refused() -> None:
    with pytest.raises(DomainError):
        whole_of({"cancelOnPackageLimitExceeding": "perhaps"})
