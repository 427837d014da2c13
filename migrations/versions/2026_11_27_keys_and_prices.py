"""watched prices, our own price changes, lists of products, tokens and uses of keys

Locks: `variants` and `api_keys` for a moment (nullable columns, constant defaults). All other tables are new.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "competitors",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_competitors"),
    )
    op.create_index("uq_competitors_organization_id_host", "competitors", ["organization_id", "host"], unique=True)
    op.create_table(
        "key_uses",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_key_uses"),
    )
    op.create_index("ix_key_uses_organization_id_key_id_id", "key_uses", ["organization_id", "key_id", "id"])
    op.create_table(
        "observations",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("url_id", sa.BigInteger(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.Numeric(precision=18, scale=6), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("in_stock", sa.Boolean(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_observations"),
    )
    op.create_index(
        "ix_observations_organization_id_url_id_observed_at",
        "observations",
        ["organization_id", "url_id", "observed_at"],
    )
    op.create_table(
        "price_changes",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("old_price", sa.Numeric(precision=18, scale=6), nullable=True),
        sa.Column("price", sa.Numeric(precision=18, scale=6), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_price_changes"),
    )
    op.create_index("ix_price_changes_organization_id_changed_at", "price_changes", ["organization_id", "changed_at"])
    op.create_index(
        "ix_price_changes_organization_id_variant_id_changed_at",
        "price_changes",
        ["organization_id", "variant_id", "changed_at"],
    )
    op.create_table(
        "tracked_urls",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("competitor_id", sa.BigInteger(), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("tracked", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("untracked_reason", sa.Text(), nullable=True),
        sa.Column("price", sa.Numeric(precision=18, scale=6), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("in_stock", sa.Boolean(), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("old_price", sa.Numeric(precision=18, scale=6), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("day_price", sa.Numeric(precision=18, scale=6), nullable=True),
        sa.Column("day_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_tracked_urls"),
    )
    op.create_index("ix_tracked_urls_organization_id_variant_id", "tracked_urls", ["organization_id", "variant_id"])
    op.create_index(
        "uq_tracked_urls_organization_id_variant_id_url",
        "tracked_urls",
        ["organization_id", "variant_id", sa.literal_column("md5(url)")],
        unique=True,
    )
    op.create_table(
        "monitoring_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("last_four", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name="fk_monitoring_tokens_organization_id_organizations",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_monitoring_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_monitoring_tokens_token_hash"),
    )
    op.create_index("ix_monitoring_tokens_organization_id", "monitoring_tokens", ["organization_id"])
    op.create_table(
        "product_batches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("rows", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("processed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("errors", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name="fk_product_batches_organization_id_organizations",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_product_batches"),
    )
    op.create_index(
        "ix_product_batches_organization_id_created_at", "product_batches", ["organization_id", "created_at"]
    )
    op.add_column("api_keys", sa.Column("dies_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("api_keys", sa.Column("total_requests", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column(
        "api_keys", sa.Column("failed_requests", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column("api_keys", sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("variants", sa.Column("min_price", sa.Numeric(precision=18, scale=6), nullable=True))
    op.add_column("variants", sa.Column("max_price", sa.Numeric(precision=18, scale=6), nullable=True))
    op.add_column("variants", sa.Column("additional_cost", sa.Numeric(precision=18, scale=6), nullable=True))
    op.add_column("variants", sa.Column("auto_reprice", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("variants", sa.Column("monitored", sa.Boolean(), server_default=sa.text("true"), nullable=False))
    op.add_column("variants", sa.Column("external_ref", sa.Text(), server_default=sa.text("''"), nullable=False))


def downgrade() -> None:
    op.drop_column("variants", "external_ref")
    op.drop_column("variants", "monitored")
    op.drop_column("variants", "auto_reprice")
    op.drop_column("variants", "additional_cost")
    op.drop_column("variants", "max_price")
    op.drop_column("variants", "min_price")
    op.drop_column("api_keys", "last_used_at")
    op.drop_column("api_keys", "failed_requests")
    op.drop_column("api_keys", "total_requests")
    op.drop_column("api_keys", "dies_at")
    op.drop_index("ix_product_batches_organization_id_created_at", table_name="product_batches")
    op.drop_table("product_batches")
    op.drop_index("ix_monitoring_tokens_organization_id", table_name="monitoring_tokens")
    op.drop_table("monitoring_tokens")
    op.drop_index("uq_tracked_urls_organization_id_variant_id_url", table_name="tracked_urls")
    op.drop_index("ix_tracked_urls_organization_id_variant_id", table_name="tracked_urls")
    op.drop_table("tracked_urls")
    op.drop_index("ix_price_changes_organization_id_variant_id_changed_at", table_name="price_changes")
    op.drop_index("ix_price_changes_organization_id_changed_at", table_name="price_changes")
    op.drop_table("price_changes")
    op.drop_index("ix_observations_organization_id_url_id_observed_at", table_name="observations")
    op.drop_table("observations")
    op.drop_index("ix_key_uses_organization_id_key_id_id", table_name="key_uses")
    op.drop_table("key_uses")
    op.drop_index("uq_competitors_organization_id_host", table_name="competitors")
    op.drop_table("competitors")
