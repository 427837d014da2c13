"""Deny by default: the list of routes that ask for no token. A new one is a decision, made here."""

from typing import Any

from litestar.handlers import HTTPRouteHandler

from backend.api import SURFACES as APIS
from embedded_ui.app.surface import APP
from embedded_ui.surface import PANEL

SURFACES = (*APIS, PANEL, APP)

PUBLIC_ROUTES = {
    "POST /api/auth/login",
    "POST /api/auth/password/forgot",
    "POST /api/auth/password/reset",
    "POST /api/auth/register-from-plugin",
    "POST /api/stores/connect",
    "GET /api/shopify/oauth/callback",
    "GET /api/public/feeds/{slug:str}",
    "HEAD /api/public/feeds/{slug:str}",
    "POST /hooks/{platform:str}",
    "GET /panel/login",
    "POST /panel/login",
    "GET /panel/password/forgot",
    "POST /panel/password/forgot",
    "GET /panel/password/reset",
    "POST /panel/password/reset",
    "GET /app/patch-id-token",
}


def routes_without_token(surfaces: Any) -> set[str]:
    """Every route of the surfaces whose handler says that it is public."""
    return {
        f"{method} {surface.prefix}{path}".rstrip("/")
        for surface in surfaces
        for handler in surface.handlers
        if isinstance(handler, HTTPRouteHandler) and handler.opt.get("public")
        for method in handler.http_methods
        for path in handler.paths
    }


def test_only_the_listed_routes_ask_for_no_token() -> None:
    assert routes_without_token(SURFACES) == PUBLIC_ROUTES


def test_every_handler_of_a_surface_is_looked_at() -> None:
    """The list above would miss controllers and routers, so there are none."""
    assert all(isinstance(handler, HTTPRouteHandler) for surface in SURFACES for handler in surface.handlers)


def test_a_surface_with_closed_routes_says_how_callers_prove_who_they_are() -> None:
    for surface in SURFACES:
        closed = [one for one in surface.handlers if isinstance(one, HTTPRouteHandler) and not one.opt.get("public")]
        assert surface.authenticate is not None or not closed, surface.name
