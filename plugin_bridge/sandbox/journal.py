"""What a store was asked and what it accepted, the latest 100,000 of each."""

from collections import deque
from datetime import UTC, datetime
from typing import Any

import msgspec

KEPT = 100_000
_SECRET_KEYS = frozenset(
    {
        *("secret", "consumer_secret", "password", "client_secret", "access_token", "refresh_token"),
        *("subject_token", "id_token", "code"),
    }
)
_AUTHENTICATING = frozenset({"consumer_key", "consumer_secret", "hmac", "id_token", "code", "state"})


class Asked(msgspec.Struct, frozen=True, gc=False):
    """One platform request; status 0: it was left without an answer."""

    at: str
    method: str
    path: str
    status: int
    query: str = ""
    """Without anything that authenticates."""


class Write(msgspec.Struct, frozen=True):
    """One accepted write with its body; secrets in it are masked."""

    at: str
    method: str
    path: str
    body: Any


class Journal:
    """Both logs of one store."""

    def __init__(self) -> None:
        self.requests: deque[Asked] = deque(maxlen=KEPT)
        self.writes: deque[Write] = deque(maxlen=KEPT)

    def asked(self, now: float, method: str, path: str, status: int, pairs: list[tuple[str, str]]) -> None:
        """Note a request."""
        query = "&".join(f"{name}={value}" for name, value in pairs if not _authenticates(name))
        self.requests.append(Asked(_stamp(now), method, path, status, query))

    def wrote(self, now: float, method: str, path: str, body: Any) -> None:
        """Note a write that was accepted."""
        self.writes.append(Write(_stamp(now), method, path, masked(body)))


def masked(body: Any) -> Any:
    """Return the body with secrets replaced by stars."""
    if isinstance(body, dict):
        return {name: "***" if name in _SECRET_KEYS else masked(value) for name, value in body.items()}
    return [masked(value) for value in body] if isinstance(body, list) else body


def _authenticates(name: str) -> bool:
    return name.startswith("oauth_") or name in _AUTHENTICATING


def _stamp(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
