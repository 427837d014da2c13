"""A store that is let go without anybody asking us: its credentials are worthless already."""

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.events.service import EventRecorder
from backend.domain.events.types import StoreDisconnected
from backend.domain.stores.repository import CredentialsRepository
from backend.kit.clock import utc_now
from backend.models.stores import Store


async def let_go(session: AsyncSession, store: Store, reason: str) -> None:
    """Delete a store's credentials and disconnect it; harmless when it is disconnected already.

    Args:     reason: `cause: sentence`, shown beside the store.
    """
    await CredentialsRepository(session).delete(store.id)
    if store.state != "disconnected":
        store.state, store.state_reason, store.disconnected_at = "disconnected", reason, utc_now()
        await EventRecorder(session).record(store.organization_id, StoreDisconnected(store_id=str(store.id)))
