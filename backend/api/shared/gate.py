"""The one guard in front of every route: deny by default, count, then let in."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from backend.api.shared.client_ip import address_of, bucket
from backend.api.shared.rate_limit import count
from backend.api.shared.surface import Surface
from backend.kit.errors import DomainError, ErrorKind, unauthenticated
from backend.ports.actor import Actor
from backend.ports.rate_limiter import RateLimiter, Window
from backend.settings import Web

FAILED_AUTHENTICATION_PER_MINUTE = 300


Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]


def gate(surface: Surface, limiter: RateLimiter, web: Web) -> Guard:
    """Return the guard that admits requests to one surface: public routes by address, all others by who calls.

    It is a function because Litestar copies guards deeply with every handler, and functions stay what they are: all
    of them ask the one limiter.
    """

    async def admit(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        if connection.scope.get("method") == "OPTIONS" and not handler.opt:
            return
        address = bucket(address_of(connection, web.trusted_proxies))
        if handler.opt.get("public"):
            if surface.public_windows is not None:
                await count(limiter, surface.public_windows(web, address))
            return
        actor = await caller(connection, address)
        connection.scope["user"] = actor
        await count(limiter, surface.caller_windows(web, actor))
        surface.permit(actor, handler.opt)

    async def caller(connection: ASGIConnection[Any, Any, Any, Any], address: str) -> Actor:
        if surface.authenticate is None:
            raise unauthenticated()
        try:
            return await surface.authenticate(connection)
        except DomainError as error:
            if error.kind is ErrorKind.UNAUTHENTICATED:
                await count(limiter, (_failures(address),))
            raise

    return admit


def _failures(address: str) -> Window:
    return Window(key=f"auth-failed:{address}", limit=FAILED_AUTHENTICATION_PER_MINUTE, period_s=60)
