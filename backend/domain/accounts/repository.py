"""Every query on organizations, users and memberships."""

import uuid
from datetime import datetime

from sqlalchemy import case, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.kit.ids import uuid7
from backend.models.accounts import Membership, Organization, User


class AccountRepository:
    """Reads and writes `organizations`, `users`, `memberships`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def organization(self, organization_id: uuid.UUID) -> Organization | None:
        """Return one organization."""
        return await self._session.get(Organization, organization_id)

    async def user(self, user_id: uuid.UUID) -> User | None:
        """Return one user."""
        return await self._session.get(User, user_id)

    async def user_by_email(self, email: str, *, lock: bool = False) -> User | None:
        """Return the user of an e-mail (its `email_key`); `lock` holds the row to the end of the transaction."""
        query = select(User).where(User.email == email)
        query = query.with_for_update() if lock else query
        return (await self._session.execute(query)).scalar_one_or_none()

    async def owner_of(self, organization_id: uuid.UUID) -> User | None:
        """Return the oldest owner of an organization; None: nobody can log in to it."""
        query = (
            select(User)
            .join(Membership, Membership.user_id == User.id)
            .where(Membership.organization_id == organization_id, Membership.role == "owner")
            .order_by(Membership.created_at, User.id)
            .limit(1)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def add_user(
        self, email: str, password_hash: str | None, email_confirmed_at: datetime | None = None
    ) -> User | None:
        """Add a user; None when the e-mail is taken, also by a transaction that commits meanwhile."""
        statement = (
            insert(User)
            .values(id=uuid7(), email=email, password_hash=password_hash, email_confirmed_at=email_confirmed_at)
            .on_conflict_do_nothing(index_elements=["email"])
            .returning(User)
        )
        return (await self._session.execute(statement)).scalar_one_or_none()

    async def add_organization(self, name: str, plan: str, owner: User | None) -> Organization:
        """Add an organization owned by *owner*; None: nobody can log in to it yet."""
        organization = Organization(id=uuid7(), name=name, plan=plan, catalog_revision=0)
        self._session.add(organization)
        await self._session.flush()
        if owner is not None:
            self._session.add(Membership(organization_id=organization.id, user_id=owner.id, role="owner"))
            await self._session.flush()
        return organization

    async def memberships(self, user_id: uuid.UUID) -> list[Membership]:
        """Return a user's memberships, owner first, then admin, then the oldest."""
        rank = case((Membership.role == "owner", 0), (Membership.role == "admin", 1), else_=2)
        query = (
            select(Membership)
            .where(Membership.user_id == user_id)
            .order_by(rank, Membership.created_at, Membership.organization_id)
        )
        return list((await self._session.execute(query)).scalars())
