"""What opens a store: sealed at rest, opened only to make a request, sealed anew when keys are rotated."""

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.access.signing_keys import SigningKeys
from backend.domain.stores.repository import CredentialsRepository
from backend.kit.crypto import Sealer
from backend.kit.errors import not_found
from backend.kit.transaction import Transactions
from backend.models.stores import Store, StoreCredentials

BATCH = 100


class CredentialsVault:
    """Puts credentials in and takes them out, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, sealer: Sealer) -> None:
        self._rows = CredentialsRepository(session)
        self._sealer = sealer

    async def put(self, store: Store, credentials: Mapping[str, str]) -> None:
        """Seal credentials and store them in place of the old ones."""
        await self._rows.put(store, _sealed(self._sealer, credentials), self._sealer.key_id)

    async def take(self, store: Store) -> Mapping[str, str]:
        """Return a store's credentials; raise not_found when they are gone, UnsealError when no key opens them."""
        sealed = await self._rows.sealed(store.organization_id, store.id)
        if sealed is None:
            raise not_found("Store credentials")
        return _opened(self._sealer, sealed)

    async def renewable(self, store_id: uuid.UUID) -> "Renewable | None":
        """Return a store's credentials with the claim on them, held to the end of the transaction; None: gone."""
        found = await self._rows.locked(store_id)
        return Renewable(found[0], found[1], self._sealer) if found else None

    async def delete(self, store: Store) -> None:
        """Delete a store's credentials."""
        await self._rows.delete(store.id)


class Renewable:
    """One store's credentials while we hold their row, and who asks the platform for newer ones.

    Args:     now: by the database's clock, which all processes share.
    """

    def __init__(self, row: StoreCredentials, now: datetime, sealer: Sealer) -> None:
        self._row = row
        self._now = now
        self._sealer = sealer
        self.credentials: Mapping[str, str] = _opened(sealer, row.sealed)

    @property
    def is_claimed(self) -> bool:
        """Tell whether somebody's claim still counts."""
        return self._row.renewing_until is not None and self._row.renewing_until > self._now

    @property
    def is_released(self) -> bool:
        """Tell whether nobody claims: a claim that ran out is none, but was never released."""
        return self._row.renewing_until is None

    def claim(self, life_s: float) -> None:
        """Claim the renewal for so many seconds."""
        self._row.renewing_until = self._now + timedelta(seconds=life_s)

    def release(self) -> None:
        """Let others try."""
        self._row.renewing_until = None

    def replace(self, fresh: Mapping[str, str]) -> None:
        """Seal newer credentials in place of these, all of them at once, and let go of the claim."""
        self._row.sealed, self._row.key_id = _sealed(self._sealer, fresh), self._sealer.key_id
        self._row.renewing_until, self._row.updated_at = None, self._now


class SecretRotation:
    """Seals everything anew under the newest key; safe to repeat and to run while stores are in use."""

    def __init__(self, begin: Transactions, sealer: Sealer, keys: SigningKeys) -> None:
        self._begin = begin
        self._sealer = sealer
        self._keys = keys

    async def rotate(self) -> int:
        """Return how many secrets were sealed anew; afterwards the older keys can be taken out of the settings.

        Raises:   UnsealError when a secret was sealed under a key that is not configured any more.
        """
        async with self._begin() as session:
            done = await self._keys.reseal(session)
        while True:
            async with self._begin() as session:
                rows = await CredentialsRepository(session).sealed_under_other_keys(self._sealer.key_id, BATCH)
                for row in rows:
                    row.sealed, row.key_id = self._sealer.reseal(row.sealed), self._sealer.key_id
            done += len(rows)
            if not rows:
                return done


def _sealed(sealer: Sealer, credentials: Mapping[str, str]) -> bytes:
    return sealer.seal(msgspec.json.encode(dict(credentials)))


def _opened(sealer: Sealer, sealed: bytes) -> Mapping[str, str]:
    return msgspec.json.decode(sealer.open(sealed), type=dict[str, str])
