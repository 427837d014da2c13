"""Writes that carry a key are done once: the same key brings the first result again."""

import hashlib
from typing import Any

import msgspec

KEPT = 10_000
KEPT_S = 86_400.0


class Done(msgspec.Struct):
    """A finished write: what was asked, what came of it, when."""

    asked: str
    result: Any
    at: float


class Idempotency:
    """The latest keyed writes of one shop."""

    def __init__(self) -> None:
        self.done: dict[str, Done] = {}

    def earlier(self, name: str, key: str, arguments: Any, now: float) -> tuple[Any, bool] | None:
        """Return the first result of a key and whether the arguments are the same; None for a new key."""
        found = self.done.get(f"{name}:{key}")
        if found is None or now - found.at > KEPT_S:
            return None
        return found.result, found.asked == _fingerprint(arguments)

    def remember(self, name: str, key: str, arguments: Any, result: Any, now: float) -> None:
        """Keep the result of a key."""
        while len(self.done) >= KEPT:
            del self.done[next(iter(self.done))]
        self.done[f"{name}:{key}"] = Done(_fingerprint(arguments), result, now)


def _fingerprint(arguments: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(arguments, order="sorted")).hexdigest()
