"""Webhooks that a store has to be asked for: their secret, where they are sent, and looking after them.

Stores switch a webhook off after a few failures and tell nobody, so each store is looked at again every hour.
"""

import secrets
import time
import uuid
from collections.abc import Callable
from urllib.parse import urlencode

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.jobs.service import JobRecorder
from backend.domain.stores.credentials import CredentialsVault
from backend.domain.stores.opening import StoreOpening
from backend.domain.stores.repository import StoreRepository
from backend.kit.crypto import Sealer
from backend.kit.errors import DomainError
from backend.kit.transaction import Transactions
from backend.models.stores import Store
from backend.ports.actor import system_actor
from backend.ports.store_platform import Platforms

WEBHOOK_SECRET = "webhook_secret"
"""Name of the secret among a store's sealed credentials."""
JOB = "stores.subscribe_store"
LOOK_AGAIN_S = 3_600


def delivery_url(public_url: str, platform: str, store_id: uuid.UUID) -> str:
    """Return where a store sends its webhooks; it names the store, whose own secret proves them."""
    return f"{public_url.rstrip('/')}/hooks/{platform}?{urlencode({'store': str(store_id)})}"


class StoreSubscriptions:
    """The flow behind the job `stores.subscribe_store`: seal a secret (tx), ask the store, look again later (tx)."""

    def __init__(
        self,
        begin: Transactions,
        *,
        platforms: Platforms,
        sealer: Sealer,
        opener: StoreOpening,
        jobs: Callable[[AsyncSession], JobRecorder],
        public_url: str,
    ) -> None:
        self._begin = begin
        self._platforms = platforms
        self._sealer = sealer
        self._opener = opener
        self._jobs = jobs
        self._public_url = public_url

    async def request(self, session: AsyncSession, organization_id: uuid.UUID, store_id: uuid.UUID) -> None:
        """Have a store's webhooks set up: what follows a connect, in its transaction."""
        # Without a key: a job under way may have begun with the credentials of the connect before.
        await self._jobs(session).record(JOB, {"store_id": str(store_id)}, organization_id=organization_id)

    async def set_up(self, store_id: uuid.UUID) -> None:
        """Make and repair a store's webhooks. Safe to repeat: what is there and works is left alone.

        Raises:   StoreRefused, StoreUnavailable, StoreThrottled, UnsafeAddress.
        """
        async with self._begin() as session:
            found = await self._secret_of(session, store_id)
        if found is None:
            return
        store, secret = found
        try:
            platform = await self._opener.open(store)
        except DomainError:  # disconnected this very moment
            return
        try:
            await platform.subscribe(delivery_url(self._public_url, store.platform, store.id), secret)
        finally:
            await platform.aclose()
        await self.look_again(store_id)

    async def look_again(self, store_id: uuid.UUID) -> None:
        """Have a store that is still connected looked at in an hour, however often this is asked."""
        async with self._begin() as session:
            store = await StoreRepository(session).by_id(store_id)
            if store is None or store.state != "active":
                return
            hour = int(time.time() // LOOK_AGAIN_S) + 1
            await self._jobs(session).record(
                JOB,
                {"store_id": str(store_id)},
                organization_id=store.organization_id,
                unique_key=f"{JOB}:{store_id}:{hour}",
                delay_s=LOOK_AGAIN_S,
            )

    async def take_back(self, store: Store) -> None:
        """Remove a store's webhooks while its key still works.

        Raises:   not_found when its credentials are gone; StoreRefused, StoreUnavailable, UnsafeAddress.
        """
        if not self._platforms.get(store.platform).subscribes:
            return
        platform = await self._opener.open(store)
        try:
            await platform.unsubscribe(delivery_url(self._public_url, store.platform, store.id))
        finally:
            await platform.aclose()

    async def _secret_of(self, session: AsyncSession, store_id: uuid.UUID) -> tuple[Store, str] | None:
        """Return an active store and its secret, made now if it has none; None when there is nothing to ask it for."""
        known = await StoreRepository(session).by_id(store_id)
        if known is None or not self._public_url or not self._platforms.get(known.platform).subscribes:
            return None
        store = await StoreRepository(session).find(system_actor(known.organization_id), store_id, lock=True)
        if store is None or store.state != "active":
            return None
        vault = CredentialsVault(session, self._sealer)
        credentials = await vault.take(store)
        secret = credentials.get(WEBHOOK_SECRET)
        if secret is None:
            # Sealed before the store hears of it: its first delivery may come at once.
            secret = secrets.token_urlsafe(32)
            await vault.put(store, {**credentials, WEBHOOK_SECRET: secret})
        return store, secret
