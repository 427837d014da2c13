"""Whose prices are watched, what was read where, and how our own prices came to be."""

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, PrimaryKeyConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Amount, Base, CreatedAt, NumberKey, UuidKey


class Competitor(Base):
    """Somebody whose prices we read; one row per host name."""

    __tablename__ = "competitors"

    organization_id: Mapped[uuid.UUID]
    id: Mapped[NumberKey]
    name: Mapped[str]
    """For people; the host name until somebody gives another."""
    host: Mapped[str]
    """Lower case, without "www."."""
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        Index("uq_competitors_organization_id_host", "organization_id", "host", unique=True),
    )


class TrackedUrl(Base):
    """A page that shows the price of one of our variants, ours or a competitor's, with its newest reading."""

    __tablename__ = "tracked_urls"

    organization_id: Mapped[uuid.UUID]
    id: Mapped[NumberKey]
    variant_id: Mapped[int] = mapped_column(BigInteger)
    competitor_id: Mapped[int | None] = mapped_column(BigInteger)
    """None: a page of our own shop."""
    url: Mapped[str]
    tracked: Mapped[bool] = mapped_column(server_default=text("true"), default=True)
    """False: accepted, but no page of one product (a category, a bare domain): never read (contract row PRI-16)."""
    untracked_reason: Mapped[str | None]
    price: Mapped[Decimal | None] = mapped_column(Amount)
    """Newest reading; None: never read, or no price found."""
    currency: Mapped[str | None]
    in_stock: Mapped[bool | None]
    checked_at: Mapped[datetime | None]
    old_price: Mapped[Decimal | None] = mapped_column(Amount)
    """Before the newest change."""
    changed_at: Mapped[datetime | None]
    day_price: Mapped[Decimal | None] = mapped_column(Amount)
    """As it was when `day_at` began: the change of the day is counted from it."""
    day_at: Mapped[datetime | None]
    """Midnight UTC of the day that `day_price` is of."""
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        Index("ix_tracked_urls_organization_id_variant_id", "organization_id", "variant_id"),
        Index(
            "uq_tracked_urls_organization_id_variant_id_url",
            "organization_id",
            "variant_id",
            text("md5(url)"),
            unique=True,
        ),
    )


class Observation(Base):
    """One reading of one page."""

    __tablename__ = "observations"

    organization_id: Mapped[uuid.UUID]
    id: Mapped[NumberKey]
    url_id: Mapped[int] = mapped_column(BigInteger)
    variant_id: Mapped[int] = mapped_column(BigInteger)
    price: Mapped[Decimal | None] = mapped_column(Amount)
    currency: Mapped[str | None]
    in_stock: Mapped[bool | None]
    source: Mapped[str]
    """`reader`, `manual` or `import`."""
    observed_at: Mapped[CreatedAt]

    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        Index("ix_observations_organization_id_url_id_observed_at", "organization_id", "url_id", "observed_at"),
    )


class PriceChange(Base):
    """One change of our price: what customers pay (the sale price where one is in force)."""

    __tablename__ = "price_changes"

    organization_id: Mapped[uuid.UUID]
    id: Mapped[NumberKey]
    variant_id: Mapped[int] = mapped_column(BigInteger)
    old_price: Mapped[Decimal | None] = mapped_column(Amount)
    price: Mapped[Decimal | None] = mapped_column(Amount)
    currency: Mapped[str]
    reason: Mapped[str]
    """`store` (it came from a store), `manual`, `import`, `undo`, `restore`, `conflict` or `rule`."""
    source: Mapped[str] = mapped_column(server_default=text("''"), default="")
    """Which one: a store's, a rule's or a person's name or id."""
    run_id: Mapped[uuid.UUID | None]
    changed_at: Mapped[CreatedAt]

    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        Index("ix_price_changes_organization_id_variant_id_changed_at", "organization_id", "variant_id", "changed_at"),
        Index("ix_price_changes_organization_id_changed_at", "organization_id", "changed_at"),
    )


class ProductBatch(Base):
    """A list of products that is imported in the background (contract rows PRI-09..12)."""

    __tablename__ = "product_batches"

    id: Mapped[UuidKey]
    organization_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    state: Mapped[str]
    """`queued`, `running`, `finished` or `failed`."""
    digest: Mapped[str]
    """SHA-256 of the list as it was read, to know the same list again."""
    rows: Mapped[list[Any]]
    """The products in order; emptied when it has finished."""
    total: Mapped[int] = mapped_column(Integer)
    processed: Mapped[int] = mapped_column(Integer, server_default=text("0"), default=0)
    errors: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"), default=list)
    """`[{"product": key, "error": …}]`"""
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_product_batches_organization_id_created_at", "organization_id", "created_at"),)


class MonitoringToken(Base):
    """An `apitoken` of the price monitoring API; its `apikey` is the login e-mail. Only a hash is kept."""

    __tablename__ = "monitoring_tokens"

    id: Mapped[UuidKey]
    organization_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), index=True)
    email: Mapped[str]
    """Lower case."""
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    last_four: Mapped[str]
    created_at: Mapped[CreatedAt]
    revoked_at: Mapped[datetime | None]


class KeyUse(Base):
    """One request made with an API key; written in batches, kept for some days (contract row SHS-18)."""

    __tablename__ = "key_uses"

    organization_id: Mapped[uuid.UUID]
    id: Mapped[NumberKey]
    key_id: Mapped[uuid.UUID]
    method: Mapped[str]
    endpoint: Mapped[str]
    """The path without its query."""
    status: Mapped[int] = mapped_column(Integer)
    latency_ms: Mapped[int] = mapped_column(Integer)
    address: Mapped[str]
    used_at: Mapped[CreatedAt]

    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        Index("ix_key_uses_organization_id_key_id_id", "organization_id", "key_id", "id"),
    )
