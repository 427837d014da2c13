"""The declarative base and the columns that many tables share.

Tenant tables carry `organization_id`, first in their indexes; rows load nothing lazily (`lazy="raise"`).
"""

import uuid
from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, DateTime, Identity, MetaData, Numeric, Text, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

from backend.kit.ids import uuid7

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

Amount = Numeric(18, 6)
"""Money in the row's currency; NUMERIC, never float."""

UuidKey = Annotated[uuid.UUID, mapped_column(Uuid, primary_key=True, default=uuid7)]
BigKey = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
NumberKey = Annotated[int, mapped_column(BigInteger, Identity())]
"""The number in a key whose first column is the organization."""
CreatedAt = Annotated[datetime, mapped_column(DateTime(timezone=True), server_default=func.now())]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]


class Base(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as a class attribute
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
    }
