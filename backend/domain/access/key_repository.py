"""Every query on API keys and monitoring tokens."""

import uuid

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from backend.kit.errors import not_found
from backend.models.accounts import Organization
from backend.models.keys import ApiKey
from backend.models.pricing import MonitoringToken
from backend.ports.actor import Actor


class ApiKeyRepository:
    """Reads and writes `api_keys`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, key: ApiKey) -> None:
        """Add one key; raise not_found when its organization does not exist."""
        if await self._session.get(Organization, key.organization_id) is None:
            raise not_found("Organization")
        self._session.add(key)
        await self._session.flush()

    async def in_force(self, key_hash: bytes) -> tuple[ApiKey, str] | None:
        """Return the unrevoked key of a hash and the plan of its organization; expiry is the caller's to judge."""
        query = (
            select(ApiKey, Organization.plan)
            .join(Organization, Organization.id == ApiKey.organization_id)
            .where(ApiKey.key_hash == key_hash, ApiKey.revoked_at.is_(None))
        )
        row = (await self._session.execute(query)).one_or_none()
        return None if row is None else (row[0], row[1])

    async def owner(self, key_id: uuid.UUID) -> uuid.UUID | None:
        """Return the organization of a key: the operator's look-up."""
        query = select(ApiKey.organization_id).where(ApiKey.id == key_id)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def all(self, actor: Actor) -> list[ApiKey]:
        """Return the keys of the acting organization, newest first, revoked ones too."""
        query = select(ApiKey).where(ApiKey.organization_id == actor.tenant).order_by(ApiKey.id.desc())
        return list((await self._session.execute(query)).scalars())

    async def one(self, actor: Actor, key_id: uuid.UUID) -> ApiKey | None:
        """Return a key of the acting organization."""
        return (await self._session.execute(_key(actor, key_id))).scalar_one_or_none()

    async def locked(self, actor: Actor, key_id: uuid.UUID) -> ApiKey | None:
        """Return a key of the acting organization, locked for this transaction."""
        return (await self._session.execute(_key(actor, key_id).with_for_update())).scalar_one_or_none()


class MonitoringTokenRepository:
    """Reads and writes `monitoring_tokens`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, token: MonitoringToken) -> None:
        """Add one token."""
        self._session.add(token)
        await self._session.flush()

    async def in_force(self, token_hash: bytes) -> tuple[MonitoringToken, str] | None:
        """Return the unrevoked token of a hash and the plan of its organization."""
        query = (
            select(MonitoringToken, Organization.plan)
            .join(Organization, Organization.id == MonitoringToken.organization_id)
            .where(MonitoringToken.token_hash == token_hash, MonitoringToken.revoked_at.is_(None))
        )
        row = (await self._session.execute(query)).one_or_none()
        return None if row is None else (row[0], row[1])

    async def owner(self, token_id: uuid.UUID) -> uuid.UUID | None:
        """Return the organization of a token: the operator's look-up."""
        query = select(MonitoringToken.organization_id).where(MonitoringToken.id == token_id)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def all(self, actor: Actor) -> list[MonitoringToken]:
        """Return the tokens of the acting organization, newest first, revoked ones too."""
        query = (
            select(MonitoringToken)
            .where(MonitoringToken.organization_id == actor.tenant)
            .order_by(MonitoringToken.id.desc())
        )
        return list((await self._session.execute(query)).scalars())

    async def one(self, actor: Actor, token_id: uuid.UUID) -> MonitoringToken | None:
        """Return a token of the acting organization."""
        return (await self._session.execute(_token(actor, token_id))).scalar_one_or_none()

    async def locked(self, actor: Actor, token_id: uuid.UUID) -> MonitoringToken | None:
        """Return a token of the acting organization, locked for this transaction."""
        return (await self._session.execute(_token(actor, token_id).with_for_update())).scalar_one_or_none()


def _key(actor: Actor, key_id: uuid.UUID) -> Select[ApiKey]:
    return select(ApiKey).where(ApiKey.organization_id == actor.tenant, ApiKey.id == key_id)


def _token(actor: Actor, token_id: uuid.UUID) -> Select[MonitoringToken]:
    return select(MonitoringToken).where(
        MonitoringToken.organization_id == actor.tenant, MonitoringToken.id == token_id
    )
