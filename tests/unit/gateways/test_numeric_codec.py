"""The binary form of amounts, without a server."""

from decimal import Decimal, InvalidOperation

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gateways.numeric_codec import _decoded, _encoded, decode_numeric, encode_numeric

NUMBERS = st.decimals(allow_nan=False, allow_infinity=False) | st.decimals(-(10**9), 10**9, places=4)


@given(NUMBERS)
def test_what_was_written_is_read_again(number: Decimal) -> None:
    read = decode_numeric(encode_numeric(str(number)))
    assert read == number
    assert read.as_tuple().exponent == min(0, number.as_tuple().exponent)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_finite_number_is_read_again(number: str) -> None:
    assert str(decode_numeric(encode_numeric(number))) == number


@pytest.mark.parametrize("number", ["1E-16384", "1E+200000"])
def test_more_digits_than_the_server_keeps_are_refused(number: str) -> None:
    with pytest.raises(ValueError, match="too many digits"):
        encode_numeric(number)


def test_a_text_that_is_no_number_is_refused() -> None:
    with pytest.raises(InvalidOperation):
        encode_numeric("12,50")


def test_what_is_remembered_stays_few() -> None:
    for number in map(str, range(25_000)):
        assert str(_decoded(_encoded(number))) == number
    assert _encoded.cache_info().currsize <= 20_000
    assert _decoded.cache_info().currsize <= 20_000
