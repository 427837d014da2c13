"""What happened, recorded in the transaction that made it happen."""

import uuid
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from backend.models.base import Base, BigKey, CreatedAt


class Event(Base):
    """One event; webhooks are sent from these rows.

    No foreign key: a first sync writes one for each product, and each check would cost (decision 0007).
    """

    __tablename__ = "events"

    id: Mapped[BigKey]
    organization_id: Mapped[uuid.UUID]
    type: Mapped[str]
    payload: Mapped[dict[str, Any]]
    occurred_at: Mapped[CreatedAt]

    __table_args__ = (Index("ix_events_organization_id_id", "organization_id", "id"),)
