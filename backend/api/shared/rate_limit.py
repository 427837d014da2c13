"""Applying the limiter: a refused hit is a 429 with Retry-After in whole seconds (decision G3)."""

from backend.kit.errors import DomainError, ErrorKind
from backend.ports.rate_limiter import RateLimiter, Window


def too_many(retry_after_s: float) -> DomainError:
    """Build the refusal of a caller who must wait."""
    return DomainError(
        ErrorKind.RATE_LIMITED, "RATE_LIMITED", "Too many requests; wait and try again", retry_after_s=retry_after_s
    )


async def count(limiter: RateLimiter, windows: tuple[Window, ...]) -> None:
    """Count one request in all windows, or raise `too_many`."""
    if not windows:
        return
    verdict = await limiter.hit(windows)
    if not verdict.allowed:
        raise too_many(verdict.reset_s)
