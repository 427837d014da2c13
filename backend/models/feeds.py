"""Published exports and their generations."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, BigKey, CreatedAt, UuidKey

_ORG = "organizations.id"


class Feed(Base):
    """A published export: slug, template, format, filters, mapping."""

    __tablename__ = "feeds"

    id: Mapped[UuidKey]
    organization_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(_ORG, ondelete="CASCADE"), index=True)
    slug: Mapped[str] = mapped_column(unique=True)
    """In the public URL, unique over all organizations."""
    title: Mapped[str]
    format: Mapped[str]
    """`xml`, `csv` or `json`."""
    template: Mapped[str]
    """A name in `domain.feeds.formats.FORMATS`, such as `google` or `plain`."""
    filters: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"), default=dict)
    published: Mapped[bool]
    due_at: Mapped[datetime | None]
    """A crawler asked after the last generation had aged; cleared by the next one."""
    current_version_id: Mapped[int | None] = mapped_column(BigInteger)
    """The last good generation; a failed one never takes its place."""
    last_error: Mapped[str | None]
    """Why the last generation failed, None when it did not."""
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]


class FeedVersion(Base):
    """One finished generation in the blob store."""

    __tablename__ = "feed_versions"

    id: Mapped[BigKey]
    organization_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(_ORG, ondelete="CASCADE"))
    feed_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("feeds.id", ondelete="CASCADE"))
    blob_key: Mapped[str]
    """Plain bytes; the gzip variant lies beside it under `blob_key + ".gz"`."""
    etag: Mapped[str]
    """Hash of the plain bytes, without quotes."""
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    item_count: Mapped[int]
    skipped: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"), default=dict)
    """Reason -> number of variants left out."""
    catalog_revision: Mapped[int] = mapped_column(BigInteger)
    generated_at: Mapped[datetime]
    """When the generation started reading: what changed later is not in it."""
    checked_at: Mapped[datetime]
    """When it was last known to be current; it is served until `max_age_s` after this."""

    __table_args__ = (Index("ix_feed_versions_organization_id_feed_id", "organization_id", "feed_id"),)
