"""What happened, recorded in the transaction that made it happen."""

import uuid
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, BigKey, CreatedAt


class Event(Base):
    """One event; webhooks are sent from these rows."""

    __tablename__ = "events"

    id: Mapped[BigKey]
    organization_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    type: Mapped[str]
    payload: Mapped[dict[str, Any]]
    occurred_at: Mapped[CreatedAt]

    __table_args__ = (Index("ix_events_organization_id_id", "organization_id", "id"),)
