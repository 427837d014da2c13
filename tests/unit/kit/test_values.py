"""Money, ids, text and seals: exact, sortable, storable, rotatable."""

import time
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kit.crypto import Sealer, UnsealError
from backend.kit.ids import first_uuid7, parse_uuid, uuid7
from backend.kit.log import redact
from backend.kit.money import NotMoney, format_amount, parse_amount
from backend.kit.text import storable

OLD, NEW = "the first key of all", "the key that came after"


@pytest.mark.parametrize(
    "text",
    ["12,50", "abc", "1,234.50", "1e3", "NaN", "Infinity", "١٢", " ", "12.", ".5", "999999999999.9999999", 12.5, True],
)
def test_an_amount_that_would_have_to_be_guessed_is_refused(text: object) -> None:
    with pytest.raises(NotMoney):
        parse_amount(text)


@pytest.mark.parametrize(("text", "amount"), [("12.50", "12.50"), ("-3", "-3"), (7, "7"), ("", None), (None, None)])
def test_a_plain_decimal_is_read_exactly(text: object, amount: str | None) -> None:
    assert parse_amount(text) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize(
    ("text", "amount"),
    [("8.264462809917355", "8.264463"), ("0.0000005", "0.000001"), ("999999999999.9999994", "999999999999.999999")],
)
def test_a_computed_price_is_rounded_to_what_is_stored(text: str, amount: str) -> None:
    assert str(parse_amount(text)) == amount


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=4))
def test_printing_and_reading_money_loses_nothing(amount: Decimal) -> None:
    assert parse_amount(format_amount(amount)) == amount


@given(st.text())
def test_no_text_makes_reading_money_raise_anything_else(text: str) -> None:
    try:
        amount = parse_amount(text)
    except NotMoney:
        return
    assert amount is None or amount.is_finite()


def test_uuid7_sorts_by_time_and_says_its_version() -> None:
    first = uuid7()
    time.sleep(0.002)
    second = uuid7()
    assert first.version == second.version == 7
    assert first.variant == uuid.RFC_4122
    assert first < second


@given(st.text() | st.integers() | st.none())
def test_only_a_canonical_text_is_a_uuid(value: object) -> None:
    found = parse_uuid(value)
    assert found is None or str(found) == str(value).lower()


@given(st.text(alphabet=st.characters(codec=None)))
def test_storable_text_encodes_and_holds_no_nul(text: str) -> None:
    kept = storable(text)
    assert "\x00" not in kept
    kept.encode("utf-8")
    assert storable(kept) == kept


def test_a_rotated_sealer_opens_what_the_old_key_sealed_and_seals_anew() -> None:
    sealed = Sealer((OLD,)).seal(b"cs_secret")
    both = Sealer((NEW, OLD))
    assert both.open(sealed) == b"cs_secret"
    again = both.reseal(sealed)
    assert Sealer((NEW,)).open(again) == b"cs_secret"
    assert both.key_id != Sealer((OLD,)).key_id


@pytest.mark.parametrize(
    "sealed", [b"", b"nonsense", Sealer((OLD,)).seal(b"x")[:-2]], ids=["empty", "nonsense", "cut off"]
)
def test_what_no_key_opens_is_a_clear_error_without_the_value(sealed: bytes) -> None:
    with pytest.raises(UnsealError, match="STORELOOM_SECRET_KEYS"):
        Sealer((NEW,)).open(sealed)


@pytest.mark.parametrize("keys", [(), ("short",), (NEW, "short")])
def test_weak_keys_are_refused_by_name(keys: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="STORELOOM_SECRET_KEYS"):
        Sealer(keys)


@pytest.mark.parametrize(
    "secret", ["cs_" + "a1" * 20, "sk_live_abcdef123", "shpat_0123456789abcdef", "eyJhbGc.eyJzdWI.c2ln"]
)
def test_what_looks_like_a_secret_is_taken_out_of_logs(secret: str) -> None:
    assert secret not in redact(f"failed with {secret} in it")


def test_what_is_made_at_a_moment_is_not_before_it() -> None:
    before, made, after = datetime.now(UTC), uuid7(), datetime.now(UTC) + timedelta(milliseconds=1)
    assert first_uuid7(before) <= made < first_uuid7(after)
