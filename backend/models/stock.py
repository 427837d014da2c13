"""How stock came to be what it is: every change of it, what orders took, and what was sold twice."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, PrimaryKeyConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, CreatedAt, NumberKey


class StockAdjustment(Base):
    """One change of a variant's pieces; the sum of all of them is what there is (contract row SAL-07)."""

    __tablename__ = "stock_adjustments"

    organization_id: Mapped[uuid.UUID]
    id: Mapped[NumberKey]
    variant_id: Mapped[int] = mapped_column(BigInteger)
    delta: Mapped[int] = mapped_column(Integer)
    balance: Mapped[int | None] = mapped_column(Integer)
    """Pieces in all places afterwards."""
    reason: Mapped[str]
    """`order`, `cancel`, `store` (a store showed another number), `count`, `correction`, `undo` or `import`."""
    reference: Mapped[str] = mapped_column(server_default=text("''"), default="")
    """What caused it, such as `order:<store>:<number>`; "" when nothing has a name."""
    store_id: Mapped[uuid.UUID | None]
    run_id: Mapped[uuid.UUID | None]
    actor: Mapped[str] = mapped_column(server_default=text("''"), default="")
    explained: Mapped[int] = mapped_column(Integer, server_default=text("0"), default=0)
    """Of a negative `store` change: how many of its pieces turned out to be orders of that store, 0..-delta."""
    observed_at: Mapped[datetime | None]
    """Of a `store` change: until when, by the store's clock, it includes what happened there."""
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        Index("ix_stock_adjustments_organization_id_variant_id_id", "organization_id", "variant_id", "id"),
    )


class OrderStock(Base):
    """What a line of an order has taken so far; the difference to what it should have taken is what is to be done."""

    __tablename__ = "order_stock"

    organization_id: Mapped[uuid.UUID]
    store_id: Mapped[uuid.UUID]
    order_id: Mapped[str]
    """The store's id of the order."""
    line_id: Mapped[str]
    variant_id: Mapped[int] = mapped_column(BigInteger)
    wanted: Mapped[int] = mapped_column(Integer)
    """Pieces that the order needs as it stands."""
    taken: Mapped[int] = mapped_column(Integer)
    """Pieces that the hub found for it, 0..wanted; the rest is an `Oversell`."""
    order_modified_at: Mapped[datetime | None]
    """Which version of the order this is; older ones change nothing."""
    updated_at: Mapped[CreatedAt]

    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "store_id", "order_id", "line_id"),
        Index("ix_order_stock_organization_id_variant_id", "organization_id", "variant_id"),
    )


class Oversell(Base):
    """An order that sold what was not there any more: a person has to talk to a customer."""

    __tablename__ = "oversells"

    organization_id: Mapped[uuid.UUID]
    id: Mapped[NumberKey]
    store_id: Mapped[uuid.UUID]
    order_id: Mapped[str]
    order_number: Mapped[str] = mapped_column(server_default=text("''"), default="")
    """As the shop's people call it."""
    line_id: Mapped[str]
    variant_id: Mapped[int] = mapped_column(BigInteger)
    missing: Mapped[int] = mapped_column(Integer)
    """Pieces sold that nobody has, 1 or more while it is open."""
    state: Mapped[str] = mapped_column(server_default=text("'open'"), default="open")
    """`open` or `settled`."""
    note: Mapped[str] = mapped_column(server_default=text("''"), default="")
    created_at: Mapped[CreatedAt]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None]

    __table_args__ = (
        PrimaryKeyConstraint("organization_id", "id"),
        Index("uq_oversells_line", "organization_id", "store_id", "order_id", "line_id", unique=True),
        Index("ix_oversells_open", "organization_id", "id", postgresql_where=text("state = 'open'")),
    )
