"""The one guard in front of every route: deny by default, count, then let in."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from backend.api.shared.surface import Surface
from backend.api.shared.tally import Tally, open_tally
from backend.kit.errors import DomainError, ErrorKind, unauthenticated
from backend.ports.actor import Actor
from backend.ports.rate_limiter import RateLimiter
from backend.settings import Web

Connection = ASGIConnection[Any, Any, Any, Any]
Guard = Callable[[Connection, BaseRouteHandler], Awaitable[None]]
STRANGERS = frozenset({ErrorKind.UNAUTHENTICATED, ErrorKind.FORBIDDEN})
"""Refusals of `authenticate` that are counted under the address: a stolen key must not use its owner's limit up."""


def gate(surface: Surface, limiter: RateLimiter, web: Web) -> Guard:
    """Return the guard that admits requests to one surface: public routes by address, all others by who calls.

    It is a function because Litestar copies guards deeply with every handler, and functions stay what they are: all
    of them ask the one limiter.
    """

    async def admit(connection: Connection, handler: BaseRouteHandler) -> None:
        if connection.scope.get("method") == "OPTIONS" and not handler.opt:
            return
        tally = open_tally(connection, web)
        if handler.opt.get("public"):
            if surface.public_windows is not None:
                await tally.count(limiter, surface.public_windows(web, tally.bucket))
            return
        surface.permit(await known_caller(surface, limiter, web, connection, tally), handler.opt)

    return admit


async def known_caller(surface: Surface, limiter: RateLimiter, web: Web, connection: Connection, tally: Tally) -> Actor:
    """Count one request under whoever sent it and return the caller; a stranger's is counted under its address.

    Raises:   what `authenticate` raises; `too_many`.
    """
    try:
        if surface.authenticate is None:
            raise unauthenticated()
        actor = await surface.authenticate(connection)
    except DomainError as error:
        if error.kind in STRANGERS:
            await tally.count(limiter, tally.failures)
        raise
    connection.scope["user"] = tally.caller = actor
    await tally.count(limiter, surface.caller_windows(web, actor))
    return actor
