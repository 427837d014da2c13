"""OAuth 1.0a signatures, checked over plain HTTP the way WooCommerce checks them (one leg, no token)."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote

WINDOW_S = 900
"""How far a timestamp may be off in either direction, seconds."""

PARAMETERS = (
    "oauth_consumer_key",
    "oauth_timestamp",
    "oauth_nonce",
    "oauth_signature",
    "oauth_signature_method",
)


def signature(method: str, url: str, params: Mapping[str, str], secret: str, algorithm: str = "sha256") -> str:
    """Return the base64 signature of a request.

    Args:     url: scheme, host and path as the store itself spells its home, percent codes as they came.
              params: decoded query parameters without `oauth_signature`; arrays as `name[0]`.
    """
    pairs = sorted((_code(name), _code(value)) for name, value in params.items())
    normalized = "%26".join(f"{_code(name)}%3D{_code(value)}" for name, value in pairs)
    text = f"{method.upper()}&{_code(url)}&{normalized}"
    digest = hmac.new(f"{secret}&".encode(), text.encode(), getattr(hashlib, algorithm)).digest()
    return base64.b64encode(digest).decode()


def _code(text: str) -> str:
    return quote(text, safe="-._~")


class Nonces:
    """Remembers which nonces a key used inside the window; each counts once."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], float] = {}

    def use(self, consumer_key: str, nonce: str, timestamp: float, now: float) -> bool:
        """Return False when this key used the nonce before and the window has not passed since."""
        if len(self._seen) > 10_000:
            self._seen = {pair: at for pair, at in self._seen.items() if at >= now - WINDOW_S}
        if self._seen.get((consumer_key, nonce), -1.0) >= now - WINDOW_S:
            return False
        self._seen[consumer_key, nonce] = timestamp
        return True
