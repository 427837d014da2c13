"""Who looks at the page: the shop and the person of a verified ID token."""

from typing import Any

import structlog
from litestar.connection import ASGIConnection

from backend.domain.stores.embedded_entry import EmbeddedEntry, EmbeddedVisit
from backend.kit.errors import conflict, unauthenticated
from backend.ports.actor import Actor
from backend.ports.rate_limiter import Window
from backend.ports.shopify_app import NotGenuine
from backend.settings import Settings, Web
from embedded_ui.app.query import ID_TOKEN, only, pairs

log = structlog.get_logger()

Connection = ASGIConnection[Any, Any, Any, Any]
FETCHED = {"fetched": True}
"""`opt` of what scripts ask for: the token comes in a header and never in the address."""
_PATCH_PAGES_PER_MINUTE = 120
_MOST_TOKEN = 8_000


async def authenticate(connection: Connection) -> Actor:
    """Return who acts by an ID token.

    Raises:   unauthenticated; conflict SHOPIFY_NOT_CONFIGURED; what the entry refuses.
    """
    settings: Settings = connection.app.state.settings
    if not settings.shopify.configured:
        raise conflict(
            "SHOPIFY_NOT_CONFIGURED",
            "This server has no Shopify app yet. Its operator has to set SHOPIFY_CLIENT_ID and SHOPIFY_CLIENT_SECRET "
            "to the app's credentials and start it again",
        )
    token = _token(connection)
    if not token or len(token) > _MOST_TOKEN:
        raise unauthenticated("An ID token of the Shopify admin is needed")
    entry: EmbeddedEntry = connection.app.state.embedded_entry
    try:
        visit = await entry.enter(token)
    except NotGenuine as error:
        log.info("app.id_token_refused", code=error.code)
        raise unauthenticated("The ID token is not valid, or not any more") from None
    connection.state.visit = visit
    return visit.actor


def is_fetched(connection: Connection) -> bool:
    """Tell whether a script asks, so that a refusal has to be one that App Bridge understands."""
    handler = connection.scope.get("route_handler")
    return (
        "authorization" in connection.headers
        or connection.headers.get("sec-fetch-dest") == "empty"
        or bool(handler and handler.opt.get("fetched"))
    )


def visit_of(connection: Connection) -> EmbeddedVisit | None:
    """Return the visit that a request belongs to, None when its token was not verified."""
    return getattr(connection.state, "visit", None)


def _token(connection: Connection) -> str:
    if not is_fetched(connection):
        return only(pairs(connection.scope["query_string"]), ID_TOKEN)
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def caller_windows(web: Web, actor: Actor) -> tuple[Window, ...]:
    """Return the limit of one organization's pages in the admin; apart from the API's and the panel's."""
    return (Window(key=f"app:{actor.organization_id}", limit=web.organization_per_minute, period_s=60),)


def public_windows(_: Web, address: str) -> tuple[Window, ...]:
    """Return the limit of the patch page for one address: whoever follows a link comes by."""
    return (Window(key=f"app-patch:{address}", limit=_PATCH_PAGES_PER_MINUTE, period_s=60),)
