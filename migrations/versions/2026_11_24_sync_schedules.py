"""how often stores are read without anybody asking, and runs that are let through guards

Locks: `sync_runs` for a moment (a nullable column); the table is new, every store gets its schedule at once.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sync_schedules",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("every_s", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name="fk_sync_schedules_organization_id_organizations",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name="fk_sync_schedules_store_id_stores", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("organization_id", "store_id", "mode", name="pk_sync_schedules"),
    )
    op.create_index("ix_sync_schedules_next_at", "sync_schedules", ["next_at"], postgresql_where=sa.text("every_s > 0"))
    op.add_column("sync_runs", sa.Column("unguarded_reason", sa.Text(), nullable=True))
    op.execute("""
        INSERT INTO sync_schedules (organization_id, store_id, mode, every_s, next_at)
        SELECT s.organization_id, s.id, usual.mode, usual.every_s, now() + make_interval(secs => usual.every_s)
        FROM stores s, (VALUES ('delta', 300), ('full', 86400)) AS usual(mode, every_s)
    """)


def downgrade() -> None:
    op.drop_column("sync_runs", "unguarded_reason")
    op.drop_table("sync_schedules")
