"""One catalog per organization, and how its products are linked to what stores show.

Rows that come by the hundred thousand are keyed by their organization first and have no foreign keys: each check would
cost every insert (decision 0007). What deletes an organization or a store deletes them by `organization_id`.
"""

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, PrimaryKeyConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from backend.models.base import Amount, Base, BigKey, CreatedAt, NumberKey

_ORG = "organizations.id"


class Brand(Base):
    """Who makes it; one row per name, compared without case."""

    __tablename__ = "brands"

    id: Mapped[BigKey]
    organization_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(_ORG, ondelete="CASCADE"))
    name: Mapped[str]
    created_at: Mapped[CreatedAt]

    __table_args__ = (Index("uq_brands_organization_id_name", "organization_id", text("lower(name)"), unique=True),)


class Category(Base):
    """A path such as "Clothing > Shirts"; one row per path, compared without case."""

    __tablename__ = "categories"

    id: Mapped[BigKey]
    organization_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(_ORG, ondelete="CASCADE"))
    name: Mapped[str]
    created_at: Mapped[CreatedAt]

    __table_args__ = (Index("uq_categories_organization_id_name", "organization_id", text("lower(name)"), unique=True),)


class Product(Base):
    """Groups variants. Images and option names are kept in order inside the row: they are read and written whole."""

    __tablename__ = "products"

    organization_id: Mapped[uuid.UUID]
    id: Mapped[NumberKey]
    title: Mapped[str]
    description: Mapped[str] = mapped_column(server_default=text("''"), default="")
    handle: Mapped[str] = mapped_column(server_default=text("''"), default="")
    status: Mapped[str] = mapped_column(server_default=text("'active'"), default="active")
    """`active`, `draft` or `archived`."""
    brand_id: Mapped[int | None] = mapped_column(BigInteger)
    category_id: Mapped[int | None] = mapped_column(BigInteger)
    """The most specific category; all of them lie in `categories`."""
    categories: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"), default=list)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"), default=list)
    images: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"), default=list)
    """`[{"url": …, "alt": …}]`, the main picture first."""
    option_names: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"), default=list)
    url: Mapped[str] = mapped_column(server_default=text("''"), default="")
    """The page a customer buys on."""
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    deleted_at: Mapped[datetime | None]
    """Tombstone: gone from every store it came from; kept so that it can come back."""

    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        Index("ix_products_organization_id_handle", "organization_id", "handle"),
        # Names are compared without case and may be longer than an index takes.
        Index(
            "ix_products_organization_id_name",
            "organization_id",
            text("(md5(lower(title))::uuid)"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )


class Variant(Base):
    """The sellable item; money in `currency`."""

    __tablename__ = "variants"

    organization_id: Mapped[uuid.UUID]
    id: Mapped[NumberKey]
    product_id: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(Integer, server_default=text("0"), default=0)
    title: Mapped[str] = mapped_column(server_default=text("''"), default="")
    """What tells it from its sisters ("Small / Blue"); empty when it has none."""
    sku: Mapped[str] = mapped_column(server_default=text("''"), default="")
    barcode: Mapped[str] = mapped_column(server_default=text("''"), default="")
    """Text: leading zeros are kept (decision G15)."""
    currency: Mapped[str]
    price: Mapped[Decimal | None] = mapped_column(Amount)
    """Regular price; None: not for sale."""
    sale_price: Mapped[Decimal | None] = mapped_column(Amount)
    """Lower price in force now."""
    cost: Mapped[Decimal | None] = mapped_column(Amount)
    options: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"), default=dict)
    attributes: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"), default=dict)
    image_url: Mapped[str] = mapped_column(server_default=text("''"), default="")
    url: Mapped[str] = mapped_column(server_default=text("''"), default="")
    weight_g: Mapped[int | None]
    active: Mapped[bool] = mapped_column(server_default=text("true"), default=True)
    min_price: Mapped[Decimal | None] = mapped_column(Amount)
    """Repricing never goes below it."""
    max_price: Mapped[Decimal | None] = mapped_column(Amount)
    additional_cost: Mapped[Decimal | None] = mapped_column(Amount)
    """On top of `cost`: shipping, fees."""
    auto_reprice: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    monitored: Mapped[bool] = mapped_column(server_default=text("true"), default=True)
    """Whether competitors' prices of it are watched."""
    external_ref: Mapped[str] = mapped_column(server_default=text("''"), default="")
    """What the owner's own system calls it."""
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    deleted_at: Mapped[datetime | None]

    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        Index("ix_variants_organization_id_product_id", "organization_id", "product_id"),
        Index("ix_variants_organization_id_sku", "organization_id", "sku"),
        Index(
            "ix_variants_organization_id_barcode", "organization_id", "barcode", postgresql_where=text("barcode <> ''")
        ),
    )


class StockLevel(Base):
    """How many pieces lie where; a variant that is not counted has `on_hand` None."""

    __tablename__ = "stock_levels"

    organization_id: Mapped[uuid.UUID]
    variant_id: Mapped[int] = mapped_column(BigInteger)
    location: Mapped[str] = mapped_column(server_default=text("'default'"), default="default")
    """External id of a `Location`, or `default` for a store with one place."""
    on_hand: Mapped[int | None]
    """Pieces; negative when more was sold than there was; None: not counted."""
    in_stock: Mapped[bool] = mapped_column(server_default=text("true"), default=True)
    """What holds when it is not counted."""
    backorder: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    updated_at: Mapped[CreatedAt]

    __table_args__ = (PrimaryKeyConstraint("organization_id", "variant_id", "location"),)


class Location(Base):
    """A place where a store keeps stock; `stock_levels.location` names it by its external id."""

    __tablename__ = "locations"

    organization_id: Mapped[uuid.UUID] = mapped_column(ForeignKey(_ORG, ondelete="CASCADE"))
    store_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    external_id: Mapped[str]
    name: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default=text("true"), default=True)
    updated_at: Mapped[CreatedAt]

    __table_args__ = (PrimaryKeyConstraint("organization_id", "store_id", "external_id"),)


class ProductLink(Base):
    """Which catalog product a store's product is. `seen_hash` of what the store last showed: equal means no write."""

    __tablename__ = "product_links"

    organization_id: Mapped[uuid.UUID]
    store_id: Mapped[uuid.UUID]
    external_id: Mapped[str]
    product_id: Mapped[int] = mapped_column(BigInteger)
    seen_hash: Mapped[bytes] = mapped_column(LargeBinary)
    url: Mapped[str] = mapped_column(server_default=text("''"), default="")
    seen_modified_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    gone_at: Mapped[datetime | None]
    """When a complete, verified walk did not find it any more."""
    shown: Mapped[dict[str, Any] | None]
    """Synced fields in which the store last showed something else than the catalog holds now (decision 0024)."""
    due: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    """Which of them are to be written to the store; None: nothing is."""
    error_code: Mapped[str | None]
    """Why the store did not take what was due; due again after a retry, or when the field changes."""
    error_message: Mapped[str | None]
    failed_at: Mapped[datetime | None]

    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "store_id", "external_id"),
        Index("ix_product_links_organization_id_product_id", "organization_id", "product_id"),
        Index(
            "ix_product_links_due",
            "organization_id",
            "store_id",
            "external_id",
            postgresql_where=text("due IS NOT NULL"),
        ),
    )


class Listing(Base):
    """One variant in one store."""

    __tablename__ = "listings"

    organization_id: Mapped[uuid.UUID]
    store_id: Mapped[uuid.UUID]
    external_id: Mapped[str]
    external_product_id: Mapped[str]
    variant_id: Mapped[int] = mapped_column(BigInteger)
    inventory_id: Mapped[str] = mapped_column(server_default=text("''"), default="")
    """What the store counts its pieces under, "" when that is the variant itself."""
    state: Mapped[str] = mapped_column(server_default=text("'active'"), default="active")
    """`active`, `pending`, `error` or `unlisted`."""
    seen_hash: Mapped[bytes] = mapped_column(LargeBinary)
    seen_modified_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[CreatedAt]
    gone_at: Mapped[datetime | None]
    shown: Mapped[dict[str, Any] | None]
    """As in `ProductLink`; `stock` is the store's pieces in all its places together."""
    due: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    error_code: Mapped[str | None]
    error_message: Mapped[str | None]
    failed_at: Mapped[datetime | None]

    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "store_id", "external_id"),
        Index("ix_listings_organization_id_variant_id", "organization_id", "variant_id"),
        Index(
            "ix_listings_due", "organization_id", "store_id", "external_id", postgresql_where=text("due IS NOT NULL")
        ),
        Index(
            "ix_listings_error", "organization_id", "store_id", "external_id", postgresql_where=text("state = 'error'")
        ),
    )


class FieldChange(Base):
    """What changed in a product or variant at one moment: the history of the catalog."""

    __tablename__ = "field_changes"

    organization_id: Mapped[uuid.UUID]
    id: Mapped[NumberKey]
    product_id: Mapped[int] = mapped_column(BigInteger)
    variant_id: Mapped[int | None] = mapped_column(BigInteger)
    """None: the product's own fields."""
    changes: Mapped[dict[str, Any]]
    """Field to `[old, new]`, spelled as `domain/catalog/fields.py` says; `deleted` tells of leaving and coming back."""
    changed_at: Mapped[CreatedAt]
    origin: Mapped[str]
    """`store` (a store showed it), `import`, `person`, `undo`, `restore`, `conflict` or `rule`."""
    store_id: Mapped[uuid.UUID | None]
    run_id: Mapped[uuid.UUID | None]
    actor: Mapped[str] = mapped_column(server_default=text("''"), default="")
    """Who, for people: a user's id, or "" for a store."""
    reason: Mapped[str] = mapped_column(server_default=text("''"), default="")

    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        Index("ix_field_changes_organization_id_product_id_id", "organization_id", "product_id", "id"),
        Index(
            "ix_field_changes_organization_id_run_id_id",
            "organization_id",
            "run_id",
            "id",
            postgresql_where=text("run_id IS NOT NULL"),
        ),
    )


class LinkSuggestion(Base):
    """A product of a store that may be one the catalog has already: a person decides."""

    __tablename__ = "link_suggestions"

    organization_id: Mapped[uuid.UUID]
    id: Mapped[NumberKey]
    store_id: Mapped[uuid.UUID]
    external_id: Mapped[str]
    """The product in the store."""
    product_id: Mapped[int] = mapped_column(BigInteger)
    """The catalog product it is meanwhile."""
    candidate_id: Mapped[int] = mapped_column(BigInteger)
    """The catalog product it may be."""
    reason: Mapped[str]
    """Why it is not certain: `barcode_only`, `sku_ambiguous`, `partly`, `variants_differ`..."""
    facts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"), default=dict)
    state: Mapped[str] = mapped_column(server_default=text("'open'"), default="open")
    """`open`, `confirmed`, `rejected` or `obsolete`."""
    created_at: Mapped[CreatedAt]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]

    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        Index("uq_link_suggestions_pair", "organization_id", "store_id", "external_id", "candidate_id", unique=True),
        Index("ix_link_suggestions_open", "organization_id", "id", postgresql_where=text("state = 'open'")),
    )
