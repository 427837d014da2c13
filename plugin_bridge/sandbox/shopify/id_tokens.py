"""ID tokens as the admin signs them for its embedded apps: JWTs under HS256 with the app's secret."""

import base64
import binascii
import hashlib
import hmac
from typing import Any

import msgspec

LIFETIME_S = 60
LEEWAY_S = 10


class TokenRefused(Exception):
    """The ID token is not one of this shop and app; the message says why."""


def sign(claims: dict[str, Any], secret: str) -> str:
    """Return a compact JWT over the claims."""
    body = b".".join(_pack(msgspec.json.encode(part)) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return (body + b"." + _pack(_mac(body, secret))).decode()


def verify(token: str, *, secret: str, client_id: str, domain: str, now: float) -> dict[str, Any]:
    """Return the claims of a token that this shop's admin gave to this app.

    Raises:   TokenRefused.
    """
    claims = _claims(token, secret)
    if claims.get("aud") != client_id:
        raise TokenRefused("the audience is another app")
    if claims.get("dest") != f"https://{domain}" or claims.get("iss") != f"https://{domain}/admin":
        raise TokenRefused("the token is of another shop")
    exp, nbf = claims.get("exp"), claims.get("nbf")
    if not isinstance(exp, int) or exp + LEEWAY_S < now:
        raise TokenRefused("the token has expired")
    if isinstance(nbf, int) and nbf - LEEWAY_S > now:
        raise TokenRefused("the token is not valid yet")
    return claims


def _claims(token: str, secret: str) -> dict[str, Any]:
    parts = token.encode().split(b".")
    if len(parts) != 3:
        raise TokenRefused("this is no token")
    head, body, signature = parts
    try:
        header, claims = (msgspec.json.decode(_unpack(part)) for part in (head, body))
        given = _unpack(signature)
    except (msgspec.DecodeError, binascii.Error, UnicodeDecodeError):
        raise TokenRefused("this is no token") from None
    if not isinstance(header, dict) or not isinstance(claims, dict) or header.get("alg") != "HS256":
        raise TokenRefused("the token is signed in another way")
    if not hmac.compare_digest(given, _mac(head + b"." + body, secret)):
        raise TokenRefused("the signature is wrong")
    return claims


def _mac(body: bytes, secret: str) -> bytes:
    return hmac.new(secret.encode(), body, hashlib.sha256).digest()


def _pack(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _unpack(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
