"""The store that somebody wants to do something with: there, theirs, and connected."""

import uuid

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.stores.repository import StoreRepository
from backend.kit.errors import conflict, not_found
from backend.models.stores import Store
from backend.ports.actor import Actor


async def visible_store(session: AsyncSession, actor: Actor, store_id: uuid.UUID) -> Store:
    """Return a store of the acting organization; raise not_found."""
    store = await StoreRepository(session).find(actor, store_id)
    if store is None:
        raise not_found("Store")
    return store


async def connected_store(session: AsyncSession, actor: Actor, store_id: uuid.UUID) -> Store:
    """Return a connected store of the acting organization; raise not_found, or conflict STORE_NOT_CONNECTED."""
    store = await visible_store(session, actor, store_id)
    if store.state != "active":
        message = f"The store is {store.state.replace('_', ' ')}: connect it again first"
        raise conflict("STORE_NOT_CONNECTED", message)
    return store
