"""Secrets at rest: sealed with MultiFernet, newest key first, so that keys can be rotated without downtime."""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class UnsealError(Exception):
    """None of the configured keys opens this value; the message never holds the value."""


class Sealer:
    """Seals and opens short secrets (AES-128-CBC + HMAC-SHA256, Fernet) under a list of keys, newest first.

    Args:     keys: operator texts of at least 16 characters, newest first; SHA-256 makes a Fernet key of each.
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        if not keys or any(len(key) < 16 for key in keys):
            raise ValueError("STORELOOM_SECRET_KEYS must hold one or more keys of at least 16 characters")
        self._fernet = MultiFernet([Fernet(_fernet_key(key)) for key in keys])
        self.key_id = hashlib.sha256(b"storeloom-key-id" + keys[0].encode()).hexdigest()[:12]

    def seal(self, secret: bytes) -> bytes:
        """Return *secret* sealed under the newest key."""
        return self._fernet.encrypt(secret)

    def open(self, sealed: bytes) -> bytes:
        """Return the secret inside; raise UnsealError when no key fits or the value was altered."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise UnsealError("a stored secret cannot be opened with the configured STORELOOM_SECRET_KEYS") from None

    def reseal(self, sealed: bytes) -> bytes:
        """Return the same secret sealed under the newest key; raise UnsealError as `open` does."""
        return self.seal(self.open(sealed))


def _fernet_key(text: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(b"storeloom-sealer" + text.encode()).digest())


def token_hash(token: str) -> bytes:
    """Return the SHA-256 of a random token (>= 128 bits), which is all that is stored of it."""
    return hashlib.sha256(token.encode()).digest()


def same(left: str | bytes, right: str | bytes) -> bool:
    """Compare two secrets in constant time."""
    a = left.encode() if isinstance(left, str) else left
    b = right.encode() if isinstance(right, str) else right
    return hmac.compare_digest(a, b)
