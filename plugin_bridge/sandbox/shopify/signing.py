"""The signatures Shopify puts on what it sends: hex on queries, base64 on webhooks."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote


def sign_query(params: Mapping[str, str], secret: str) -> str:
    """Return the `hmac` of a query: over the sorted, URL-encoded pairs."""
    pairs = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(params.items()))
    return hmac.new(secret.encode(), pairs.encode(), hashlib.sha256).hexdigest()


def sign_body(body: bytes, secret: str) -> str:
    """Return the value of `X-Shopify-Hmac-SHA256` for a raw body."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def host_param(key: str) -> str:
    """Return the `host` of a shop's admin: base64 without padding."""
    return base64.b64encode(f"admin.shopify.com/store/{key}".encode()).decode().rstrip("=")
