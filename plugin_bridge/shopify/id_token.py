"""ID tokens of the embedded page (once "session tokens"): who looks at which shop, signed with the app's secret."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import jwt

from backend.ports.shopify_app import IdToken, NotGenuine
from plugin_bridge.shopify.shop_domain import exact_shop

LEEWAY_S = 10
"""How far clocks may be apart, seconds: what Shopify's libraries allow."""
_LONGEST = 8_192
# Node's library skips white space inside: then there would be many texts for one token.
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_TEXTS = ("iss", "dest", "aud", "sub", "jti", "sid")
_TIMES = ("exp", "nbf", "iat")
_LATEST = 253_402_300_799.0
"""The last second that a datetime can say, year 9999."""
# Signature and algorithm are the library's part. Times are ours: it knows no other now than the machine's, and takes a
# token without an end for an endless one.
_OPTIONS: Any = {f"verify_{name}": False for name in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}


def read_id_token(token: str, *, client_id: str, secrets: Iterable[str], now: datetime) -> IdToken:
    """Verify a token and return what it says.

    Args:     secrets: the app's, newest first; empty ones are left out. now: aware.
    Raises:   NotGenuine `malformed`, `signature`, `expired` (too old or too new), `audience`, `issuer`; the text tells
              nothing of the token.
    """
    claims = _signed(token, [secret for secret in secrets if secret])
    _complete(claims)
    _timely(claims, now.timestamp())
    if not client_id or claims["aud"] != client_id:
        raise NotGenuine("audience", "The ID token was made for another app")
    return IdToken(
        shop=_shop(claims),
        user_id=claims["sub"],
        session_id=claims["sid"],
        issued_at=datetime.fromtimestamp(claims["iat"], UTC),
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
    )


def _signed(token: str, secrets: list[str]) -> Mapping[str, Any]:
    if not secrets:
        raise NotGenuine("signature", "This server has no secret to check ID tokens with")
    if len(token) > _LONGEST or not _COMPACT.fullmatch(token):
        raise _malformed()
    problem = _malformed()
    for secret in secrets:
        try:
            claims: Mapping[str, Any] = jwt.decode(token, secret, algorithms=["HS256"], options=_OPTIONS)
        except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError):
            problem = NotGenuine("signature", "The ID token is not signed with this app's secret")
        except (jwt.PyJWTError, ValueError, RecursionError):
            problem = _malformed()
        else:
            return claims
    # Raised out here, so that the library's error, which may quote the token, is not its context.
    raise problem


def _malformed() -> NotGenuine:
    return NotGenuine("malformed", "The ID token is not one of Shopify's")


def _complete(claims: Mapping[str, Any]) -> None:
    texts = all(isinstance(claims.get(name), str) and claims[name] for name in _TEXTS)
    if not texts or not all(_is_time(claims.get(name)) for name in _TIMES):
        raise _malformed()


def _is_time(value: object) -> bool:
    # JSON as Python reads it knows NaN, which is neither before nor after anything, and true counts as 1.
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LATEST


def _timely(claims: Mapping[str, Any], now: float) -> None:
    if claims["exp"] <= now - LEEWAY_S:
        raise NotGenuine("expired", "The ID token is too old")
    if max(claims["nbf"], claims["iat"]) > now + LEEWAY_S:
        raise NotGenuine("expired", "The ID token is not valid yet: the clock of this server may be slow")


def _shop(claims: Mapping[str, Any]) -> str:
    issuer, destination = _host(claims["iss"]), _host(claims["dest"])
    if issuer is None or issuer != destination:
        raise NotGenuine("issuer", "The ID token does not come from one shop")
    return issuer


def _host(address: str) -> str | None:
    """Return the shop of `https://shop` or `https://shop/admin`; no port, no user, nothing else."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    # urlsplit drops line ends inside, so the whole must still be what was given.
    if parts.scheme != "https" or parts.geturl() != address or parts.query or parts.fragment:
        return None
    return exact_shop(parts.netloc)
