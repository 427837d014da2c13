"""OAuth 1.0a for stores without TLS: HMAC-SHA256 over the request, so that the secret itself never travels.

Source:   RFC 5849 §3.4; WooCommerce reads the parameters from the query string and encodes names and values twice.
"""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Generator
from urllib.parse import parse_qsl, quote

import httpx

SAFE = "-._~"


def encoded(text: str) -> str:
    """Percent-encode as RFC 3986 says: all but letters, digits and `-._~`."""
    return quote(text, safe=SAFE)


def signature(method: str, url: str, parameters: list[tuple[str, str]], secret: str) -> str:
    """Sign a request.

    Args:     url: without its query. parameters: all of the query and of OAuth, not encoded, without the signature.
    Returns:  Base64 of the HMAC-SHA256.
    """
    pairs = sorted((encoded(name), encoded(value)) for name, value in parameters)
    joined = "%26".join(f"{encoded(name)}%3D{encoded(value)}" for name, value in pairs)
    base = f"{method.upper()}&{encoded(url)}&{joined}"
    digest = hmac.new(f"{secret}&".encode(), base.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def signed_query(
    method: str, url: str, parameters: list[tuple[str, str]], key: str, secret: str, *, nonce: str, timestamp: int
) -> str:
    """Return the query string, encoded, with the OAuth parameters and the signature at its end."""
    everything = [
        *parameters,
        ("oauth_consumer_key", key),
        ("oauth_timestamp", str(timestamp)),
        ("oauth_nonce", nonce),
        ("oauth_signature_method", "HMAC-SHA256"),
    ]
    everything.append(("oauth_signature", signature(method, url, everything, secret)))
    return "&".join(f"{encoded(name)}={encoded(value)}" for name, value in everything)


class OAuth1(httpx.Auth):
    """Signs each attempt anew: WooCommerce refuses a nonce that it has seen and a timestamp 15 minutes off."""

    def __init__(self, key: str, secret: str, *, clock: Callable[[], float] = time.time) -> None:
        self._key, self._secret, self._clock = key, secret, clock

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Replace the query by the signed one."""
        url = str(request.url.copy_with(query=None, fragment=None))
        parameters = parse_qsl(request.url.query.decode("ascii"), keep_blank_values=True)
        query = signed_query(
            request.method,
            url,
            parameters,
            self._key,
            self._secret,
            nonce=secrets.token_hex(16),
            timestamp=int(self._clock()),
        )
        request.url = request.url.copy_with(query=query.encode("ascii"))
        yield request


class QueryKeys(httpx.Auth):
    """Sends the keys in the query: for stores on https whose server strips the Authorization header, and only there."""

    def __init__(self, key: str, secret: str) -> None:
        self._key, self._secret = key, secret

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the keys behind the other parameters."""
        if request.url.scheme != "https":
            raise ValueError("keys are never sent in the query without https")
        keys = f"consumer_key={encoded(self._key)}&consumer_secret={encoded(self._secret)}"
        query = "&".join(part for part in (request.url.query.decode("ascii"), keys) if part)
        request.url = request.url.copy_with(query=query.encode("ascii"))
        yield request
