"""Tokens of the price monitoring API: a pair of the owner's login e-mail and a text that is shown once."""

import secrets
import uuid

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.access.key_auth import KEEP_S, MOST_KNOWN, MOST_PER_HOUR
from backend.domain.access.key_repository import MonitoringTokenRepository
from backend.domain.accounts.plans import PlanLimits, Plans
from backend.domain.accounts.repository import AccountRepository
from backend.kit.brief_memory import BriefMemory
from backend.kit.clock import utc_now
from backend.kit.crypto import same, token_hash
from backend.kit.discreet import Discreet
from backend.kit.errors import conflict, not_found, unauthenticated
from backend.kit.ids import uuid7
from backend.kit.transaction import Transactions
from backend.models.pricing import MonitoringToken
from backend.ports.actor import Actor

ROLE_MONITORING = "monitoring"
LONGEST = 320
"""Characters of either half; the longest e-mail has as many."""


class NewMonitoringToken(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """A pair on its way to its owner; `apitoken` is stored nowhere."""

    id: uuid.UUID
    apikey: str
    apitoken: str


class MonitoringTokens:
    """Tokens of the acting organization, inside the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._tokens = MonitoringTokenRepository(session)
        self._accounts = AccountRepository(session)

    async def create(self, actor: Actor) -> NewMonitoringToken:
        """Make a token for the owner's login e-mail and return its text, once.

        Raises:   not_found for the organization; conflict NO_OWNER when nobody can log in to it.
        """
        if await self._accounts.organization(actor.tenant) is None:
            raise not_found("Organization")
        owner = await self._accounts.owner_of(actor.tenant)
        if owner is None:
            raise conflict("NO_OWNER", "Nobody owns this organization yet: a token needs its owner's e-mail")
        text = secrets.token_hex(24)
        row = MonitoringToken(
            id=uuid7(),
            organization_id=actor.tenant,
            email=owner.email,
            token_hash=token_hash(text),
            last_four=text[-4:],
        )
        await self._tokens.add(row)
        return NewMonitoringToken(id=row.id, apikey=row.email, apitoken=text)

    async def all(self, actor: Actor) -> list[MonitoringToken]:
        """Return the organization's tokens, newest first, revoked ones too."""
        return await self._tokens.all(actor)

    async def one(self, actor: Actor, token_id: uuid.UUID) -> MonitoringToken:
        """Return a token; raise not_found."""
        found = await self._tokens.one(actor, token_id)
        if found is None:
            raise not_found("Monitoring token")
        return found

    async def revoke(self, actor: Actor, token_id: uuid.UUID) -> MonitoringToken:
        """Revoke a token for good; revoking it again changes nothing. Raises not_found."""
        token = await self._tokens.locked(actor, token_id)
        if token is None:
            raise not_found("Monitoring token")
        token.revoked_at = token.revoked_at or utc_now()
        return token

    async def owner(self, token_id: uuid.UUID) -> uuid.UUID:
        """Return the organization of a token: the operator's look-up; raise not_found."""
        found = await self._tokens.owner(token_id)
        if found is None:
            raise not_found("Monitoring token")
        return found


class MonitoringIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """A token in force with what decides about its requests."""

    actor: Actor
    limits: PlanLimits
    """Of its organization's plan."""


class MonitoringAuthenticator:
    """Tells who bears a monitoring token, as of at most half a second ago."""

    def __init__(self, begin: Transactions, plans: Plans) -> None:
        self._begin = begin
        self._plans = plans
        self._memory: BriefMemory[bytes, MonitoringIdentity | None] = BriefMemory(
            self._read, keep_s=KEEP_S, most=MOST_KNOWN
        )

    async def identify(self, apikey: str, apitoken: str) -> MonitoringIdentity:
        """Return the identity behind a pair.

        Raises:   unauthenticated, the same after the same work for every pair that does not fit.
        """
        if not (0 < len(apikey) <= LONGEST and 0 < len(apitoken) <= LONGEST):
            raise unauthenticated("Missing or invalid apikey and apitoken")
        found = await self._memory.get(token_hash(apitoken))
        if found is None or not same(found.actor.email, apikey.strip().lower()):
            raise unauthenticated("Missing or invalid apikey and apitoken")
        return found

    async def _read(self, hashed: bytes) -> MonitoringIdentity | None:
        async with self._begin() as session:
            found = await MonitoringTokenRepository(session).in_force(hashed)
        if found is None or not same(found[0].token_hash, hashed):
            return None
        token, limits = found[0], self._plans.limits_of(found[1])
        per_hour = MOST_PER_HOUR if limits.monitoring_per_hour is None else limits.monitoring_per_hour
        return MonitoringIdentity(
            actor=Actor(
                organization_id=token.organization_id,
                role=ROLE_MONITORING,
                email=token.email,
                key_id=token.id,
                limit_per_hour=per_hour,
            ),
            limits=limits,
        )
