"""Newer credentials for one store: however many ask in however many processes, the platform is asked once.

Claim (transaction) -> ask the platform (no transaction) -> keep the new ones (transaction). A claim is a lease: when
its holder dies between asking and keeping, another asks again with the credentials that are still stored.
"""

import asyncio
from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.stores.activation import mark_needs_reauth
from backend.domain.stores.credentials import CredentialsVault, Renewable
from backend.domain.stores.repository import ExchangeRepository, StoreRepository
from backend.kit.crypto import Sealer
from backend.kit.transaction import Transactions
from backend.models.stores import Store
from backend.ports.platform_errors import Cause, StoreRefused, StoreUnavailable
from backend.ports.store_platform import PlatformConnector

LEASE_S = 30.0
"""How long a claim counts; longer than the platform is waited for, so that a living holder never loses it."""
CALL_TIMEOUT_S = 20.0
PATIENCE_S = LEASE_S + CALL_TIMEOUT_S + 10.0
"""How long those wait who find a claim taken: the rest of it, and one more try by whoever comes next."""
_FIRST_LOOK_S, _LAST_LOOK_S = 0.05, 0.5


ENDINGS = frozenset({Cause.KEY_REVOKED, Cause.APP_UNINSTALLED, Cause.SCOPE_MISSING})
"""Causes that the merchant mends by connecting again. All others are ours, the platform's or the shop's for a while: a
wrong client secret must not send every merchant through a consent page."""


class Turn(StrEnum):
    """Whose turn it is to ask the platform."""

    OURS = "ours"
    THEIRS = "theirs"
    MISSED = "missed"
    """We waited for somebody whose try failed a moment ago; ours would fail alike."""


def whose_turn(*, taken: bool, released: bool, waited: bool) -> Turn:
    """Decide: pure.

    Args:     taken: somebody's claim still counts. released: nobody claims, and nobody died claiming.
              waited: we found it taken before.
    """
    if taken:
        return Turn.THEIRS
    return Turn.MISSED if waited and released else Turn.OURS


class StoreRenewal:
    """Implements `CredentialRenewal` for one store."""

    def __init__(self, begin: Transactions, sealer: Sealer, connector: PlatformConnector, store: Store) -> None:
        self._begin = begin
        self._sealer = sealer
        self._connector = connector
        self._store_id = store.id
        self._platform = store.platform
        self._url = store.url

    async def __call__(self, outworn: Mapping[str, str]) -> Mapping[str, str]:
        """Return credentials that are not *outworn*, kept already.

        Raises:   StoreRefused when the merchant has to connect again, the store is marked then; StoreUnavailable when
                  the platform or whoever asks it did not come back in time: nothing is lost, try again.
        """
        newer = await self._claim(outworn)
        if newer is not None:
            return newer
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                fresh = await self._connector.renew(self._url, outworn)
        except StoreRefused as error:
            if error.cause in ENDINGS:
                return await self._ended(outworn, error)
            await self._release(outworn)
            raise StoreRefused(Cause.REFUSED, error.message, evidence=error.evidence, status=error.status) from None
        except TimeoutError:
            await self._release(outworn)
            raise _unavailable("The platform did not answer in time when asked for new credentials") from None
        except Exception:
            await self._release(outworn)
            raise
        return await self._keep(outworn, fresh)

    async def _claim(self, outworn: Mapping[str, str]) -> Mapping[str, str] | None:
        """Wait for our turn; return credentials that somebody else brought meanwhile, None when it is our turn."""
        waited, pause_s = False, _FIRST_LOOK_S
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    found = await self._look(outworn, waited=waited)
                    if found is Turn.OURS:
                        return None
                    if found is Turn.MISSED:
                        raise _unavailable("Asking for new credentials failed a moment ago; it is tried again later")
                    if not isinstance(found, Turn):
                        return found
                    waited = True
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 2, _LAST_LOOK_S)
        except TimeoutError:
            raise _unavailable("Somebody else asks for new credentials and does not come back") from None

    async def _look(self, outworn: Mapping[str, str], *, waited: bool) -> Turn | Mapping[str, str]:
        async with self._begin() as session:
            row = await self._stored(session)
            if row.credentials != outworn:
                return row.credentials
            turn = whose_turn(taken=row.is_claimed, released=row.is_released, waited=waited)
            if turn is Turn.OURS:
                row.claim(LEASE_S)
            return turn

    async def _keep(self, outworn: Mapping[str, str], fresh: Mapping[str, str]) -> Mapping[str, str]:
        async with self._begin() as session:
            row = await self._stored(session)
            if row.credentials != outworn:
                # The merchant connected again meanwhile, which ended what we were given.
                return row.credentials
            row.replace(fresh)
        return fresh

    async def _ended(self, outworn: Mapping[str, str], error: StoreRefused) -> Mapping[str, str]:
        async with self._begin() as session:
            store = await StoreRepository(session).locked(self._store_id)
            row = await self._stored(session)
            if row.credentials != outworn:
                return row.credentials
            row.release()
            connecting = await ExchangeRepository(session).is_taken(self._platform, self._url)
            if store is not None and not connecting:
                await mark_needs_reauth(session, store, str(error.cause), error.message)
        if connecting:
            raise _unavailable("The store is being connected again at this moment")
        raise error

    async def _release(self, outworn: Mapping[str, str]) -> None:
        async with self._begin() as session:
            row = await self._stored(session)
            if row.credentials == outworn:
                row.release()

    async def _stored(self, session: AsyncSession) -> Renewable:
        row = await CredentialsVault(session, self._sealer).renewable(self._store_id)
        if row is None:
            raise StoreRefused(Cause.KEY_REVOKED, "The store was disconnected; connect it again")
        return row


def _unavailable(message: str) -> StoreUnavailable:
    return StoreUnavailable(Cause.UNREACHABLE, message)
