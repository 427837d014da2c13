"""Sign as Shopify does, apart from our own code: callbacks, ID tokens, webhooks."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

CLIENT_ID = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
SECRET = "shpss_0123456789abcdef0123456789abcdef"
OLD_SECRET = "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"
SHOP = "quiet-cups.myshopify.com"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def signed_query(over: dict[str, str | None] | None = None, secret: str = SECRET) -> list[tuple[str, str]]:
    """Make a callback's query, with *over* put into (None: taken out of) what is signed."""
    values: dict[str, str | None] = {
        "code": "0907a61c0c8d55e99db179b68161bc00",
        "host": "YWRtaW4uc2hvcGlmeS5jb20vc3RvcmUvcXVpZXQtY3Vwcw",
        "shop": SHOP,
        "state": "5f" * 16,
        "timestamp": str(int(NOW.timestamp())),
        **(over or {}),
    }
    kept = {name: value for name, value in values.items() if value is not None}
    return [*kept.items(), ("hmac", query_hmac(kept, secret))]


def query_hmac(values: dict[str, str], secret: str = SECRET) -> str:
    """Return the signature of a query, of its text as in a form, with `%20` for spaces."""
    text = urlencode(sorted(values.items())).replace("+", "%20").replace("~", "%7E").replace("%2A", "*")
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def claims(over: dict[str, Any] | None = None, now: datetime = NOW) -> dict[str, Any]:
    """Make the claims of an ID token, with *over* put in; a value of Ellipsis takes a claim out."""
    second = int(now.timestamp())
    values = {
        "iss": f"https://{SHOP}/admin",
        "dest": f"https://{SHOP}",
        "aud": CLIENT_ID,
        "sub": "42",
        "exp": second + 60,
        "nbf": second,
        "iat": second,
        "jti": "f8912129-1af6-4cad-9ca3-76b0f7621087",
        "sid": "aaea182f2732d44c23057c0fea584021a4485b2bd25d3eb7fd349313ad24c685",
        **(over or {}),
    }
    return {name: value for name, value in values.items() if value is not ...}


def id_token(said: dict[str, Any] | None = None, secret: str = SECRET, header: dict[str, Any] | None = None) -> str:
    """Sign claims as they are; *header* replaces the usual one, the signature stays HMAC-SHA256."""
    body = json.dumps(claims() if said is None else said)
    first = json.dumps({"alg": "HS256", "typ": "JWT"} if header is None else header)
    text = f"{_base64url(first.encode())}.{_base64url(body.encode())}"
    return f"{text}.{_base64url(hmac.digest(secret.encode(), text.encode(), 'sha256'))}"


def webhook_headers(body: bytes, secret: str = SECRET, prefix: str = "x-shopify-", **over: str) -> dict[str, str]:
    """Make a delivery's headers; *over* names them without the prefix, `_` for `-`."""
    values = {
        "hmac-sha256": base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode(),
        "topic": "products/update",
        "shop-domain": SHOP,
        "api-version": "2026-10",
        "webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
        "event-id": "98880550-7158-44d4-b7cd-2c97c8a091b5",
        "triggered-at": "2026-11-24T11:59:58.877041743Z",
        **{name.replace("_", "-"): value for name, value in over.items()},
    }
    return {prefix + name: value for name, value in values.items()}


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
