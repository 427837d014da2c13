"""Which addresses can be tracked, in which spelling, and which of them show the price of one product: pure."""

import re
from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

import msgspec

from backend.kit.errors import DomainError, invalid

MOST_URL = 2_000
"""Characters."""
BARE_DOMAIN, CATEGORY_PAGE = "bare_domain", "category_page"
_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
)
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_BLANK = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff\\]")
_KEPT = "/:@!$&'()*+,;=~-._%"
_FRONT = frozenset({"index.html", "index.htm", "index.php", "default.aspx", "home"})
_ONE_PRODUCT = frozenset({"product", "products", "dp", "itm", "item", "p", "ip", "prd", "pd", "sku"})
"""Parts of a path behind which one product stands."""
_MANY = frozenset({"category", "categories", "product-category", "collections", "c", "search", "catalogsearch", "sch"})
"""Parts of a path behind which a list stands."""
_ENDS = frozenset({"b", "s", "shop", "store", "products", "brands", "sale", "new", "offers", "deals"})
"""Last parts of a path that are a list by themselves."""
_ASKED = frozenset({"q", "query", "search", "keyword", "keywords", "k", "_nkw"})
"""Parameters of a search."""
_CAMPAIGN = ("utm_", "gclid", "fbclid")
"""Parameters that say where a visitor came from, not what is shown."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """An address as it is kept."""

    url: str
    """One spelling: host in lower case, no default port, no fragment."""
    host: str
    """Lower case, without "www."; what a competitor is known by."""
    untracked_reason: str | None = None
    """Why it is never read: `bare_domain` or `category_page`; None: it is."""


def page_of(text: str) -> Page:
    """Return the page that an address names.

    Raises:   invalid URL_INVALID: no http or https address of a host.
    """
    told = text.strip()
    if not told or len(told) > MOST_URL or _BLANK.search(told):
        raise _refused(f"an address without blanks of at most {MOST_URL} characters")
    try:
        parts = urlsplit(told)
        port = parts.port
    except ValueError:
        raise _refused("this is not a web address") from None
    if parts.scheme not in _PORTS:
        raise _refused("must begin with https:// or http://")
    if "@" in parts.netloc:
        raise _refused("must not hold a user name or password")
    host = _host(parts.hostname or "")
    if port is not None and not 0 < port < 65536:
        raise _refused("has an impossible port")
    shown = f"[{host}]" if ":" in host else host
    where = shown if port in (None, _PORTS[parts.scheme]) else f"{shown}:{port}"
    path, query = quote(parts.path, safe=_KEPT) or "/", quote(parts.query, safe=_KEPT + "?")
    url = f"{parts.scheme}://{where}{path}{'?' + query if query else ''}"
    return Page(url=url, host=host.removeprefix("www."), untracked_reason=_reason(parts))


def host_of(url: str) -> str | None:
    """Return the host of an address as `Page.host` spells it; None when it has none."""
    try:
        return page_of(url).host
    except DomainError:
        return None


def _refused(what: str) -> DomainError:
    return invalid("URL_INVALID", f"url: {what}", field="url")


def _host(told: str) -> str:
    host = told.lower().removesuffix(".")
    if ":" in host:
        return _six(host)
    if not host.isascii():
        host = _ascii(host)
    if not _NAME.fullmatch(host):
        raise _refused("has no readable host name")
    # Resolvers read 2130706433, 0x7f000001 and 127.1 as addresses: only a plain dotted quad is clear.
    if _NUMBER.fullmatch(host.rsplit(".", 1)[-1]):
        try:
            return str(ip_address(host))
        except ValueError:
            raise _refused("write the IP address as four plain numbers") from None
    return host


def _six(host: str) -> str:
    try:
        return str(IPv6Address(host))
    except ValueError:
        raise _refused("has no readable host name") from None


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise _refused("has no readable host name") from None


def _reason(parts: SplitResult) -> str | None:
    steps = [step.lower() for step in parts.path.split("/") if step]
    told = {key.lower() for key, _ in parse_qsl(parts.query, keep_blank_values=True)}
    asked = {key for key in told if not key.startswith(_CAMPAIGN)}
    if not steps or (len(steps) == 1 and steps[0] in _FRONT):
        # Some shops show everything by parameters of their front page.
        return BARE_DOMAIN if not asked else (CATEGORY_PAGE if asked & _ASKED else None)
    return CATEGORY_PAGE if _is_list(steps, asked) else None


def _is_list(steps: list[str], asked: set[str]) -> bool:
    if any(step in _ONE_PRODUCT for step in steps[:-1]):
        return False
    return steps[-1] in _ENDS or any(step in _MANY for step in steps) or bool(asked & _ASKED)
