"""Organizations (the tenants), users, and what proves who somebody is."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.models.base import Base, CreatedAt, UuidKey


class Organization(Base):
    """The tenant."""

    __tablename__ = "organizations"

    id: Mapped[UuidKey]
    name: Mapped[str]
    plan: Mapped[str]
    """A name in `plans.toml`."""
    catalog_revision: Mapped[int] = mapped_column(BigInteger, server_default=text("0"), default=0)
    """Counts up with each transaction that changed the catalog; feeds are due when it moved."""
    lists_revision: Mapped[int] = mapped_column(BigInteger, server_default=text("0"), default=0)
    """The same for transactions after which there are more, fewer or other variants or competitors' pages; how many
    there are is counted anew when it moved."""
    created_at: Mapped[CreatedAt]


class User(Base):
    """A person who logs in; `email` is kept in lower case."""

    __tablename__ = "users"

    id: Mapped[UuidKey]
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str | None]
    """argon2id; None until the person set a password."""
    email_confirmed_at: Mapped[datetime | None]
    """When control of the e-mail was first proven; store proofs from before it may be a stranger's (decision G10)."""
    created_at: Mapped[CreatedAt]


class Membership(Base):
    """Who belongs to which organization, as `owner`, `admin` or `staff`."""

    __tablename__ = "memberships"

    organization_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    role: Mapped[str]
    created_at: Mapped[CreatedAt]


class SigningKey(Base):
    """A key that signs our tokens; the newest unretired one signs, the others still verify."""

    __tablename__ = "signing_keys"

    id: Mapped[UuidKey]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[CreatedAt]
    retired_at: Mapped[datetime | None]
    """From then on it signs nothing; its tokens are good until they expire."""


class AccessGrant(Base):
    """One token we issued: the JWT carries only its id, everything it may do is read from here on each request."""

    __tablename__ = "access_grants"

    id: Mapped[UuidKey]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    organization_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    """None: control of the account is not proven, the token sees no organization (decision G10)."""
    store_url: Mapped[str | None]
    """Plugin tokens are bound to one store address; None for panel logins."""
    store_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), index=True)
    """The store whose working keys its unproven bearer showed; confirming that store proves the token."""
    email_as_given: Mapped[str | None]
    """What an unproven caller typed; the only thing it is shown."""
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_access_grants_user_id_store_url", "user_id", "store_url"),)


class MailedLink(Base):
    """A single-use link that was mailed; only a hash of its token is kept."""

    __tablename__ = "mailed_links"

    id: Mapped[UuidKey]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    purpose: Mapped[str]
    """`password` or `attach_store`."""
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    store_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
