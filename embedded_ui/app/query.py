"""What the address of a page says: shop, host and ID token. Pure; nothing of it is believed before it is checked."""

import base64
import binascii
import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

from embedded_ui.app.framing import checked_shop

ID_TOKEN = "id_token"
_NAME = r"[a-z0-9][a-z0-9-]{0,59}"
_HOST = re.compile(rf"admin\.shopify\.com/store/{_NAME}|{_NAME}\.myshopify\.com/admin")
_MOST_HOST = 200

Pairs = Sequence[tuple[str, str]]


def pairs(query_string: bytes) -> Pairs:
    """Return the parameters of a query in their order; bytes that are no UTF-8 become question marks."""
    return parse_qsl(query_string.decode("ascii", "replace"), keep_blank_values=True, errors="replace")


def only(query: Pairs, name: str) -> str:
    """Return a parameter that is there exactly once; "" otherwise: of two, who knows which one the other side means."""
    found = [value for key, value in query if key == name]
    return found[0] if len(found) == 1 else ""


def shop_of(query: Pairs) -> str | None:
    """Return the shop that an address names, checked for its form alone."""
    return checked_shop(only(query, "shop"))


def host_of(query: Pairs) -> str:
    """Return the `host` that App Bridge needs, as it came, if it names a Shopify admin; "" otherwise."""
    host = only(query, "host")
    if len(host) > _MOST_HOST:
        return ""
    try:
        decoded = base64.b64decode(host + "=" * (-len(host) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return ""
    return host if _HOST.fullmatch(decoded) else ""


def carried(shop: str, query: Pairs) -> str:
    """Return the query that links of a page carry, so that a page without a token knows whom to ask for one."""
    host = host_of(query)
    return urlencode({"shop": shop, **({"host": host} if host else {})})
