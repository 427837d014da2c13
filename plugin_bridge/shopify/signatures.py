"""Shopify's two signatures: of a query, in hexadecimal, and of a webhook's raw body, in base64.

Each is tried with every secret, because for a while after a change Shopify signs with the old one. Comparisons take the
same time wherever the first difference is.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from urllib.parse import quote

Pairs = Sequence[tuple[str, str]]
_HEX_DIGITS = 64
_BASE64_CHARACTERS = 44


def query_is_genuine(pairs: Pairs, secrets: Iterable[str]) -> bool:
    """Tell whether the one `hmac` among decoded pairs signs all the others.

    Documents and libraries disagree about values with special characters: Shopify's newer libraries sign them encoded
    as in the URL, ShopifyAPI decoded. For all that Shopify sends today both are the same text; either will do.
    """
    given = [value for name, value in pairs if name == "hmac"]
    if len(given) != 1 or not _readable(pairs):
        return False
    others = [(name, value) for name, value in pairs if name != "hmac"]
    signed = [text for text in (_as_in_url(others), _as_shopify_api(others)) if text is not None]
    return any(_equal(_hexadecimal(secret, text), given[0]) for secret in _usable(secrets) for text in signed)


def webhook_is_genuine(body: bytes, given: str, secrets: Iterable[str]) -> bool:
    """Tell whether the header's base64 is the signature of exactly these bytes."""
    if len(given) != _BASE64_CHARACTERS:
        return False
    return any(_equal(sign_webhook(body, secret), given) for secret in _usable(secrets))


def sign_webhook(body: bytes, secret: str) -> str:
    """Return the signature of a body, base64."""
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def _usable(secrets: Iterable[str]) -> list[str]:
    # Anybody can sign with an empty secret.
    return [secret for secret in secrets if secret]


def _readable(pairs: Pairs) -> bool:
    """Tell whether the text can be bytes at all: half a surrogate pair cannot, and no browser sends one."""
    try:
        "".join(name + value for name, value in pairs).encode()
    except UnicodeEncodeError:
        return False
    return True


def _equal(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def _hexadecimal(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def _as_in_url(pairs: Pairs) -> str:
    """Sort by name and encode, without the `signature` of days gone by."""
    chosen = sorted(((name, value) for name, value in pairs if name != "signature"), key=lambda pair: pair[0])
    return "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in chosen)


def _encoded(text: str) -> str:
    # As browsers encode forms, except that a space is %20.
    return quote(text, safe="*").replace("~", "%7E")


def _as_shopify_api(pairs: Pairs) -> str | None:
    """Escape delimiters only and sort the whole pairs; None with lists, which no text says unambiguously."""
    if any(name.endswith("[]") for name, _ in pairs):
        return None
    return "&".join(sorted(f"{_escaped(name).replace('=', '%3D')}={_escaped(value)}" for name, value in pairs))


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("&", "%26")
