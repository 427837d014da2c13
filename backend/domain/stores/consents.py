"""Consents that were asked for: a state that works once, in the browser and for the shop it was made for."""

import secrets
import uuid
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.access.rules import MANAGERS
from backend.domain.accounts.repository import AccountRepository
from backend.domain.stores.repository import ConsentRepository
from backend.kit.clock import utc_now
from backend.kit.crypto import same, token_hash
from backend.kit.discreet import Discreet
from backend.models.stores import OAuthState
from backend.ports.actor import Actor

STATE_LIFE = timedelta(minutes=10)
"""A merchant has to read a page, and perhaps to log in to the shop first."""
KEPT_AFTER_END = timedelta(days=1)
"""How long an ended state is kept, so that a late or repeated callback is told what is wrong with it."""


class NewConsent(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What the consent page is given, and what the browser keeps."""

    state: str
    """64 hexadecimal characters."""
    browser: str
    """Of the cookie of the browser that began."""


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """A consent whose state was good: whose store it becomes."""

    organization_id: uuid.UUID
    store_id: uuid.UUID | None
    """The store that is to be linked."""
    address: str


class StateFault(StrEnum):
    """Why a state does not count."""

    UNKNOWN = "unknown"
    USED = "used"
    EXPIRED = "expired"
    OTHER_SHOP = "other_shop"
    OTHER_BROWSER = "other_browser"
    ROLE_LOST = "role_lost"


def fault_of(row: OAuthState, *, address: str, browser: str, now: datetime) -> StateFault | None:
    """Return what is wrong with a state that came back, None when it counts: pure.

    Args:     address: of the shop that the callback is about. browser: of the cookie that came with it, "" for none.
    """
    if row.used_at is not None:
        return StateFault.USED
    if now >= row.expires_at:
        return StateFault.EXPIRED
    if row.address != address:
        return StateFault.OTHER_SHOP
    if row.browser_hash is None or not same(row.browser_hash, token_hash(browser)):
        return StateFault.OTHER_BROWSER
    return None


class Consents:
    """Makes and claims states, inside the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._rows = ConsentRepository(session)
        self._users = AccountRepository(session)

    async def make(self, actor: Actor, address: str, store_id: uuid.UUID | None) -> NewConsent:
        """Make a state for a shop; only hashes of it and of the browser's secret are stored."""
        made, now = NewConsent(state=secrets.token_hex(32), browser=secrets.token_urlsafe(32)), utc_now()
        await self._rows.forget_expired(now - KEPT_AFTER_END)
        await self._rows.add(
            state_hash=token_hash(made.state),
            browser_hash=token_hash(made.browser),
            organization_id=actor.tenant,
            user_id=actor.user_id,
            store_id=store_id,
            address=address,
            expires_at=now + STATE_LIFE,
        )
        return made

    async def claim(self, state: str, *, address: str, browser: str) -> Consent | StateFault:
        """Use a state up, whatever is wrong with it: one that was shown to somebody else is of no use to anybody.

        Of two callbacks at once, one gets the consent; the caller's transaction has to be committed for that.
        """
        row = await self._rows.locked(token_hash(state))
        if row is None:
            return StateFault.UNKNOWN
        fault = fault_of(row, address=address, browser=browser, now=utc_now())
        if fault is None and not await self._may_still(row):
            fault = StateFault.ROLE_LOST
        row.used_at = row.used_at or utc_now()
        return fault or Consent(organization_id=row.organization_id, store_id=row.store_id, address=row.address)

    async def _may_still(self, row: OAuthState) -> bool:
        if row.user_id is None:
            return True
        memberships = await self._users.memberships(row.user_id)
        return any(one.organization_id == row.organization_id and one.role in MANAGERS for one in memberships)
