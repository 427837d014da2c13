"""Who calls this surface: `Authorization: Bearer <JWT>` (contract row S2S-02), and how far it gets (decision G10)."""

from collections.abc import Mapping
from typing import Any

from litestar.connection import ASGIConnection

from backend.domain.access.rules import ROLE_PLUGIN, ROLE_UNPROVEN
from backend.kit.errors import forbidden, unauthenticated
from backend.ports.actor import Actor
from backend.ports.rate_limiter import Window
from backend.settings import Web

PUBLIC: Mapping[str, Any] = {"public": True}
"""`opt` of routes without a token."""
FOR_PLUGIN: Mapping[str, Any] = {"plugin": True}
"""`opt` of routes that a token born of store proof may use; all others want a panel login."""
FOR_ANYBODY: Mapping[str, Any] = {"plugin": True, "unproven": True}
"""`opt` of routes that even a token without proof may use."""


async def authenticate(connection: ASGIConnection[Any, Any, Any, Any]) -> Actor:
    """Return the bearer of the request's token; raise unauthenticated."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise unauthenticated()
    actor: Actor = await connection.app.state.authenticator.authenticate(token.strip())
    return actor


def permit(actor: Actor, opt: Mapping[str, Any]) -> None:
    """Refuse a token for a route it was not made for."""
    if actor.role == ROLE_UNPROVEN and not opt.get("unproven"):
        raise forbidden("NOT_PROVEN", "Connect the store first: this token has not proven control of the account")
    if actor.role == ROLE_PLUGIN and not opt.get("plugin"):
        raise forbidden("PANEL_LOGIN_NEEDED", "This needs a panel login; a store's token cannot do it")


def caller_windows(web: Web, actor: Actor) -> tuple[Window, ...]:
    """Return the limit of one organization, or of one unproven token."""
    who = f"org:{actor.organization_id}" if actor.organization_id else f"grant:{actor.grant_id}"
    return (Window(key=f"plugin:{who}", limit=web.organization_per_minute, period_s=60),)
