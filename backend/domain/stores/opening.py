"""Opening a connected store for those who read and write it."""

from backend.domain.stores.credentials import CredentialsVault
from backend.domain.stores.renewal import StoreRenewal
from backend.kit.crypto import Sealer
from backend.kit.transaction import Transactions
from backend.models.stores import Store
from backend.ports.store_platform import Platforms, StorePlatform


class StoreOpening:
    """Opens stores with the credentials they have now, and hands them what renews those."""

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
        connector = self._platforms.get(store.platform)
        renewal = StoreRenewal(self._begin, self._sealer, connector, store)
        return connector.open(store.url, credentials, store.facts, renewal)
