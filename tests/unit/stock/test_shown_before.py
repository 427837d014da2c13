"""What a store showed before, while nobody knows whether a number of ours arrived there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.stock.rules import shown_before

pieces = st.integers(-50, 500)


@pytest.mark.parametrize(
    ("now", "believed", "sent", "before"),
    [
        pytest.param(34, 34, 33, 34, id="it did not arrive"),
        pytest.param(33, 34, 33, 33, id="it arrived"),
        pytest.param(32, 34, 33, 33, id="it arrived, and one was sold"),
        pytest.param(45, 46, 51, 46, id="it did not arrive, and one was sold"),
        pytest.param(48, 46, 51, 51, id="sold is likelier than filled up"),
        pytest.param(50, 51, 49, 51, id="sold is likelier than filled up, the other way round"),
        pytest.param(60, 46, 51, 51, id="filled up by the fewest"),
    ],
)
def test_the_likelier_story_is_taken(now: int, believed: int, sent: int, before: int) -> None:
    assert shown_before(now, believed, sent) == before


@given(believed=pieces, sent=pieces, arrived=st.booleans())
def test_a_store_in_which_nothing_happened_is_never_misread(believed: int, sent: int, arrived: bool) -> None:
    now = sent if arrived else believed
    assert shown_before(now, believed, sent) == now
