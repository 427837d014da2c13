"""Whether a number of ours reached a store, while nobody has heard of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.stock.rules import Sent, has_arrived

pieces = st.integers(-50, 500)


@pytest.mark.parametrize(
    ("now", "last", "sent", "arrived"),
    [
        pytest.param(34, 34, 33, False, id="it did not arrive"),
        pytest.param(33, 34, 33, True, id="it arrived"),
        pytest.param(32, 34, 33, True, id="it arrived, and one was sold"),
        pytest.param(45, 46, 51, False, id="it did not arrive, and one was sold"),
        pytest.param(48, 46, 51, True, id="sold is likelier than filled up"),
        pytest.param(50, 51, 49, False, id="sold is likelier than filled up, the other way round"),
        pytest.param(60, 46, 51, True, id="filled up by the fewest"),
    ],
)
def test_the_likelier_story_is_taken(now: int, last: int, sent: int, arrived: bool) -> None:
    assert has_arrived(Sent(by=sent - last), last, now) is arrived


@given(last=pieces, sent=pieces, arrived=st.booleans())
def test_a_store_in_which_nothing_happened_is_never_misread(last: int, sent: int, arrived: bool) -> None:
    now = sent if arrived else last
    assert has_arrived(Sent(by=sent - last), last, now) is (arrived and sent != last)


@given(last=pieces, by=pieces, now=pieces, arrived=st.booleans())
def test_what_the_store_says_itself_counts(last: int, by: int, now: int, arrived: bool) -> None:
    assert has_arrived(Sent(by=by, arrived=arrived), last, now) is arrived
