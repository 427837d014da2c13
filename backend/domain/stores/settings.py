"""What a store's owner can set: who owns which fields, when guards hold a run, whether pushes go out by themselves."""

from collections.abc import Mapping
from typing import Any

import msgspec

from backend.kit.errors import invalid

HUB, STORE, NEWEST = "hub", "store", "newest"
OWNERS = (HUB, STORE, NEWEST)
GROUPS = ("content", "price", "stock", "images", "status")
"""Field groups; which field is in which stands in `domain/catalog/fields.py`."""


class Ownership(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who owns a group of fields in this store: `hub`, `store` or `newest` (decision 0024)."""

    content: str = NEWEST
    price: str = NEWEST
    stock: str = NEWEST
    """`store`: the hub neither counts nor writes pieces of this store."""
    images: str = NEWEST
    status: str = NEWEST


class Guards(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a run waits for a person. Shares are 0..1; 1 never holds."""

    shrink_share: float = 0.3
    """Share of a store's products or listings that a walk may find gone."""
    unlist_share: float = 0.1
    """Share of a store's listings that a push may delete or take off sale."""
    zero_share: float = 0.3
    """Share of a store's counted listings whose pieces may go to zero in one run."""
    price_move: float = 0.5
    """How far a price may move, as a share of the old one."""
    price_move_share: float = 0.05
    """Share of a store's listings whose price may move further than that in one run."""
    free: int = 10
    """So many listings may always go, be emptied or move."""


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of one store; what is absent has its default."""

    owners: Ownership = Ownership()
    guards: Guards = Guards()
    push: str = "auto"
    """`auto`: what is due goes out by itself; `manual`: stock does, all else waits until a person applies a preview."""


_DEFAULTS: Mapping[str, Any] = msgspec.to_builtins(StoreSettings())


def settings_of(stored: Mapping[str, Any]) -> StoreSettings:
    """Read the settings of a store's row."""
    return msgspec.convert(stored, StoreSettings)


def stored(settings: StoreSettings) -> dict[str, Any]:
    """Return settings as the row keeps them: only what is not the default, so that a default may change."""
    return _beside(msgspec.to_builtins(settings), _DEFAULTS)


def _beside(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in values.items():
        found = _beside(value, defaults[name]) if isinstance(value, dict) else value
        if found != ({} if isinstance(value, dict) else defaults[name]):
            kept[name] = found
    return kept


def checked(wanted: Mapping[str, Any]) -> StoreSettings:
    """Read settings that somebody sent.

    Raises:   invalid SETTINGS_INVALID with the place and what is allowed there.
    """
    try:
        settings = msgspec.convert(wanted, StoreSettings)
    except msgspec.ValidationError as error:
        raise invalid("SETTINGS_INVALID", f"settings: {error}") from None
    for group in GROUPS:
        if getattr(settings.owners, group) not in OWNERS:
            raise invalid("SETTINGS_INVALID", f"owners.{group}: one of {', '.join(OWNERS)}", field=f"owners.{group}")
    for name in ("shrink_share", "unlist_share", "zero_share", "price_move_share"):
        if not 0 <= getattr(settings.guards, name) <= 1:
            raise invalid("SETTINGS_INVALID", f"guards.{name}: 0 to 1", field=f"guards.{name}")
    if not 0 < settings.guards.price_move <= 100:
        raise invalid("SETTINGS_INVALID", "guards.price_move: more than 0, at most 100", field="guards.price_move")
    if not 0 <= settings.guards.free <= 1_000_000:
        raise invalid("SETTINGS_INVALID", "guards.free: 0 to 1,000,000", field="guards.free")
    if settings.push not in ("auto", "manual"):
        raise invalid("SETTINGS_INVALID", "push: auto or manual", field="push")
    return settings
