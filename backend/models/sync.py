"""Sync runs, their issues, and what a walk has seen so far."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, PrimaryKeyConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from backend.models.base import Base, BigKey, CreatedAt, Moment, UuidKey

_ORG = "organizations.id"


class SyncRun(Base):
    """One pull with statistics and issues. `cursor` makes it go on where it was."""

    __tablename__ = "sync_runs"

    id: Mapped[UuidKey]
    organization_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(_ORG, ondelete="CASCADE"))
    store_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(server_default=text("'pull'"), default="pull")
    mode: Mapped[str]
    """`full` or `delta`."""
    state: Mapped[str]
    """`queued`, `running`, `completed`, `failed` or `held` (a guard tripped; nothing was deleted)."""
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

    __table_args__ = (Index("ix_sync_issues_organization_id_run_id", "organization_id", "run_id"),)


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
