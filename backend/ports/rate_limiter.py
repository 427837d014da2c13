"""Counting requests exactly, across processes."""

from typing import Protocol

import msgspec


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """At most *limit* hits of *key* in each span of *period_s*, spans aligned to the UTC clock."""

    key: str
    limit: int
    period_s: int


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the limiter says of one request."""

    allowed: bool
    window: Window
    """The tightest one, or the one that blocks."""
    remaining: int
    reset_s: float
    """Seconds until that window's end."""
    degraded: bool = False
    """True when the counter could not be asked and the setting decided."""

    @property
    def limit(self) -> int:
        """Return the limit of that window."""
        return self.window.limit


class RateLimiter(Protocol):
    """One atomic step over all windows: either every one counts the hit, or none does."""

    async def hit(self, windows: tuple[Window, ...], cost: int = 1) -> Verdict:
        """Count one request."""
        ...
