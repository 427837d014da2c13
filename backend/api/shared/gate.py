"""The one guard in front of every route: deny by default, count, then let in."""

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


class Gate:
    """Admits a request to one surface: public routes by address, all others by who calls."""

    def __init__(self, surface: Surface, limiter: RateLimiter, web: Web) -> None:
        self._surface = surface
        self._limiter = limiter
        self._web = web

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        """Let the request in, or raise the refusal; the caller is `connection.user` from here on."""
        if connection.scope.get("method") == "OPTIONS" and not handler.opt:
            return
        address = bucket(address_of(connection, self._web.trusted_proxies))
        if handler.opt.get("public"):
            if self._surface.public_windows is not None:
                await count(self._limiter, self._surface.public_windows(self._web, address))
            return
        actor = await self._caller(connection, address)
        connection.scope["user"] = actor
        await count(self._limiter, self._surface.caller_windows(self._web, actor))
        self._surface.permit(actor, handler.opt)

    async def _caller(self, connection: ASGIConnection[Any, Any, Any, Any], address: str) -> Actor:
        if self._surface.authenticate is None:
            raise unauthenticated()
        try:
            return await self._surface.authenticate(connection)
        except DomainError as error:
            if error.kind is ErrorKind.UNAUTHENTICATED:
                await count(self._limiter, (_failures(address),))
            raise


def _failures(address: str) -> Window:
    return Window(key=f"auth-failed:{address}", limit=FAILED_AUTHENTICATION_PER_MINUTE, period_s=60)
