"""API keys: made, rotated, revoked. The text is shown once; a hash is stored."""

import ipaddress
import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.access.key_auth import PREFIX
from backend.domain.access.key_repository import ApiKeyRepository
from backend.domain.access.key_usage_repository import KeyUsageRepository
from backend.kit.clock import utc_now
from backend.kit.crypto import token_hash
from backend.kit.discreet import Discreet
from backend.kit.errors import conflict, invalid, not_found
from backend.kit.ids import uuid7
from backend.kit.text import storable
from backend.models.keys import ApiKey
from backend.models.pricing import KeyUse
from backend.ports.actor import Actor

SHOWN = len(PREFIX) + 4
MOST_NAME = 100
PERMISSIONS = ("read", "write", "admin")
MOST_OVERLAP_S = 30 * 86_400
MOST_RECENT = 50


class NewApiKey(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """A key on its way to its owner; `key` is stored nowhere."""

    id: uuid.UUID
    key: str
    prefix: str


class KeyWanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a new key should be."""

    name: str
    permission: str
    limit_per_hour: int | None = None
    expires_at: datetime | None = None
    allow_ips: tuple[str, ...] = ()


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What a key was used for."""

    total_requests: int
    error_rate: float
    recent: list[KeyUse]
    """Newest first."""


def normal_blocks(texts: Sequence[str]) -> list[str]:
    """Return addresses and CIDR blocks (v4, v6) in their one spelling; raise invalid IP_BLOCK for anything else."""
    try:
        return sorted({_block(text.strip()) for text in texts})
    except ValueError:
        raise invalid(
            "IP_BLOCK", "Addresses are written as 203.0.113.7 or 203.0.113.0/24, v6 alike", field="allow_ips"
        ) from None


def _block(text: str) -> str:
    block = ipaddress.ip_network(text, strict=False)
    mapped = block.network_address.ipv4_mapped if isinstance(block, ipaddress.IPv6Network) else None
    # Callers are known by their IPv4 address, however it was written.
    return str(ipaddress.ip_network((mapped, block.prefixlen - 96))) if mapped and block.prefixlen >= 96 else str(block)


class ApiKeyService:
    """Keys of the acting organization, inside the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._keys = ApiKeyRepository(session)
        self._usage = KeyUsageRepository(session)

    async def create(self, actor: Actor, wanted: KeyWanted) -> NewApiKey:
        """Make a key and return its text, once.

        Raises:   invalid KEY_NAME, KEY_PERMISSION, KEY_LIMIT, KEY_EXPIRY, IP_BLOCK; not_found for the organization.
        """
        name = storable(wanted.name).strip()
        _check(name, wanted)
        text, row = _new_key()
        row.organization_id, row.name, row.permission = actor.tenant, name, wanted.permission
        row.limit_per_hour, row.expires_at = wanted.limit_per_hour, wanted.expires_at
        row.allow_ips = normal_blocks(wanted.allow_ips)
        await self._keys.add(row)
        return NewApiKey(id=row.id, key=text, prefix=row.prefix)

    async def all(self, actor: Actor) -> list[ApiKey]:
        """Return the organization's keys, newest first, dead ones too."""
        return await self._keys.all(actor)

    async def one(self, actor: Actor, key_id: uuid.UUID) -> ApiKey:
        """Return a key; raise not_found."""
        found = await self._keys.one(actor, key_id)
        if found is None:
            raise not_found("API key")
        return found

    async def usage(self, actor: Actor, key_id: uuid.UUID, most: int = MOST_RECENT) -> Usage:
        """Return what a key was used for, as of about a second ago; raise not_found."""
        key = await self.one(actor, key_id)
        recent = await self._usage.recent(actor, key_id, most)
        return Usage(total_requests=key.total_requests, error_rate=error_rate(key), recent=recent)

    async def rotate(self, actor: Actor, key_id: uuid.UUID, overlap_s: int = 0) -> NewApiKey:
        """Put a new key in the place of an old one, which is dead at once (contract row SHS-17).

        Args:     overlap_s: how long the old key goes on working, so that its users can be changed over.
        Raises:   not_found; conflict KEY_REVOKED, KEY_EXPIRED, KEY_ROTATED for a key that is on its way out already;
                  invalid KEY_OVERLAP.
        """
        if not 0 <= overlap_s <= MOST_OVERLAP_S:
            raise invalid("KEY_OVERLAP", f"The overlap is 0..{MOST_OVERLAP_S} seconds", field="overlap_s")
        old, now = await self._own(actor, key_id), utc_now()
        _check_rotation(state_of(old, now))
        if overlap_s:
            old.dies_at = now + timedelta(seconds=overlap_s)
        else:
            old.revoked_at = now
        text, row = _new_key()
        for field in ("organization_id", "name", "permission", "limit_per_hour", "expires_at", "allow_ips"):
            setattr(row, field, getattr(old, field))
        await self._keys.add(row)
        return NewApiKey(id=row.id, key=text, prefix=row.prefix)

    async def revoke(self, actor: Actor, key_id: uuid.UUID) -> ApiKey:
        """Revoke a key for good; revoking it again changes nothing. Raises not_found."""
        key = await self._own(actor, key_id)
        key.revoked_at = key.revoked_at or utc_now()
        return key

    async def owner(self, key_id: uuid.UUID) -> uuid.UUID:
        """Return the organization of a key: the operator's look-up; raise not_found."""
        found = await self._keys.owner(key_id)
        if found is None:
            raise not_found("API key")
        return found

    async def _own(self, actor: Actor, key_id: uuid.UUID) -> ApiKey:
        found = await self._keys.locked(actor, key_id)
        if found is None:
            raise not_found("API key")
        return found


def _new_key() -> tuple[str, ApiKey]:
    text = PREFIX + secrets.token_urlsafe(32)
    row = ApiKey(id=uuid7(), key_hash=token_hash(text), prefix=text[:SHOWN], last_four=text[-4:])
    return text, row


def state_of(key: ApiKey, now: datetime) -> str:
    """Return `active`, `replaced` (it works until its overlap ends), `expired` or `revoked`."""
    if key.revoked_at is not None or (key.dies_at is not None and key.dies_at <= now):
        return "revoked"
    if key.expires_at is not None and key.expires_at <= now:
        return "expired"
    return "active" if key.dies_at is None else "replaced"


def error_rate(key: ApiKey) -> float:
    """Return which share of a key's requests was answered with 400 or more, 0..1."""
    return round(key.failed_requests / key.total_requests, 4) if key.total_requests else 0.0


def _check_rotation(state: str) -> None:
    if state == "revoked":
        raise conflict("KEY_REVOKED", "A revoked key cannot be rotated: make a new one")
    if state == "expired":
        raise conflict("KEY_EXPIRED", "An expired key cannot be rotated: make a new one")
    if state == "replaced":
        raise conflict("KEY_ROTATED", "This key has a successor already: rotate that one")


def _check(name: str, wanted: KeyWanted) -> None:
    if not 1 <= len(name) <= MOST_NAME:
        raise invalid("KEY_NAME", f"A key's name has 1..{MOST_NAME} characters", field="name")
    if wanted.permission not in PERMISSIONS:
        raise invalid("KEY_PERMISSION", f"The permission is one of {', '.join(PERMISSIONS)}", field="permission")
    if wanted.limit_per_hour is not None and not 1 <= wanted.limit_per_hour <= 2_000_000_000:
        raise invalid("KEY_LIMIT", "The hourly limit is 1 or more", field="limit_per_hour")
    if wanted.expires_at is not None and wanted.expires_at <= utc_now():
        raise invalid("KEY_EXPIRY", "The expiry lies in the past", field="expires_at")
