"""Store addresses: one spelling each, and which of two lead to the same store (pure)."""

import re
from urllib.parse import urlsplit

import httpx

_TAIL = re.compile(r"/(?:wp-json|wp-admin|wp-login\.php|index\.php)(?:/.*)?$")
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?")
_USUAL = (("http", 80), ("https", 443))
_NO_ADDRESS = "This is not a store's address. Write it like https://shop.example.com"


def canonical_url(text: str) -> str:
    """Return scheme, lower-case host, port if unusual, and path without a trailing slash.

    Without a scheme https is meant. Query, fragment and a pasted /wp-admin or /wp-json path are cut off.

    Raises:   ValueError with a sentence for people.
    """
    typed = text.strip()
    if "://" not in typed:
        typed = f"https://{typed}"
    try:
        url = httpx.URL(typed)
        host = url.raw_host.decode("ascii").removesuffix(".")
    except (httpx.InvalidURL, ValueError, TypeError):
        raise ValueError(_NO_ADDRESS) from None
    if url.scheme not in ("http", "https"):
        raise ValueError("A store's address begins with https:// or http://")
    if url.userinfo:
        raise ValueError("A store's address holds no user name and no password")
    if not (":" in host or _HOST.fullmatch(host)) or len(typed) > 2000 or (url.port or 0) > 65535:
        raise ValueError(_NO_ADDRESS)
    shown = f"[{host}]" if ":" in host else host
    port = f":{url.port}" if url.port and (url.scheme, url.port) not in _USUAL else ""
    path = _TAIL.sub("", url.raw_path.decode("ascii").split("?")[0]).rstrip("/")
    return f"{url.scheme}://{shown}{port}{path}"


def same_store(left: str, right: str) -> bool:
    """Say whether two addresses differ in nothing but scheme, a leading "www." and a trailing slash."""
    return _identity(left) == _identity(right)


def moved_to(base: str, location: str) -> str | None:
    """Return the new base address when a redirect keeps the store: same host apart from "www.", and https.

    Args:     base: the store's address. location: absolute target of a redirect of `<base>/wp-json/...`.
    """
    target = location.split("?")[0].split("#")[0]
    marker = target.find("/wp-json")
    if marker < 0:
        return None
    found = target[:marker].rstrip("/")
    if not found.startswith("https://") or "@" in found or found == base:
        return None
    return found if _bare_host(found) == _bare_host(base) else None


def _identity(url: str) -> tuple[str, int, str]:
    parts = urlsplit(url)
    port = _port(url)
    return _bare_host(url), 443 if port == 80 else port, parts.path.rstrip("/")


def _bare_host(url: str) -> str:
    return (urlsplit(url).hostname or "").removesuffix(".").removeprefix("www.")


def _port(url: str) -> int:
    parts = urlsplit(url)
    try:
        return parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return 0
