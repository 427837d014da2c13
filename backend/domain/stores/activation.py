"""A store becoming active, however its owner was proven; and falling out of use."""

import uuid
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.events.service import EventRecorder
from backend.domain.events.types import StoreConnected, StoreNeedsReauth
from backend.kit.clock import utc_now
from backend.kit.text import clipped, storable
from backend.models.stores import Store
from backend.ports.store_platform import StoreIdentity

MAX_NAME = 200


class OnConnected(Protocol):
    """What has to follow a connect, in the same transaction: the first pull. Wiring says what it is."""

    async def __call__(self, session: AsyncSession, organization_id: uuid.UUID, store_id: uuid.UUID) -> None:
        """Record the work."""
        ...


async def activate(session: AsyncSession, store: Store, on_connected: OnConnected) -> None:
    """Make a store active, tell of it and have its catalog pulled. The caller holds its row and its address."""
    store.state, store.state_reason = "active", None
    store.connected_at, store.disconnected_at = utc_now(), None
    await session.flush()
    event = StoreConnected(store_id=str(store.id), platform=store.platform, url=store.url)
    await EventRecorder(session).record(store.organization_id, event)
    await on_connected(session, store.organization_id, store.id)


def describe(store: Store, identity: StoreIdentity, plugin_version: str | None) -> None:
    """Note what a store says of itself. Its address stays as asked for: a store may claim to be any other."""
    store.name = clipped(storable(identity.name).strip(), MAX_NAME) or store.url
    store.currency = clipped(storable(identity.currency), 3)
    store.timezone = clipped(storable(identity.timezone), 64)
    store.platform_version = clipped(storable(identity.platform_version), 64)
    store.facts = {key: storable(value) for key, value in identity.facts.items()}
    store.plugin_version = storable(plugin_version or "") or store.plugin_version


async def mark_needs_reauth(session: AsyncSession, store: Store, cause: str, message: str) -> None:
    """Let a store rest because it refused our credentials; the second time in a row says nothing new.

    Args:     cause: of `ports.platform_errors`. message: what to do about it.
    """
    if store.state != "active":
        return
    store.state, store.state_reason = "needs_reauth", f"{cause}: {message}"
    await EventRecorder(session).record(store.organization_id, StoreNeedsReauth(store_id=str(store.id), cause=cause))
