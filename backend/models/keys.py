"""API keys of an organization: only a hash is kept."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from backend.models.base import Base, CreatedAt, UuidKey


class ApiKey(Base):
    """One `sk_live_…` key (contract rows SHS-02, SAL-01); the text was shown once and is not kept."""

    __tablename__ = "api_keys"

    id: Mapped[UuidKey]
    organization_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    permission: Mapped[str]
    """`read`, `write` or `admin`; each holds the one before."""
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    """SHA-256 of the whole key."""
    prefix: Mapped[str]
    """Its first characters, to know it again."""
    last_four: Mapped[str]
    limit_per_hour: Mapped[int | None]
    """None: what the plan gives."""
    allow_ips: Mapped[list[str]] = mapped_column(ARRAY(Text))
    """CIDR blocks it may be used from; empty: from everywhere."""
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    """Final: a revoked key never comes back."""
    dies_at: Mapped[datetime | None]
    """Of a key that was rotated with an overlap: until then it works beside its successor."""
    total_requests: Mapped[int] = mapped_column(BigInteger, server_default=text("0"), default=0)
    failed_requests: Mapped[int] = mapped_column(BigInteger, server_default=text("0"), default=0)
    """Answered with 400 or more."""
    last_used_at: Mapped[datetime | None]
