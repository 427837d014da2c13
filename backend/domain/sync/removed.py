"""A store is said to have removed a product: ask it, and take the product out when it is so."""

import uuid

from backend.domain.catalog.erasure import CatalogErasure
from backend.domain.stores.repository import StoreRepository
from backend.domain.sync.pull import StoreOpener
from backend.kit.errors import DomainError
from backend.kit.transaction import Transactions


class RemovedProducts:
    """Checks single products: read the store's row (tx), ask the store, mark the product gone (tx).

    Safe to repeat: what is gone stays gone, and what a run brings back meanwhile is asked for again.
    """

    def __init__(self, begin: Transactions, opener: StoreOpener) -> None:
        self._begin = begin
        self._opener = opener

    async def check(self, store_id: uuid.UUID, external_id: str) -> None:
        """Mark a product gone unless the store still lists it.

        Raises:   StoreRefused, StoreUnavailable, StoreThrottled, UnsafeAddress: nothing was changed.
        """
        async with self._begin() as session:
            store = await StoreRepository(session).by_id(store_id)
        if store is None or store.state != "active":
            return
        try:
            platform = await self._opener.open(store)
        except DomainError:  # disconnected this very moment
            return
        try:
            listed = await platform.still_listed([external_id], [])
        finally:
            await platform.aclose()
        if listed:
            return
        async with self._begin() as session:
            await CatalogErasure(session, store.organization_id, store.id).mark_product_gone(external_id)
