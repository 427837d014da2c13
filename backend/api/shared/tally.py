"""What is known of one request while it is answered: who sent it, from where, and what the limiter said."""

import time
from collections.abc import MutableMapping
from typing import Any

from litestar.connection import ASGIConnection

from backend.api.shared.client_ip import Address, address_of, bucket
from backend.api.shared.rate_limit import check
from backend.ports.actor import Actor
from backend.ports.rate_limiter import RateLimiter, Verdict, Window
from backend.settings import Web

FAILED_AUTHENTICATION_PER_MINUTE = 300
_PLACE = "storeloom.tally"

Connection = ASGIConnection[Any, Any, Any, Any]


class Tally:
    """The tally of one request; it lies in the request's scope from the gate to the answer."""

    __slots__ = ("address", "bucket", "caller", "started_s", "verdict", "windows")

    def __init__(self, address: Address | None) -> None:
        self.started_s = time.perf_counter()
        self.address = address
        self.bucket = bucket(address)
        self.caller: Actor | None = None
        """Also one that was refused after it was known."""
        self.windows: tuple[Window, ...] = ()
        """In which the request was counted, or was to be."""
        self.verdict: Verdict | None = None

    @property
    def failures(self) -> tuple[Window, ...]:
        """Return where requests are counted that nobody known sent."""
        key = f"auth-failed:{self.bucket}"
        return (Window(key=key, limit=FAILED_AUTHENTICATION_PER_MINUTE, period_s=60),)

    async def count(self, limiter: RateLimiter, windows: tuple[Window, ...]) -> None:
        """Count the request and keep what the limiter says; raise as `rate_limit.check`."""
        self.windows = windows
        if windows:
            self.verdict = await limiter.hit(windows)
            check(self.verdict)


def open_tally(connection: Connection, web: Web) -> Tally:
    """Return a new tally of a request, laid into its scope."""
    tally = Tally(address_of(connection, web.trusted_proxies))
    _places(connection)[_PLACE] = tally
    return tally


def tally_in(scope: Any) -> Tally | None:
    """Return the tally of a request, when there is one."""
    found: Tally | None = scope.get(_PLACE)
    return found


def _places(connection: Connection) -> MutableMapping[str, Any]:
    return connection.scope  # type: ignore[return-value]
