"""Every query on grants, signing keys and mailed links."""

import uuid
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.kit.ids import uuid7
from backend.models.accounts import AccessGrant, MailedLink, Membership, SigningKey, User


class KnownGrant(msgspec.Struct, frozen=True, kw_only=True):
    """A grant with what decides about it now."""

    grant: AccessGrant
    email: str
    role: str | None
    """Of the user in the grant's organization; None when unproven, or no member any more."""


class GrantRepository:
    """Reads and writes `access_grants`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, **values: Any) -> AccessGrant:
        """Add one grant."""
        grant = AccessGrant(id=uuid7(), **values)
        self._session.add(grant)
        await self._session.flush()
        return grant

    async def in_force(self, grant_id: uuid.UUID) -> KnownGrant | None:
        """Return a grant that is neither revoked nor expired."""
        query = (
            select(AccessGrant, User.email, Membership.role)
            .join(User, User.id == AccessGrant.user_id)
            .outerjoin(
                Membership,
                (Membership.organization_id == AccessGrant.organization_id)
                & (Membership.user_id == AccessGrant.user_id),
            )
            .where(AccessGrant.id == grant_id, AccessGrant.revoked_at.is_(None), AccessGrant.expires_at > func.now())
        )
        row = (await self._session.execute(query)).one_or_none()
        return None if row is None else KnownGrant(grant=row[0], email=row[1], role=row[2])

    async def proofs(self, user_id: uuid.UUID, store_url: str) -> list[tuple[uuid.UUID, datetime]]:
        """Return (organization, when) of every proven token a pair ever had, revoked ones too; newest first."""
        query = (
            select(AccessGrant.organization_id, AccessGrant.created_at)
            .where(
                AccessGrant.user_id == user_id,
                AccessGrant.store_url == store_url,
                AccessGrant.organization_id.is_not(None),
            )
            .order_by(AccessGrant.created_at.desc())
        )
        return [(row[0], row[1]) for row in await self._session.execute(query) if row[0] is not None]

    async def revoke(self, grant_id: uuid.UUID) -> None:
        """Revoke one grant."""
        await self._revoke(AccessGrant.id == grant_id)

    async def revoke_pair(self, user_id: uuid.UUID, store_url: str) -> None:
        """Revoke every token of one user for one store address."""
        await self._revoke((AccessGrant.user_id == user_id) & (AccessGrant.store_url == store_url))

    async def revoke_store(self, organization_id: uuid.UUID, store_url: str) -> None:
        """Revoke every token that one organization's store holds, whoever's it is."""
        await self._revoke((AccessGrant.organization_id == organization_id) & (AccessGrant.store_url == store_url))

    async def revoke_all(self, user_id: uuid.UUID) -> None:
        """Revoke every token of one user."""
        await self._revoke(AccessGrant.user_id == user_id)

    async def prove(self, user_id: uuid.UUID, store_id: uuid.UUID, organization_id: uuid.UUID) -> None:
        """Let the unproven tokens whose bearers showed this store's keys see the organization that took it in."""
        statement = (
            update(AccessGrant)
            .where(
                AccessGrant.user_id == user_id,
                AccessGrant.store_id == store_id,
                AccessGrant.organization_id.is_(None),
                AccessGrant.revoked_at.is_(None),
            )
            .values(organization_id=organization_id)
        )
        await self._session.execute(statement)

    async def forget_expired_unproven(self, user_id: uuid.UUID) -> None:
        """Forget a user's unproven tokens past their life; proven ones stay as memory of the pair."""
        statement = delete(AccessGrant).where(
            AccessGrant.user_id == user_id,
            AccessGrant.organization_id.is_(None),
            AccessGrant.expires_at < func.now(),
        )
        await self._session.execute(statement)

    async def _revoke(self, which: Any) -> None:
        statement = update(AccessGrant).where(which, AccessGrant.revoked_at.is_(None)).values(revoked_at=func.now())
        await self._session.execute(statement)


class SigningKeyRepository:
    """Reads and writes `signing_keys`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def all(self) -> list[SigningKey]:
        """Return all keys, newest first."""
        query = select(SigningKey).order_by(SigningKey.created_at.desc(), SigningKey.id.desc())
        return list((await self._session.execute(query)).scalars())

    async def add(self, sealed: bytes) -> SigningKey:
        """Add a key."""
        key = SigningKey(id=uuid7(), sealed=sealed)
        self._session.add(key)
        await self._session.flush()
        return key

    async def retire_all(self) -> None:
        """Let no present key sign any more."""
        statement = update(SigningKey).where(SigningKey.retired_at.is_(None)).values(retired_at=func.now())
        await self._session.execute(statement)

    async def delete_retired_before(self, moment: datetime) -> None:
        """Forget keys whose last token has expired."""
        await self._session.execute(delete(SigningKey).where(SigningKey.retired_at < moment))


class MailedLinkRepository:
    """Reads and writes `mailed_links`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, **values: Any) -> MailedLink:
        """Add one link."""
        link = MailedLink(id=uuid7(), **values)
        self._session.add(link)
        await self._session.flush()
        return link

    async def usable(self, token_hash: bytes, purpose: str) -> MailedLink | None:
        """Return the link of a token when it is neither used nor expired, and hold its row."""
        query = (
            select(MailedLink)
            .where(
                MailedLink.token_hash == token_hash,
                MailedLink.purpose == purpose,
                MailedLink.used_at.is_(None),
                MailedLink.expires_at > func.now(),
            )
            .with_for_update()
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def made_since(self, user_id: uuid.UUID, purpose: str, moment: datetime) -> int:
        """Count the links of one purpose made for a user after *moment*."""
        query = select(func.count()).where(
            MailedLink.user_id == user_id, MailedLink.purpose == purpose, MailedLink.created_at > moment
        )
        return (await self._session.execute(query)).scalar_one()

    async def forget_before(self, user_id: uuid.UUID, moment: datetime) -> None:
        """Forget a user's links that expired before *moment*."""
        statement = delete(MailedLink).where(MailedLink.user_id == user_id, MailedLink.expires_at < moment)
        await self._session.execute(statement)

    async def use_up(self, user_id: uuid.UUID, purpose: str) -> None:
        """Make every open link of one purpose useless."""
        statement = (
            update(MailedLink)
            .where(MailedLink.user_id == user_id, MailedLink.purpose == purpose, MailedLink.used_at.is_(None))
            .values(used_at=func.now())
        )
        await self._session.execute(statement)
