"""How many requests are left, on every answer of the surfaces that promise it (decision G3)."""

import math
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from litestar.connection import ASGIConnection
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from backend.api.shared.dispatcher import surface_of
from backend.api.shared.gate import known_caller
from backend.api.shared.surface import Surface
from backend.api.shared.tally import Tally, open_tally, tally_in
from backend.kit.clock import iso_z
from backend.ports.rate_limiter import RateLimiter, Verdict, Window
from backend.settings import Web

Header = tuple[bytes, bytes]
NoteAnswer = Callable[[Tally, Any, int], None]
"""Told the tally, the scope and the status of each answer under these surfaces."""


def with_rate_headers(
    inner: ASGIApp, surfaces: Sequence[Surface], limiter: RateLimiter, web: Web, note: NoteAnswer | None = None
) -> ASGIApp:
    """Return the application with the lines on every answer under these surfaces, also on those that no route gave.

    Not as Litestar's `before_send`: that stands in the way of every answer, those of feeds among them.
    """
    rated = [surface for surface in surfaces if surface.rate_headers]
    prefixes = tuple(surface.prefix for surface in rated)

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        surface = surface_of(path, rated) if path.startswith(prefixes) else None
        if surface is not None:
            send = _telling(surface, scope, send)
        await inner(scope, receive, send)

    def _telling(surface: Surface, scope: Scope, send: Send) -> Send:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                tally = tally_in(scope) or await _belated(surface, limiter, web, ASGIConnection(scope))
                message["headers"] = [*message["headers"], *headers_of(tally)]
                if note is not None:
                    note(tally, scope, message["status"])
            await send(message)

        return send_with_headers

    return application


async def _belated(
    surface: Surface, limiter: RateLimiter, web: Web, connection: ASGIConnection[Any, Any, Any, Any]
) -> Tally:
    """Count a request that no route took, so that a wrong path or method says whose limit it used."""
    tally = open_tally(connection, web)
    try:
        await known_caller(surface, limiter, web, connection, tally)
    except Exception:
        # Its answer stands already; whatever is away or refused now changes the numbers only.
        return tally
    return tally


def headers_of(tally: Tally) -> list[Header]:
    """Return the header lines about the tightest window, or about the one that blocks."""
    windows = tally.windows or tally.failures
    verdict = tally.verdict or _uncounted(windows[0])
    name, remaining = _name(verdict.window), str(max(0, verdict.remaining)).encode()
    return [
        (b"x-ratelimit-limit", str(verdict.limit).encode()),
        (b"x-ratelimit-remaining", remaining),
        (b"x-ratelimit-reset", _end(round(time.time() + verdict.reset_s))),
        (b"ratelimit", b'"%s";r=%s;t=%d' % (name, remaining, math.ceil(verdict.reset_s))),
        (b"ratelimit-policy", b", ".join(b'"%s";q=%d;w=%d' % (_name(one), one.limit, one.period_s) for one in windows)),
    ]


def _uncounted(window: Window) -> Verdict:
    left_s = window.period_s - time.time() % window.period_s
    return Verdict(allowed=True, window=window, remaining=window.limit, reset_s=left_s)


def _name(window: Window) -> bytes:
    return window.key.partition(":")[0].encode()


@lru_cache(256)
def _end(at_s: int) -> bytes:
    return iso_z(datetime.fromtimestamp(at_s, UTC)).encode()
