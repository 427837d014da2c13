"""products are found by name; lists are counted when they have other rows

Locks: `organizations` for a moment (constant default); writing to `products` waits while the index is built, about two
seconds for a million products.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "organizations", sa.Column("lists_revision", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.create_index(
        "ix_products_organization_id_name",
        "products",
        ["organization_id", sa.text("(md5(lower(title))::uuid)")],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_products_organization_id_name", table_name="products")
    op.drop_column("organizations", "lists_revision")
