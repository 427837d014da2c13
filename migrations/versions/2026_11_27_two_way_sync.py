"""what stores show beside the catalog, change sets, history, stock ledger, conflicts, links to review

Locks: `listings`, `product_links`, `stores` and `sync_runs` for a moment (nullable columns, constant defaults);
`listings`, `product_links` and `variants` are read once for their new partial indexes while writers wait, a second for
a million rows. All other tables are new.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "field_changes",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=True),
        sa.Column("changes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_field_changes"),
    )
    op.create_index(
        "ix_field_changes_organization_id_product_id_id",
        "field_changes",
        ["organization_id", "product_id", "id"],
    )
    op.create_index(
        "ix_field_changes_organization_id_run_id_id",
        "field_changes",
        ["organization_id", "run_id", "id"],
        postgresql_where=sa.text("run_id IS NOT NULL"),
    )
    op.create_table(
        "link_suggestions",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("candidate_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_link_suggestions"),
    )
    op.create_index(
        "ix_link_suggestions_open",
        "link_suggestions",
        ["organization_id", "id"],
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "uq_link_suggestions_pair",
        "link_suggestions",
        ["organization_id", "store_id", "external_id", "candidate_id"],
        unique=True,
    )
    op.create_table(
        "order_stock",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("line_id", sa.Text(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("order_modified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "store_id", "order_id", "line_id", name="pk_order_stock"),
    )
    op.create_index("ix_order_stock_organization_id_variant_id", "order_stock", ["organization_id", "variant_id"])
    op.create_table(
        "oversells",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("order_number", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("line_id", sa.Text(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("note", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_oversells"),
    )
    op.create_index(
        "ix_oversells_open",
        "oversells",
        ["organization_id", "id"],
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "uq_oversells_line", "oversells", ["organization_id", "store_id", "order_id", "line_id"], unique=True
    )
    op.create_table(
        "stock_adjustments",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=False),
        sa.Column("delta", sa.Integer(), nullable=False),
        sa.Column("balance", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=True),
        sa.Column("run_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("explained", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_stock_adjustments"),
    )
    op.create_index(
        "ix_stock_adjustments_organization_id_variant_id_id",
        "stock_adjustments",
        ["organization_id", "variant_id", "id"],
    )
    op.create_table(
        "sync_changes",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=True),
        sa.Column("external_product_id", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("external_id", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("label", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'planned'"), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("write_key", sa.Uuid(), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", "run_id", "id", name="pk_sync_changes"),
    )
    op.create_index(
        "ix_sync_changes_open",
        "sync_changes",
        ["organization_id", "run_id", "id"],
        postgresql_where=sa.text("state IN ('planned', 'sending')"),
    )
    op.create_table(
        "sync_conflicts",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("variant_id", sa.BigInteger(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("hub_value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("hub_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hub_actor", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("store_value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("store_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("chosen", sa.Text(), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_sync_conflicts"),
    )
    op.create_index(
        "uq_sync_conflicts_open",
        "sync_conflicts",
        ["organization_id", "store_id", "external_id", "field"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "listing_requests",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["store_id"], ["stores.id"], name="fk_listing_requests_store_id_stores", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("organization_id", "store_id", "product_id", name="pk_listing_requests"),
    )
    op.create_table(
        "sync_created",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["sync_runs.id"], name="fk_sync_created_run_id_sync_runs", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sync_created"),
    )
    op.create_index("ix_sync_created_run_id", "sync_created", ["run_id"])
    # A first sync writes an event for each product.
    op.drop_constraint("fk_events_organization_id_organizations", "events", type_="foreignkey")
    # A run that is forgotten takes its issues along.
    op.create_index("ix_sync_issues_run_id", "sync_issues", ["run_id"])
    op.add_column("listings", sa.Column("shown", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("listings", sa.Column("due", postgresql.ARRAY(sa.Text()), nullable=True))
    op.add_column("listings", sa.Column("error_code", sa.Text(), nullable=True))
    op.add_column("listings", sa.Column("error_message", sa.Text(), nullable=True))
    op.add_column("listings", sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_listings_due",
        "listings",
        ["organization_id", "store_id", "external_id"],
        postgresql_where=sa.text("due IS NOT NULL"),
    )
    op.create_index(
        "ix_listings_error",
        "listings",
        ["organization_id", "store_id", "external_id"],
        postgresql_where=sa.text("state = 'error'"),
    )
    op.add_column("product_links", sa.Column("shown", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("product_links", sa.Column("due", postgresql.ARRAY(sa.Text()), nullable=True))
    op.add_column("product_links", sa.Column("error_code", sa.Text(), nullable=True))
    op.add_column("product_links", sa.Column("error_message", sa.Text(), nullable=True))
    op.add_column("product_links", sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_product_links_due",
        "product_links",
        ["organization_id", "store_id", "external_id"],
        postgresql_where=sa.text("due IS NOT NULL"),
    )
    op.add_column(
        "stores",
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column("sync_runs", sa.Column("undoes", sa.Uuid(), nullable=True))
    op.add_column("sync_runs", sa.Column("actor", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.create_index(
        "ix_variants_organization_id_barcode",
        "variants",
        ["organization_id", "barcode"],
        postgresql_where=sa.text("barcode <> ''"),
    )
    # Nightly the ids alone, weekly everything: a full walk a night was what found deletions before.
    op.execute("UPDATE sync_schedules SET every_s = 604800 WHERE mode = 'full' AND every_s = 86400")
    op.execute("""
        INSERT INTO sync_schedules (organization_id, store_id, mode, every_s, next_at)
        SELECT organization_id, store_id, 'sweep', 86400, next_at FROM sync_schedules WHERE mode = 'full'
        ON CONFLICT DO NOTHING
    """)


def downgrade() -> None:
    op.execute("DELETE FROM sync_schedules WHERE mode = 'sweep'")
    op.execute("UPDATE sync_schedules SET every_s = 86400 WHERE mode = 'full' AND every_s = 604800")
    op.drop_index(
        "ix_variants_organization_id_barcode", table_name="variants", postgresql_where=sa.text("barcode <> ''")
    )
    op.drop_column("sync_runs", "actor")
    op.drop_column("sync_runs", "undoes")
    op.drop_column("stores", "settings")
    op.drop_index("ix_product_links_due", table_name="product_links", postgresql_where=sa.text("due IS NOT NULL"))
    op.drop_column("product_links", "failed_at")
    op.drop_column("product_links", "error_message")
    op.drop_column("product_links", "error_code")
    op.drop_column("product_links", "due")
    op.drop_column("product_links", "shown")
    op.drop_index("ix_listings_error", table_name="listings", postgresql_where=sa.text("state = 'error'"))
    op.drop_index("ix_listings_due", table_name="listings", postgresql_where=sa.text("due IS NOT NULL"))
    op.drop_column("listings", "failed_at")
    op.drop_column("listings", "error_message")
    op.drop_column("listings", "error_code")
    op.drop_column("listings", "due")
    op.drop_column("listings", "shown")
    op.drop_index("ix_sync_issues_run_id", table_name="sync_issues")
    op.create_foreign_key(
        "fk_events_organization_id_organizations",
        "events",
        "organizations",
        ["organization_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.drop_index("ix_sync_created_run_id", table_name="sync_created")
    op.drop_table("sync_created")
    op.drop_table("listing_requests")
    op.drop_index("uq_sync_conflicts_open", table_name="sync_conflicts", postgresql_where=sa.text("state = 'open'"))
    op.drop_table("sync_conflicts")
    op.drop_index(
        "ix_sync_changes_open", table_name="sync_changes", postgresql_where=sa.text("state IN ('planned', 'sending')")
    )
    op.drop_table("sync_changes")
    op.drop_index("ix_stock_adjustments_organization_id_variant_id_id", table_name="stock_adjustments")
    op.drop_table("stock_adjustments")
    op.drop_index("uq_oversells_line", table_name="oversells")
    op.drop_index("ix_oversells_open", table_name="oversells", postgresql_where=sa.text("state = 'open'"))
    op.drop_table("oversells")
    op.drop_index("ix_order_stock_organization_id_variant_id", table_name="order_stock")
    op.drop_table("order_stock")
    op.drop_index("uq_link_suggestions_pair", table_name="link_suggestions")
    op.drop_index("ix_link_suggestions_open", table_name="link_suggestions", postgresql_where=sa.text("state = 'open'"))
    op.drop_table("link_suggestions")
    op.drop_index(
        "ix_field_changes_organization_id_run_id_id",
        table_name="field_changes",
        postgresql_where=sa.text("run_id IS NOT NULL"),
    )
    op.drop_index("ix_field_changes_organization_id_product_id_id", table_name="field_changes")
    op.drop_table("field_changes")
