"""Applying the limiter: a refused hit is a 429 with Retry-After in whole seconds (decision G3)."""

from litestar.exceptions import ServiceUnavailableException

from backend.kit.errors import DomainError, ErrorKind
from backend.ports.rate_limiter import Verdict, Window
from backend.settings import Web


def too_many(retry_after_s: float) -> DomainError:
    """Build the refusal of a caller who must wait."""
    return DomainError(
        ErrorKind.RATE_LIMITED, "RATE_LIMITED", "Too many requests; wait and try again", retry_after_s=retry_after_s
    )


def public_windows(web: Web, address: str) -> tuple[Window, ...]:
    """Return the limit of everything public but feeds together, for one address (contract row S2S-03)."""
    return (Window(key=f"plugin-public:{address}", limit=web.public_per_minute, period_s=60),)


def check(verdict: Verdict) -> None:
    """Let a counted request through.

    Raises:   `too_many`; a 503 when the counter cannot be asked and the setting says to refuse then.
    """
    if verdict.allowed:
        return
    if verdict.degraded:
        raise ServiceUnavailableException(headers={"Retry-After": "5"})
    raise too_many(verdict.reset_s)
