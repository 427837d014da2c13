"""Which addresses callers may send us to: pure decisions over a URL and over a resolved IP address (decision G11)."""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import quote

import httpx
import msgspec

from backend.ports.platform_errors import UnsafeAddress

MAX_URL_LENGTH = 4000

_REFUSED_V4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's host agent: a public number that only answers inside a machine
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    IPv6Network(block) for block in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48")
)
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = 0x5EFE
_NAME = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
)
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")


class Target(msgspec.Struct, frozen=True):
    """Where a URL leads: scheme, host in its one spelling (lower case, no brackets, no final dot) and port."""

    scheme: str
    host: str
    port: int

    @property
    def literal(self) -> IPv4Address | IPv6Address | None:
        """The IP address when the host is one, else None."""
        return _literal(self.host)


def target_of(url: str | httpx.URL) -> Target:
    """Read a caller's URL the way the client will read it.

    Raises:   UnsafeAddress for other schemes than http and https, user info, odd spellings of numbers, no host.
    """
    parsed = _parsed(url) if isinstance(url, str) else url
    if parsed.userinfo or b"@" in parsed.netloc:
        raise UnsafeAddress("The address must not hold a user name or password")
    return _target(parsed.scheme, parsed.raw_host, parsed.port)


@lru_cache(maxsize=4096)
def _target(scheme: str, raw_host: bytes, given_port: int | None) -> Target:
    if scheme not in ("http", "https"):
        raise UnsafeAddress("The address must begin with https:// or http://")
    host = _plain_host(raw_host.decode("ascii", "replace"))
    port = (443 if scheme == "https" else 80) if given_port is None else given_port
    if not 0 < port < 65536:
        raise UnsafeAddress("The address has an impossible port")
    return Target(scheme, host, port)


def is_public(address: str) -> bool:
    """Say whether an IP address in text is reachable for everybody, looking through IPv4-in-IPv6 forms."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return _public_v4(parsed) if isinstance(parsed, IPv4Address) else _public_v6(parsed)


def allowed_entries(entries: tuple[str, ...]) -> frozenset[tuple[str, int | None]]:
    """Read the operator's `host` and `host:port` entries; IPv6 with a port is spelled `[::1]:80`.

    Raises:   ValueError that names the entry.
    """
    return frozenset(_entry(entry) for entry in entries)


def shown(url: str | httpx.URL) -> str:
    """Return scheme, host and path of a URL for a message: no user info, no query, at most 200 characters."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return "(not an address)"
    host = f"[{parsed.host}]" if ":" in parsed.host else parsed.host
    port = f":{parsed.port}" if parsed.port else ""
    return f"{parsed.scheme}://{host}{port}{quote(parsed.path, safe='/%')}"[:200]


def _parsed(url: str) -> httpx.URL:
    if len(url) > MAX_URL_LENGTH:
        raise UnsafeAddress("The address is too long")
    try:
        return httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError):
        raise UnsafeAddress("This is not a web address") from None


def _plain_host(raw: str) -> str:
    host = raw.lower().removesuffix(".")
    if ":" in host:
        literal = _literal(host)
        if literal is None:
            raise UnsafeAddress("This is not a web address")
        return str(literal)
    if not _NAME.fullmatch(host):
        raise UnsafeAddress("The address has no readable host name")
    # Resolvers read 2130706433, 0x7f000001, 0177.0.0.1 and 127.1 as addresses: only a plain dotted quad is clear.
    if _NUMBER.fullmatch(host.rsplit(".", 1)[-1]) and _literal(host) is None:
        raise UnsafeAddress("Write the IP address as four plain numbers")
    return host


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(host)
    except ValueError:
        return None
    return None if isinstance(parsed, IPv6Address) and parsed.scope_id else parsed


def _public_v4(address: IPv4Address) -> bool:
    return not any(address in block for block in _REFUSED_V4)


def _public_v6(address: IPv6Address) -> bool:
    if address.scope_id:
        return False
    if address in _NAT64:
        return _public_v4(IPv4Address(address.packed[-4:]))
    if address not in _GLOBAL_V6 or any(address in block for block in _REFUSED_V6):
        return False
    # ISATAP carries an IPv4 address behind 0000:5efe or 0200:5efe.
    groups = address.packed[8:12]
    if groups[2:] == _ISATAP.to_bytes(2, "big") and groups[0] in (0, 2) and groups[1] == 0:
        return _public_v4(IPv4Address(address.packed[-4:]))
    return True


def _entry(text: str) -> tuple[str, int | None]:
    entry = text.strip().lower()
    whole = _literal(_unbracketed(entry))
    if whole is not None:
        return str(whole), None
    host, colon, port = entry.rpartition(":")
    if not colon:
        host, port = entry, ""
    literal = _literal(_unbracketed(host))
    name = str(literal) if literal is not None else host.removesuffix(".")
    if (literal is None and not _NAME.fullmatch(name)) or (colon and not _is_port(port)):
        raise ValueError(f"STORELOOM_ALLOWED_PRIVATE_HOSTS: {text!r} is neither host nor host:port")
    return name, int(port) if colon else None


def _unbracketed(text: str) -> str:
    return text[1:-1] if text.startswith("[") and text.endswith("]") else text


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) < 65536
