"""Who is at the other end: the peer, or what a configured proxy says of it (decision G20)."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from litestar.connection import ASGIConnection

from backend.settings import SettingsError

Address = IPv4Address | IPv6Address
UNKNOWN = "unknown"
UNIX = "unix"
"""In the list of trusted proxies: a peer that came through a Unix socket."""


def client_address(peer: str | None, forwarded_for: Sequence[str], trusted: tuple[str, ...]) -> Address | None:
    """Return the peer, or the right-most untrusted hop of X-Forwarded-For when the peer is a trusted proxy.

    A hop that is no address ends the search: what lies left of it was written by somebody we cannot trust.

    Args:     forwarded_for: the header's lines in order. trusted: addresses or CIDR blocks.
    Returns:  None when the peer has no address (a Unix socket).
    """
    current = _address(peer or "")
    hops = [hop.strip() for line in forwarded_for for hop in line.split(",")]
    while hops and _believed(current, trusted):
        hop = _address(hops.pop())
        if hop is None:
            break
        current = hop
    return current


def check_proxies(trusted: tuple[str, ...]) -> None:
    """Raise SettingsError when an entry is no address: better at the start than at the first request."""
    try:
        _networks(trusted)
    except ValueError:
        raise SettingsError("STORELOOM_TRUSTED_PROXIES must hold addresses and CIDR blocks") from None


@lru_cache(4_096)
def bucket(address: Address | None) -> str:
    """Return what one client is counted under: an IPv4 address, or an IPv6 address's /64."""
    if address is None:
        return UNKNOWN
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((int(address) >> 64 << 64, 64)))


def address_of(connection: ASGIConnection[Any, Any, Any, Any], trusted: tuple[str, ...]) -> Address | None:
    """Return the client's address of one connection."""
    # Straight from the scope: building the connection's headers costs more than all the rest of a cached answer.
    scope = connection.scope
    forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    client = scope["client"]
    return client_address(client[0] if client else None, forwarded, trusted)


@lru_cache(4_096)
def _address(text: str) -> Address | None:
    # Hops may carry a port: "203.0.113.7:4711", "[2001:db8::1]:4711".
    bare = text.strip().strip('"')
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def _believed(address: Address | None, trusted: tuple[str, ...]) -> bool:
    if address is None:
        return UNIX in trusted
    return any(address in network for network in _networks(trusted))


@lru_cache(16)
def _networks(trusted: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(ip_network(block, strict=False) for block in trusted if block != UNIX)
