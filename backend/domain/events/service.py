"""The one way to say that something happened."""

import uuid

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.events.types import Event
from backend.models.events import Event as EventRow


class EventRecorder:
    """Writes events in the caller's transaction: they exist exactly when what they tell of exists."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def record(self, organization_id: uuid.UUID, event: Event) -> None:
        """Record one event of an organization."""
        payload = msgspec.to_builtins(event)
        name = payload.pop("event")
        self._session.add(EventRow(organization_id=organization_id, type=name, payload=payload))
