"""Who bears an API key, and what it may do: one indexed read, remembered for half a second."""

from collections.abc import Sequence
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

import msgspec

from backend.domain.access.key_repository import ApiKeyRepository
from backend.domain.accounts.plans import PlanLimits, Plans
from backend.kit.brief_memory import BriefMemory
from backend.kit.clock import utc_now
from backend.kit.crypto import same, token_hash
from backend.kit.errors import forbidden, unauthenticated
from backend.kit.transaction import Transactions
from backend.models.keys import ApiKey
from backend.ports.actor import Actor

ROLE_KEY = "key"
PREFIX = "sk_live_"
LONGEST_KEY = 200
"""Characters; ours have 51."""
KEEP_S = 0.5
"""A revoked key and a plan that was left are dead everywhere after so long."""
MOST_KNOWN = 20_000
MOST_PER_HOUR = 2_000_000_000
"""The limit of whoever has none: a count still needs a number."""
_RANK = {"read": 1, "write": 2, "admin": 3}

Address = IPv4Address | IPv6Address


class KeyIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """A key in force with what decides about its requests."""

    actor: Actor
    until: datetime | None
    """When it expires, or its overlap with its successor ends."""
    networks: tuple[IPv4Network | IPv6Network, ...]
    """Where it may be used from; empty: from everywhere."""
    limits: PlanLimits
    """Of its organization's plan."""

    def check_address(self, address: Address | None) -> None:
        """Raise forbidden IP_NOT_ALLOWED when the key may not be used from an address (None: unknown)."""
        if self.networks and not any(address in network for network in self.networks if address is not None):
            raise forbidden("IP_NOT_ALLOWED", "This key may not be used from your address")


class KeyAuthenticator:
    """Tells who bears an API key, as of at most half a second ago."""

    def __init__(self, begin: Transactions, plans: Plans) -> None:
        self._begin = begin
        self._plans = plans
        self._memory: BriefMemory[bytes, KeyIdentity | None] = BriefMemory(self._read, keep_s=KEEP_S, most=MOST_KNOWN)

    async def identify(self, text: str) -> KeyIdentity:
        """Return the identity behind a key's text.

        Raises:   unauthenticated, the same after the same work for a key that is unknown, revoked or expired.
        """
        if not text.startswith(PREFIX) or len(text) > LONGEST_KEY:
            raise unauthenticated("Missing or invalid API key")
        found = await self._memory.get(token_hash(text))
        if found is None or (found.until is not None and found.until <= utc_now()):
            raise unauthenticated("Missing or invalid API key")
        return found

    async def _read(self, key_hash: bytes) -> KeyIdentity | None:
        async with self._begin() as session:
            found = await ApiKeyRepository(session).in_force(key_hash)
        if found is None or not same(found[0].key_hash, key_hash):
            return None
        return identity_of(found[0], self._plans.limits_of(found[1]))


def identity_of(key: ApiKey, limits: PlanLimits) -> KeyIdentity:
    """Return what a key's row and its organization's plan make of its bearer."""
    ends = [moment for moment in (key.expires_at, key.dies_at) if moment is not None]
    return KeyIdentity(
        actor=Actor(
            organization_id=key.organization_id,
            role=ROLE_KEY,
            key_id=key.id,
            permission=key.permission,
            limit_per_hour=hourly_limit(key.limit_per_hour, limits),
        ),
        until=min(ends, default=None),
        networks=_networks(key.allow_ips),
        limits=limits,
    )


def hourly_limit(own: int | None, limits: PlanLimits) -> int:
    """Return how many requests a key has per hour: its own limit up to the plan's maximum, else what the plan gives."""
    wanted = limits.external_per_hour if own is None else own
    return min(MOST_PER_HOUR if one is None else one for one in (wanted, limits.external_per_hour_most))


def may(permission: str, needed: str) -> bool:
    """Tell whether a permission holds another; each holds the ones below it, and an unknown one holds nothing."""
    return _RANK.get(permission, 0) >= _RANK[needed]


def _networks(blocks: Sequence[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(block) for block in blocks)
