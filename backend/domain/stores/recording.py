"""Asking a store who it is, and writing down what it said: the halves that every way of connecting has."""

import asyncio
import uuid
from collections.abc import Mapping

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.stores.activation import OnConnected, activate, describe
from backend.domain.stores.credentials import CredentialsVault
from backend.domain.stores.repository import StoreRepository
from backend.domain.stores.rules import refusal, store_held
from backend.kit.crypto import Sealer
from backend.kit.discreet import Discreet
from backend.kit.text import storable
from backend.models.stores import Store
from backend.ports.platform_errors import Cause, PlatformError, StoreUnavailable
from backend.ports.store_platform import Platforms, StoreIdentity

CONNECT_TIMEOUT_S = 25.0


class Shown(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """A store that answered to its credentials."""

    platform: str
    url: str
    """Canonical: where it is kept."""
    credentials: Mapping[str, str]
    identity: StoreIdentity
    plugin_version: str | None = None


async def identified(platforms: Platforms, platform: str, url: str, credentials: Mapping[str, str]) -> StoreIdentity:
    """Ask a store who it is; no transaction may be open.

    Raises:   DomainError with the store's cause; upstream_failed when it takes too long.
    """
    store = platforms.get(platform).open(url, credentials, {})
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            return await store.identify()
    except PlatformError as error:
        raise refusal(error, tuple(credentials.values())) from None
    except TimeoutError:
        slow = StoreUnavailable(Cause.TIMEOUT, "The store took too long to answer; try again when it is less busy")
        raise refusal(slow) from None
    finally:
        await store.aclose()


class StoreRecording:
    """Writes one store down, inside the caller's transaction: hold the address, refuse or activate."""

    def __init__(self, session: AsyncSession, sealer: Sealer, on_connected: OnConnected, shown: Shown) -> None:
        self._session = session
        self._on_connected = on_connected
        self._shown = shown
        self._stores = StoreRepository(session)
        self._vault = CredentialsVault(session, sealer)

    @property
    def name(self) -> str:
        """Return what the store calls itself, "" when it says nothing fit to be shown."""
        return storable(self._shown.identity.name).strip()

    async def hold_address(self) -> None:
        """Let nobody else connect the address until the transaction ends: the first step."""
        await self._stores.lock_address(self._shown.platform, self._shown.url)

    async def is_held_by_other(self, organization_id: uuid.UUID | None) -> bool:
        """Tell whether an organization other than the given one holds the address."""
        return await self._stores.is_held_by_other(organization_id, self._shown.platform, self._shown.url)

    async def refuse_held(self, organization_id: uuid.UUID | None) -> None:
        """Raise forbidden STORE_HELD when another organization holds the address."""
        if await self.is_held_by_other(organization_id):
            raise store_held()

    async def there(self, organization_id: uuid.UUID) -> Store | None:
        """Return the organization's store at the address and hold its row."""
        return await self._stores.at_address(organization_id, self._shown.platform, self._shown.url)

    async def add(self, organization_id: uuid.UUID) -> Store:
        """Add the store, pending."""
        shown = self._shown
        values = {"platform": shown.platform, "url": shown.url, "name": shown.url, "state": "pending"}
        return await self._stores.add(organization_id=organization_id, **values)

    async def keep(self, store: Store) -> None:
        """Note what the store said of itself and seal its credentials."""
        describe(store, self._shown.identity, self._shown.plugin_version)
        await self._vault.put(store, self._shown.credentials)

    async def activate(self, organization_id: uuid.UUID) -> tuple[Store, bool]:
        """Connect the store to an organization; return it and whether it was never connected there before."""
        store = await self.there(organization_id)
        is_new = store is None or store.connected_at is None
        store = store or await self.add(organization_id)
        await self.keep(store)
        await activate(self._session, store, self._on_connected)
        return store, is_new
