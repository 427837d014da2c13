"""The truth about background work; Redis only rings the bell."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, BigKey, CreatedAt, Moment


class Job(Base):
    """One piece of work with its lease and attempts."""

    __tablename__ = "jobs"

    id: Mapped[BigKey]
    organization_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    name: Mapped[str]
    """`area.verb_object`, a key of `jobs.JOBS`."""
    queue: Mapped[str]
    """`fast` or `long`."""
    payload: Mapped[dict[str, Any]]
    """Ids only, never rows or secrets."""
    unique_key: Mapped[str | None]
    """While one job with this key is unfinished, recording another is a no-op."""
    state: Mapped[str] = mapped_column(server_default=text("'queued'"), default="queued")
    """`queued`, `running`, `done` or `failed`."""
    attempts: Mapped[int] = mapped_column(server_default=text("0"), default=0)
    max_attempts: Mapped[int]
    run_at: Mapped[Moment]
    """Not before."""
    lease_until: Mapped[datetime | None]
    """The worker that runs it renews this; past it, another may take over."""
    lease_owner: Mapped[str | None]
    last_error: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_jobs_unique_key_unfinished",
            "unique_key",
            unique=True,
            postgresql_where=text("state IN ('queued', 'running')"),
        ),
        Index(
            "ix_jobs_queue_run_at_unfinished",
            "queue",
            "run_at",
            postgresql_where=text("state IN ('queued', 'running')"),
        ),
        Index("ix_jobs_organization_id_id", "organization_id", "id"),
        Index("ix_jobs_finished_at", "finished_at", postgresql_where=text("state IN ('done', 'failed')")),
    )
