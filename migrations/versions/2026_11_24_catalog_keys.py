"""catalog keyed by organization, locations, inventory ids, what a walk has seen in arrays

Full walks that are under way begin anew: `sync_seen` is emptied.

Locks: `products variants stock_levels product_links listings` exclusively while their keys are built anew, about ten
seconds for a million variants; stop the workers first.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_PARENTS = (
    ("stock_levels", "variant_id", "variants"),
    ("listings", "variant_id", "variants"),
    ("product_links", "product_id", "products"),
    ("variants", "product_id", "products"),
)
_LIVE = sa.text("deleted_at IS NULL")
_LINKS = ("product_links", "listings")


def upgrade() -> None:
    for table, column, parent in _PARENTS:
        op.drop_constraint(f"fk_{table}_{column}_{parent}", table, type_="foreignkey")
        if table != "stock_levels":
            op.drop_index(f"ix_{table}_{column}", table)
            op.create_index(f"ix_{table}_organization_id_{column}", table, ["organization_id", column])
    op.drop_constraint("fk_products_organization_id_organizations", "products", type_="foreignkey")
    op.drop_constraint("pk_stock_levels", "stock_levels")
    op.create_primary_key("pk_stock_levels", "stock_levels", ["organization_id", "variant_id", "location"])
    for table in ("products", "variants"):
        op.drop_constraint(f"pk_{table}", table)
        op.create_primary_key(f"pk_{table}", table, ["organization_id", "id"])
        op.drop_index(f"ix_{table}_organization_id_id", table)
    for table in _LINKS:
        op.drop_constraint(f"uq_{table}_organization_id_store_id_external_id", table)
        op.drop_column(table, "id")
        op.create_primary_key(f"pk_{table}", table, ["organization_id", "store_id", "external_id"])
    op.add_column("listings", sa.Column("inventory_id", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.create_table(
        "locations",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name="fk_locations_organization_id_organizations",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name="fk_locations_store_id_stores", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("organization_id", "store_id", "external_id", name="pk_locations"),
    )
    op.execute("UPDATE sync_runs SET cursor = NULL WHERE mode = 'full' AND state = 'running'")
    op.drop_table("sync_seen")
    op.create_table(
        "sync_seen",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("external_ids", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["sync_runs.id"], name="fk_sync_seen_run_id_sync_runs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_sync_seen"),
    )
    op.create_index("ix_sync_seen_run_id_kind", "sync_seen", ["run_id", "kind"])


def downgrade() -> None:
    op.execute("UPDATE sync_runs SET cursor = NULL WHERE mode = 'full' AND state = 'running'")
    op.drop_table("sync_seen")
    op.create_table(
        "sync_seen",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["sync_runs.id"], name="fk_sync_seen_run_id_sync_runs", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "kind", "external_id", name="pk_sync_seen"),
    )
    op.drop_table("locations")
    op.drop_column("listings", "inventory_id")
    for table in _LINKS:
        op.drop_constraint(f"pk_{table}", table)
        op.add_column(table, sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False))
        op.create_primary_key(f"pk_{table}", table, ["id"])
        columns = ["organization_id", "store_id", "external_id"]
        op.create_unique_constraint(f"uq_{table}_organization_id_store_id_external_id", table, columns)
    for table in ("products", "variants"):
        op.drop_constraint(f"pk_{table}", table)
        op.create_primary_key(f"pk_{table}", table, ["id"])
        op.create_index(f"ix_{table}_organization_id_id", table, ["organization_id", "id"], postgresql_where=_LIVE)
    op.drop_constraint("pk_stock_levels", "stock_levels")
    op.create_primary_key("pk_stock_levels", "stock_levels", ["variant_id", "location"])
    op.create_foreign_key(
        "fk_products_organization_id_organizations",
        "products",
        "organizations",
        ["organization_id"],
        ["id"],
        ondelete="CASCADE",
    )
    for table, column, parent in reversed(_PARENTS):
        if table != "stock_levels":
            op.drop_index(f"ix_{table}_organization_id_{column}", table)
            op.create_index(f"ix_{table}_{column}", table, [column])
        op.create_foreign_key(f"fk_{table}_{column}_{parent}", table, parent, [column], ["id"], ondelete="CASCADE")
