"""API keys and monitoring tokens as people see them."""

from collections.abc import Sequence

import msgspec

from backend.domain.access.api_keys import error_rate, state_of
from backend.kit.clock import utc_now
from backend.kit.discreet import Discreet
from backend.models.keys import ApiKey
from backend.models.pricing import MonitoringToken
from embedded_ui.panel.views import Badge

_BADGES = {
    "active": Badge("Active", "good"),
    "replaced": Badge("Being replaced", "warn"),
    "expired": Badge("Expired", "off"),
    "revoked": Badge("Revoked", "off"),
}


class ShownOnce(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """A secret on the one page that shows it."""

    title: str
    parts: list[tuple[str, str]]
    """(name, text)"""


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """One API key."""

    key: ApiKey
    text: str
    """As much of it as is known."""
    state: str
    badge: Badge
    errors: str
    """Share of errors in words."""

    @classmethod
    def of(cls, key: ApiKey) -> "KeyView":
        """Return what is shown of a key."""
        state = state_of(key, utc_now())
        errors = f"{error_rate(key) * 100:.1f} %"
        return cls(key=key, text=f"{key.prefix}…{key.last_four}", state=state, badge=_BADGES[state], errors=errors)


class TokenView(msgspec.Struct, frozen=True, kw_only=True):
    """One monitoring token."""

    token: MonitoringToken
    badge: Badge


def token_views(tokens: Sequence[MonitoringToken]) -> list[TokenView]:
    """Return what is shown of tokens."""
    return [TokenView(token=one, badge=_BADGES["revoked" if one.revoked_at else "active"]) for one in tokens]
