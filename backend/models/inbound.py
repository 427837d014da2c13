"""What platforms send us, and what became of it."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, BigKey, CreatedAt, Moment, UuidKey


class ReceivedWebhook(Base):
    """One delivery. Kept without a store too: compliance webhooks come for shops that we do not know any more."""

    __tablename__ = "received_webhooks"

    id: Mapped[BigKey]
    organization_id: Mapped[uuid.UUID | None]
    store_id: Mapped[uuid.UUID | None]
    """Found when it is worked off."""
    platform: Mapped[str]
    address: Mapped[str]
    """Canonical address of the store, as `stores.url`."""
    topic: Mapped[str]
    delivery_key: Mapped[str]
    event_id: Mapped[str] = mapped_column(server_default=text("''"), default="")
    triggered_at: Mapped[datetime | None]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    """As it came; emptied when it was worked off and nothing needs it, or when a redaction asks for it."""
    state: Mapped[str] = mapped_column(server_default=text("'received'"), default="received")
    """`received`, `done`, `ignored` or `failed`."""
    note: Mapped[str] = mapped_column(server_default=text("''"), default="")
    """Why it was ignored, or how it failed."""
    received_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("platform", "address", "delivery_key"),
        Index("ix_received_webhooks_organization_id_id", "organization_id", "id"),
        Index("ix_received_webhooks_received_at", "received_at"),
    )


class PrivacyRequest(Base):
    """A request about personal data that a platform passed on: what was asked, by when, and what was done."""

    __tablename__ = "privacy_requests"

    id: Mapped[UuidKey]
    organization_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organizations.id", ondelete="SET NULL"))
    store_id: Mapped[uuid.UUID | None]
    address: Mapped[str]
    kind: Mapped[str]
    """`data_request`, `customer_redact` or `shop_redact`."""
    external_id: Mapped[str] = mapped_column(server_default=text("''"), default="")
    """The platform's number of the request."""
    state: Mapped[str] = mapped_column(server_default=text("'open'"), default="open")
    """`open`, `done` or `dropped` (the shop was installed again)."""
    facts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"), default=dict)
    """Ids that were asked for and counts of what was found; no personal data."""
    export_key: Mapped[str | None]
    """Blob of a data request's export."""
    due_at: Mapped[Moment]
    created_at: Mapped[CreatedAt]
    done_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_privacy_requests_organization_id_id", "organization_id", "id"),)


class AuditEntry(Base):
    """Who did what that somebody may ask about later; outlives what it speaks of."""

    __tablename__ = "audit_entries"

    id: Mapped[BigKey]
    organization_id: Mapped[uuid.UUID | None]
    actor: Mapped[str]
    """`shopify`, `operator`, or a user's id."""
    action: Mapped[str]
    """`area.verb_object`, such as `privacy.redact_customer`."""
    subject: Mapped[str]
    """What it was done to, such as a store's id or a shop's domain."""
    facts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"), default=dict)
    created_at: Mapped[CreatedAt]

    __table_args__ = (Index("ix_audit_entries_organization_id_id", "organization_id", "id"),)
