"""What a store's owner can set, and what is kept of it."""

from typing import Any

import pytest

from backend.domain.stores.settings import StoreSettings, checked, settings_of, stored
from backend.kit.errors import DomainError


def test_nothing_is_kept_of_what_is_the_default() -> None:
    assert stored(StoreSettings()) == {}
    assert stored(checked({"owners": {"price": "newest"}, "guards": {"free": 10}, "push": "auto"})) == {}


def test_what_differs_is_kept_and_read_back() -> None:
    wanted = checked({"owners": {"price": "hub", "content": "newest"}, "guards": {"free": 3}, "push": "manual"})
    kept = stored(wanted)
    assert kept == {"owners": {"price": "hub"}, "guards": {"free": 3}, "push": "manual"}
    assert settings_of(kept) == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        {"owners": {"price": "me"}},
        {"owners": {"colour": "hub"}},
        {"guards": {"zero_share": 1.5}},
        {"guards": {"price_move": 0}},
        {"guards": {"free": -1}},
        {"push": "sometimes"},
        {"nonsense": 1},
        {"guards": []},
    ],
    ids=["owner", "group", "share", "move", "free", "push", "name", "kind"],
)
def test_what_cannot_be_is_refused_with_its_place(wanted: dict[str, Any]) -> None:
    with pytest.raises(DomainError) as refused:
        checked(wanted)
    assert refused.value.code == "SETTINGS_INVALID"
