"""Who looks at a page: the token of a panel login in a cookie that scripts cannot read."""

from collections.abc import Mapping
from typing import Any

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie

from backend.domain.access.rules import MANAGERS, PANEL_TOKEN_LIFE
from backend.kit.errors import forbidden, unauthenticated
from backend.ports.actor import Actor
from backend.ports.rate_limiter import Window
from backend.settings import Web

SESSION = "storeloom_session"
ROLES = frozenset({"owner", "admin", "staff"})
"""Who the panel is for; a store's own token never opens it."""
PUBLIC: Mapping[str, Any] = {"public": True}
"""`opt` of pages without a login."""
MANAGER: Mapping[str, Any] = {"manager": True}
"""`opt` of what only owners and admins may do: connect and disconnect stores, have changes written to them."""

Connection = ASGIConnection[Any, Any, Any, Any]


async def authenticate(connection: Connection) -> Actor:
    """Return who is logged in; raise unauthenticated."""
    token = connection.cookies.get(SESSION)
    if not token:
        raise unauthenticated("Log in first")
    actor: Actor = await connection.app.state.authenticator.authenticate(token)
    if actor.role not in ROLES:
        raise unauthenticated("This token does not open the panel")
    return actor


def permit(actor: Actor, opt: Mapping[str, Any]) -> None:
    """Refuse what only owners and admins may do to those who may not."""
    if opt.get("manager") and actor.role not in MANAGERS:
        raise forbidden("INSUFFICIENT_ROLE", "Only an owner or an admin may do this")


def caller_windows(web: Web, actor: Actor) -> tuple[Window, ...]:
    """Return the limit of one person; apart from the API's, so that open pages do not use up a store's requests."""
    return (Window(key=f"panel:{actor.user_id}", limit=web.organization_per_minute, period_s=60),)


def is_https(connection: Connection, web: Web) -> bool:
    """Tell whether people reach us by HTTPS: directly, or by a proxy under the public address."""
    return connection.scope["scheme"] == "https" or web.public_url.startswith("https://")


def cookie(connection: Connection, web: Web, name: str, value: str, max_age_s: int | None = None) -> Cookie:
    """Return a cookie that stays with us: no scripts, no requests that other sites make in a person's name."""
    return Cookie(
        key=name,
        value=value,
        max_age=max_age_s,
        path="/",
        httponly=True,
        samesite="lax",
        secure=is_https(connection, web),
    )


def session_cookie(connection: Connection, web: Web, token: str) -> Cookie:
    """Return the cookie of a login; it lives as long as its token."""
    return cookie(connection, web, SESSION, token, int(PANEL_TOKEN_LIFE.total_seconds()))


def no_session_cookie(connection: Connection, web: Web) -> Cookie:
    """Return the cookie that ends a login in the browser."""
    return cookie(connection, web, SESSION, "", 0)
