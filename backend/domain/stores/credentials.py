"""What opens a store: sealed at rest, opened only to make a request, sealed anew when keys are rotated."""

from collections.abc import Mapping

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.access.signing_keys import SigningKeys
from backend.domain.stores.repository import CredentialsRepository
from backend.kit.crypto import Sealer
from backend.kit.errors import not_found
from backend.kit.transaction import Transactions
from backend.models.stores import Store
from backend.ports.store_platform import Platforms, StorePlatform

BATCH = 100


class CredentialsVault:
    """Puts credentials in and takes them out, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, sealer: Sealer) -> None:
        self._rows = CredentialsRepository(session)
        self._sealer = sealer

    async def put(self, store: Store, credentials: Mapping[str, str]) -> None:
        """Seal credentials and store them in place of the old ones."""
        sealed = self._sealer.seal(msgspec.json.encode(dict(credentials)))
        await self._rows.put(store, sealed, self._sealer.key_id)

    async def take(self, store: Store) -> Mapping[str, str]:
        """Return a store's credentials; raise not_found when they are gone, UnsealError when no key opens them."""
        sealed = await self._rows.sealed(store.organization_id, store.id)
        if sealed is None:
            raise not_found("Store credentials")
        return msgspec.json.decode(self._sealer.open(sealed), type=dict[str, str])

    async def delete(self, store: Store) -> None:
        """Delete a store's credentials."""
        await self._rows.delete(store.id)


class StoreOpening:
    """Opens stores for those who read and write them."""

    def __init__(self, begin: Transactions, sealer: Sealer, platforms: Platforms) -> None:
        self._begin = begin
        self._sealer = sealer
        self._platforms = platforms

    async def open(self, store: Store) -> StorePlatform:
        """Return the store, no request made yet; the caller closes it.

        Raises:   not_found when its credentials are gone, as they are after a disconnect.
        """
        async with self._begin() as session:
            credentials = await CredentialsVault(session, self._sealer).take(store)
        return self._platforms.get(store.platform).open(store.url, credentials, store.facts)


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
