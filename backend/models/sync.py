"""Sync runs, their change sets and issues, what a walk has seen so far, and what people have to decide."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, PrimaryKeyConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from backend.models.base import Base, BigKey, CreatedAt, Moment, NumberKey, UuidKey

_ORG = "organizations.id"


class SyncRun(Base):
    """One pull, push, undo or restore with statistics and issues. `cursor` makes a pull go on where it was."""

    __tablename__ = "sync_runs"

    id: Mapped[UuidKey]
    organization_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(_ORG, ondelete="CASCADE"))
    store_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    """The store it reads or writes; of a restore, the store whose products are restored."""
    kind: Mapped[str] = mapped_column(server_default=text("'pull'"), default="pull")
    """`pull` (store to catalog), `push` (catalog to store), `stock` (a push of pieces alone, which waits for no other),
    `undo` or `restore`."""
    mode: Mapped[str]
    """Of a pull `full`, `delta` or `sweep` (ids alone); of what writes `changes`."""
    state: Mapped[str]
    """`planned` (a preview, nothing happens until somebody applies it), `queued`, `running`, `completed`, `failed`,
    `held` (a guard tripped) or `discarded` (a preview nobody wants)."""
    undoes: Mapped[uuid.UUID | None]
    """The run that this one takes back."""
    actor: Mapped[str] = mapped_column(server_default=text("''"), default="")
    """Who asked for it: a user's id; "" for the clock or a webhook."""
    since_at: Mapped[datetime | None]
    """A delta reads what changed after this instant, by the store's clock."""
    cursor: Mapped[str | None]
    walk: Mapped[int] = mapped_column(server_default=text("1"), default=1)
    """Which attempt at a complete walk this is; a walk whose count is off is redone."""
    watermark_at: Mapped[datetime | None]
    """Newest change seen in this run; becomes the store's when the run completes."""
    stats: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"), default=dict)
    """Counts: products_added, products_updated, products_removed, variants_…, pages, errors."""
    follow_up: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    """Something changed while it ran, which it may not have read: another run follows it."""
    unguarded_reason: Mapped[str | None]
    """Why a person lets this run do what guards held the one before for; None: guards are in force."""
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_sync_runs_organization_id_store_id_created_at", "organization_id", "store_id", "created_at"),
        Index(
            "uq_sync_runs_store_id_unfinished",
            "store_id",
            "kind",
            unique=True,
            postgresql_where=text("state IN ('queued', 'running')"),
        ),
    )


class SyncIssue(Base):
    """Something a run could not do as asked, with a code, a sentence and facts."""

    __tablename__ = "sync_issues"

    id: Mapped[BigKey]
    organization_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(_ORG, ondelete="CASCADE"))
    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("sync_runs.id", ondelete="CASCADE"))
    code: Mapped[str]
    message: Mapped[str]
    external_id: Mapped[str] = mapped_column(server_default=text("''"), default="")
    facts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"), default=dict)
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        Index("ix_sync_issues_organization_id_run_id", "organization_id", "run_id"),
        Index("ix_sync_issues_run_id", "run_id"),
    )


class SyncSeen(Base):
    """What a full walk has met so far; counted against the store's total, compared for deletions, then dropped.

    A row holds all ids of one step: as rows of their own they would be the largest table of a walk.
    """

    __tablename__ = "sync_seen"

    id: Mapped[BigKey]
    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("sync_runs.id", ondelete="CASCADE"))
    kind: Mapped[str]
    """`product`, `variant` (inside its product) or `apart`."""
    external_ids: Mapped[list[str]] = mapped_column(ARRAY(Text))

    __table_args__ = (Index("ix_sync_seen_run_id_kind", "run_id", "kind"),)


class SyncSchedule(Base):
    """How often a store is read without anybody asking."""

    __tablename__ = "sync_schedules"

    organization_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(_ORG, ondelete="CASCADE"))
    store_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    mode: Mapped[str]
    """`delta` or `full`."""
    every_s: Mapped[int]
    """Seconds from one run to the next; 0: never."""
    next_at: Mapped[Moment]
    """Not before; a run that is missed is not made up for."""

    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "store_id", "mode"),
        Index("ix_sync_schedules_next_at", "next_at", postgresql_where=text("every_s > 0")),
    )


class SyncChange(Base):
    """One change of a run's change set: planned, looked at, then carried out. Of a pull, the history holds them."""

    __tablename__ = "sync_changes"

    organization_id: Mapped[uuid.UUID]
    run_id: Mapped[uuid.UUID]
    id: Mapped[NumberKey]
    target: Mapped[str]
    """`store` or `catalog`: what is changed."""
    action: Mapped[str]
    """`create`, `update` or `delete`."""
    entity: Mapped[str]
    """`product`, `variant` or `stock`."""
    product_id: Mapped[int] = mapped_column(BigInteger)
    variant_id: Mapped[int | None] = mapped_column(BigInteger)
    external_product_id: Mapped[str] = mapped_column(server_default=text("''"), default="")
    external_id: Mapped[str] = mapped_column(server_default=text("''"), default="")
    label: Mapped[str] = mapped_column(server_default=text("''"), default="")
    """Title and sku, for people."""
    fields: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"), default=dict)
    """Field to `[old, new]`, spelled as `domain/catalog/fields.py` says."""
    state: Mapped[str] = mapped_column(server_default=text("'planned'"), default="planned")
    """`planned`, `sending` (may have been done already), `applied`, `skipped` (not needed or not valid any more) or
    `failed`."""
    code: Mapped[str | None]
    message: Mapped[str | None]
    write_key: Mapped[uuid.UUID | None]
    """Names the write at the store, the same however often it is sent."""
    applied_at: Mapped[datetime | None]

    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "run_id", "id"),
        Index(
            "ix_sync_changes_open",
            "organization_id",
            "run_id",
            "id",
            postgresql_where=text("state IN ('planned', 'sending')"),
        ),
    )


class SyncCreated(Base):
    """Which products and variants a pull brought into the catalog, one row for each step."""

    __tablename__ = "sync_created"

    id: Mapped[BigKey]
    organization_id: Mapped[uuid.UUID]
    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("sync_runs.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    """`product` or `variant`."""
    ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))


class ListingRequest(Base):
    """A product that is to be put up for sale in a store, or taken off sale there."""

    __tablename__ = "listing_requests"

    organization_id: Mapped[uuid.UUID]
    store_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    product_id: Mapped[int] = mapped_column(BigInteger)
    wanted: Mapped[str]
    """`listed` or `unlisted`."""
    state: Mapped[str] = mapped_column(server_default=text("'pending'"), default="pending")
    """`pending` or `error`; the row goes when the store has done it."""
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    actor: Mapped[str] = mapped_column(server_default=text("''"), default="")
    created_at: Mapped[CreatedAt]

    __table_args__ = (PrimaryKeyConstraint("organization_id", "store_id", "product_id"),)


class SyncConflict(Base):
    """A field that the hub and a store changed both, since they last agreed."""

    __tablename__ = "sync_conflicts"

    organization_id: Mapped[uuid.UUID]
    id: Mapped[NumberKey]
    store_id: Mapped[uuid.UUID]
    product_id: Mapped[int] = mapped_column(BigInteger)
    variant_id: Mapped[int | None] = mapped_column(BigInteger)
    external_id: Mapped[str]
    """Of the variant, or of the product when the field is the product's."""
    field: Mapped[str]
    hub_value: Mapped[dict[str, Any]]
    """`{"value": …}`, as JSON knows no column that is null and known."""
    hub_at: Mapped[datetime | None]
    hub_actor: Mapped[str] = mapped_column(server_default=text("''"), default="")
    store_value: Mapped[dict[str, Any]]
    store_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(server_default=text("'open'"), default="open")
    """`open` (neither side is written), or `settled`."""
    chosen: Mapped[str | None]
    """`hub` or `store`."""
    settled_by: Mapped[str | None]
    """A user's id, or `newest` when the times decided."""
    settled_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        Index(
            "uq_sync_conflicts_open",
            "organization_id",
            "store_id",
            "external_id",
            "field",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
    )
