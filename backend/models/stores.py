"""Connected shops and their sealed credentials."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, CreatedAt, Moment, UuidKey


class Store(Base):
    """A connected shop ("channel" in the contracts that say so)."""

    __tablename__ = "stores"

    id: Mapped[UuidKey]
    organization_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    platform: Mapped[str]
    url: Mapped[str]
    """Canonical address, one spelling per store."""
    name: Mapped[str]
    state: Mapped[str]
    """`pending` (waits for the owner's confirmation), `active`, `needs_reauth` (key refused) or `disconnected`."""
    state_reason: Mapped[str | None]
    """Why it left `active`: a cause of `ports.platform_errors`, and what to do."""
    currency: Mapped[str | None]
    timezone: Mapped[str | None]
    platform_version: Mapped[str | None]
    plugin_version: Mapped[str | None]
    facts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"), default=dict)
    """What the adapter remembers of the store."""
    settings: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"), default=dict)
    """What its owner set, as `domain/stores/settings.py` reads it; absent: the default."""
    watermark_at: Mapped[datetime | None]
    """Newest change seen, by the store's own clock, but not after the start of the run that saw it; incremental pulls
    start a little before it."""
    created_at: Mapped[CreatedAt]
    connected_at: Mapped[datetime | None]
    disconnected_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("organization_id", "platform", "url"),
        # One shop has one master: a second organization cannot hold it at the same time.
        Index(
            "uq_stores_platform_url_held",
            "platform",
            "url",
            unique=True,
            postgresql_where=text("state IN ('active', 'needs_reauth')"),
        ),
    )


class StoreCredentials(Base):
    """What opens a store, sealed; the row is deleted on disconnect."""

    __tablename__ = "store_credentials"

    store_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    organization_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """JSON object of the platform's credentials under `kit.crypto.Sealer`."""
    key_id: Mapped[str]
    """Which key sealed it, so that rotation finds what is left."""
    renewing_until: Mapped[datetime | None]
    """Somebody asks the platform for newer credentials; past it, another may."""
    updated_at: Mapped[CreatedAt]


class OAuthState(Base):
    """A consent that was asked for: single use, bound to shop, organization and browser."""

    __tablename__ = "oauth_states"

    state_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    """`crypto.token_hash` of the state; the state itself is never stored."""
    organization_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[uuid.UUID | None]
    store_id: Mapped[uuid.UUID | None]
    """The store that is to be linked."""
    address: Mapped[str]
    """Canonical address of the shop it was asked for."""
    browser_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    """`crypto.token_hash` of the cookie set in the browser that began."""
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[Moment] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class TokenExchange(Base):
    """Somebody asks a shop for new tokens; a second one at the same time would make the first one's worthless."""

    __tablename__ = "token_exchanges"

    platform: Mapped[str] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[uuid.UUID]
    """Of one attempt, so that it ends its own only."""
    lease_until: Mapped[Moment]
    """Past it, another may."""
