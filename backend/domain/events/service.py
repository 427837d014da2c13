"""The one way to say that something happened."""

import uuid
from datetime import datetime

import msgspec
from sqlalchemy import func, select
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

    async def last_at(self, organization_id: uuid.UUID) -> datetime | None:
        """Return when the organization's newest event happened, or None."""
        query = select(func.max(EventRow.occurred_at)).where(EventRow.organization_id == organization_id)
        return (await self._session.execute(query)).scalar_one_or_none()
