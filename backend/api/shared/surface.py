"""A surface: one prefix, its handlers, how its callers prove who they are, its limits, and how its refusals look."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from litestar import Response, Router
from litestar.connection import ASGIConnection
from litestar.types import ControllerRouterHandler

from backend.api.shared.errors import Refusal
from backend.ports.actor import Actor
from backend.ports.rate_limiter import Window
from backend.settings import Web

Connection = ASGIConnection[Any, Any, Any, Any]
Opt = Mapping[str, Any]


def everybody_may(_: Actor, __: Opt) -> None:
    """Let every known caller through: the default of `Surface.permit`."""


def no_windows(_: Web, __: Actor) -> tuple[Window, ...]:
    """Count nothing for known callers: the default of `Surface.caller_windows`."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Surface:
    """One way in. Every route asks `authenticate` unless it says `opt={"public": True}`."""

    name: str
    """Also the name of its document: `/docs/<name>/openapi.json`."""
    prefix: str
    """Such as `/api`; of two that fit a path, the longer one owns it."""
    title: str
    """In the list of documents."""
    handlers: tuple[ControllerRouterHandler, ...]
    render_error: Callable[[Refusal], Response[Any]]
    """The body of a refusal in this surface's shape."""
    authenticate: Callable[[Connection], Awaitable[Actor]] | None = None
    """Say who calls, or raise `unauthenticated`; None: the surface has public routes only."""
    permit: Callable[[Actor, Opt], None] = everybody_may
    """Refuse a known caller for a route, by the route's `opt`."""
    public_windows: Callable[[Web, str], tuple[Window, ...]] | None = None
    """Limits of public routes for one address (`client_ip.bucket`); None: not limited."""
    caller_windows: Callable[[Web, Actor], tuple[Window, ...]] = no_windows
    """Limits of one known caller."""
    rate_headers: bool = False
    """True: every answer under the prefix says how many requests are left (decision G3), also where no route is."""
    documented: bool = True
    """False: it has pages for people and no OpenAPI document."""
    router_options: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of the Litestar router."""

    def router(self, guard: Any) -> Router:
        """Return the router of this surface behind *guard*."""
        return Router(path=self.prefix, route_handlers=list(self.handlers), guards=[guard], **self.router_options)
