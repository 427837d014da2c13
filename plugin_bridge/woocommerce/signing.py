"""OAuth 1.0a for stores without TLS: HMAC-SHA256 over the request, so that the secret itself never travels.

Source:   RFC 5849 §3.4; WooCommerce reads the parameters from the query string and encodes names and values twice.
"""

import base64
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import quote

import httpx

Pairs = list[tuple[str, str]]
"""Names and values of a query, not encoded."""
SAFE = "-._~"
_unreserved = re.compile(r"[A-Za-z0-9._~-]*").fullmatch


def encoded(text: str) -> str:
    """Percent-encode as RFC 3986 says: all but letters, digits and `-._~`."""
    return text if _unreserved(text) else _quoted(text)


@lru_cache(maxsize=1024)
def _quoted(text: str) -> str:
    # The same few lists of fields are asked for page after page.
    return quote(text, safe=SAFE)


def signature(method: str, url: str, parameters: Pairs, secret: str) -> str:
    """Sign a request.

    Args:     url: without its query. parameters: all of the query and of OAuth, not encoded, without the signature.
    Returns:  Base64 of the HMAC-SHA256.
    """
    pairs = sorted((encoded(name), encoded(value)) for name, value in parameters)
    joined = "%26".join(f"{encoded(name)}%3D{encoded(value)}" for name, value in pairs)
    base = f"{method.upper()}&{encoded(url)}&{joined}"
    digest = hmac.new(f"{secret}&".encode(), base.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def plain_query(parameters: Pairs) -> str:
    """Return the query string, encoded."""
    return "&".join([f"{encoded(name)}={encoded(value)}" for name, value in parameters])


def signed_query(method: str, url: str, parameters: Pairs, key: str, secret: str, *, nonce: str, timestamp: int) -> str:
    """Return the query string, encoded, with the OAuth parameters and the signature at its end."""
    everything = [
        *parameters,
        ("oauth_consumer_key", key),
        ("oauth_timestamp", str(timestamp)),
        ("oauth_nonce", nonce),
        ("oauth_signature_method", "HMAC-SHA256"),
    ]
    everything.append(("oauth_signature", signature(method, url, everything, secret)))
    return plain_query(everything)


class BasicKeys:
    """Sends the keys in the Authorization header: the usual way over https."""

    def __init__(self, key: str, secret: str) -> None:
        self.header: httpx.Auth | None = httpx.BasicAuth(key, secret)

    def query(self, method: str, url: str, parameters: Pairs) -> str:
        """Return the plain query."""
        return plain_query(parameters)


class OAuth1:
    """Signs each attempt anew: WooCommerce refuses a nonce that it has seen and a timestamp 15 minutes off."""

    header: httpx.Auth | None = None

    def __init__(self, key: str, secret: str, *, clock: Callable[[], float] = time.time) -> None:
        self._key, self._secret, self._clock = key, secret, clock

    def query(self, method: str, url: str, parameters: Pairs) -> str:
        """Return the signed query of one attempt."""
        return signed_query(
            method,
            url,
            parameters,
            self._key,
            self._secret,
            nonce=secrets.token_hex(16),
            timestamp=int(self._clock()),
        )


class QueryKeys:
    """Sends the keys in the query: for stores on https whose server strips the Authorization header, and only there."""

    header: httpx.Auth | None = None

    def __init__(self, key: str, secret: str) -> None:
        self._key, self._secret = key, secret

    def query(self, method: str, url: str, parameters: Pairs) -> str:
        """Return the query with the keys at its end."""
        if not url.startswith("https://"):
            raise ValueError("keys are never sent in the query without https")
        return plain_query([*parameters, ("consumer_key", self._key), ("consumer_secret", self._secret)])


Signing = BasicKeys | OAuth1 | QueryKeys
