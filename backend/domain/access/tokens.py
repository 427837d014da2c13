"""Our JWTs: HS256, ids only; what a token may do stands in its grant."""

import uuid

import jwt
import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.access.repository import GrantRepository
from backend.domain.access.rules import (
    PANEL_TOKEN_LIFE,
    PLUGIN_TOKEN_LIFE,
    ROLE_PLUGIN,
    ROLE_UNPROVEN,
    UNPROVEN_TOKEN_LIFE,
)
from backend.domain.access.signing_keys import OpenKey, SigningKeys
from backend.kit.clock import utc_now
from backend.kit.discreet import Discreet
from backend.kit.errors import unauthenticated
from backend.kit.ids import parse_uuid
from backend.kit.transaction import Transactions
from backend.models.accounts import AccessGrant
from backend.ports.actor import Actor

ALGORITHM = "HS256"
ISSUER = "storeloom"
AUDIENCE = "storeloom-api"
CLOCK_SKEW_S = 30
MAX_TOKEN = 2_000
"""Characters; ours have about 400."""


class IssuedToken(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """A token on its way to its bearer; it is stored nowhere."""

    token: str
    grant: AccessGrant

    @property
    def shown_user_id(self) -> uuid.UUID:
        """Return the user's id for a proven bearer, else an id that says nothing."""
        return self.grant.user_id if self.grant.organization_id else self.grant.id


class TokenIssuer:
    """Issues and revokes tokens in the caller's transaction."""

    def __init__(self, session: AsyncSession, keys: SigningKeys) -> None:
        self._session = session
        self._keys = keys
        self.grants = GrantRepository(session)

    async def panel(self, user_id: uuid.UUID, organization_id: uuid.UUID) -> IssuedToken:
        """Issue the token of a login."""
        grant = await self.grants.add(
            user_id=user_id, organization_id=organization_id, expires_at=utc_now() + PANEL_TOKEN_LIFE
        )
        return await self._sign(grant)

    async def proven(self, user_id: uuid.UUID, organization_id: uuid.UUID, store_url: str) -> IssuedToken:
        """Issue the plugin token of a store whose keys worked, or of a new account."""
        grant = await self.grants.add(
            user_id=user_id,
            organization_id=organization_id,
            store_url=store_url,
            expires_at=utc_now() + PLUGIN_TOKEN_LIFE,
        )
        return await self._sign(grant)

    async def unproven(
        self, user_id: uuid.UUID, store_url: str, email_as_given: str, store_id: uuid.UUID | None = None
    ) -> IssuedToken:
        """Issue a token that sees nothing; with *store_id*, confirming that store proves it later."""
        # Anybody can ask for these, so nothing else would keep their number down.
        await self.grants.forget_expired_unproven(user_id)
        life = PLUGIN_TOKEN_LIFE if store_id else UNPROVEN_TOKEN_LIFE
        grant = await self.grants.add(
            user_id=user_id,
            store_url=store_url,
            store_id=store_id,
            email_as_given=email_as_given,
            expires_at=utc_now() + life,
        )
        return await self._sign(grant)

    async def _sign(self, grant: AccessGrant) -> IssuedToken:
        key = await self._keys.signing(self._session)
        return IssuedToken(token=encode(grant, key), grant=grant)


class Authenticator:
    """Tells who bears a token; every call reads the grant, so that revocation works at once."""

    def __init__(self, begin: Transactions, keys: SigningKeys) -> None:
        self._begin = begin
        self._keys = keys

    async def authenticate(self, token: str) -> Actor:
        """Return the bearer of a token.

        Raises:   unauthenticated, the same for every reason.
        """
        key_id = _key_id(token)
        async with self._begin() as session:
            key = await self._keys.verifying(session, key_id)
            if key is None:
                raise unauthenticated()
            grant_id = decode(token, key)
            known = await GrantRepository(session).in_force(grant_id)
        if known is None or (known.grant.organization_id is not None and known.role is None):
            raise unauthenticated()
        grant = known.grant
        if grant.organization_id is None:
            role, email = ROLE_UNPROVEN, grant.email_as_given or ""
        else:
            role, email = (ROLE_PLUGIN if grant.store_url else known.role or ""), known.email
        return Actor(
            organization_id=grant.organization_id,
            user_id=grant.user_id,
            role=role,
            email=email,
            grant_id=grant.id,
            store_url=grant.store_url,
        )


def encode(grant: AccessGrant, key: OpenKey) -> str:
    """Return the JWT of a grant; an unproven one names no user."""
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "jti": str(grant.id),
        "sub": str(grant.user_id if grant.organization_id else grant.id),
        "iat": int(utc_now().timestamp()),
        "exp": int(grant.expires_at.timestamp()),
    }
    return jwt.encode(claims, key.secret, algorithm=ALGORITHM, headers={"kid": str(key.id)})


def decode(token: str, key: OpenKey) -> uuid.UUID:
    """Return the grant's id of a token that we signed and that has not expired; raise unauthenticated otherwise."""
    try:
        claims = jwt.decode(
            token,
            key.secret,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            leeway=CLOCK_SKEW_S,
            options={"require": ["exp", "iat", "jti", "sub"]},
        )
    except (jwt.InvalidTokenError, ValueError, TypeError):
        raise unauthenticated() from None
    grant_id = parse_uuid(claims["jti"])
    if grant_id is None:
        raise unauthenticated()
    return grant_id


def _key_id(token: str) -> str:
    if len(token) > MAX_TOKEN or not token.isascii():
        raise unauthenticated()
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, ValueError, TypeError):
        raise unauthenticated() from None
    key_id = header.get("kid")
    if header.get("alg") != ALGORITHM or not isinstance(key_id, str):
        raise unauthenticated()
    return key_id
