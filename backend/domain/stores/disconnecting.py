"""Letting a store go in good manners: take our webhooks back while its key still works, then delete the key."""

import asyncio
import uuid
from collections.abc import Callable

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.stores.service import StoreService
from backend.domain.stores.subscriptions import StoreSubscriptions
from backend.kit.errors import DomainError
from backend.kit.transaction import Transactions
from backend.models.stores import Store
from backend.ports.actor import Actor
from backend.ports.platform_errors import PlatformError

log = structlog.get_logger()

PATIENCE_S = 5.0
"""How long somebody who wants to be rid of a store waits for it; what stays behind it switches off by itself."""


class StoreDisconnecting:
    """The flow: which store (tx), tell the store, disconnect (tx). Nothing a store does keeps it from being let go."""

    def __init__(
        self,
        begin: Transactions,
        services: Callable[[AsyncSession], StoreService],
        subscriptions: StoreSubscriptions,
    ) -> None:
        self._begin = begin
        self._services = services
        self._subscriptions = subscriptions

    async def disconnect(self, actor: Actor, store_id: uuid.UUID | None = None) -> Store:
        """Disconnect a store; arguments and errors as `StoreService.disconnect`."""
        async with self._begin() as session:
            store = await self._services(session).meant(actor, store_id)
        if store.state == "active":
            await self._take_back(store)
        async with self._begin() as session:
            return await self._services(session).disconnect(actor, store.id)

    async def _take_back(self, store: Store) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._subscriptions.take_back(store)
        except (PlatformError, DomainError, TimeoutError, OSError) as error:
            log.info("stores.webhooks_left_behind", store=str(store.id), reason=type(error).__name__)
