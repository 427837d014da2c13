"""What a refusal looks like in the admin: a page, a way to a fresh ID token, or an answer for App Bridge."""

from collections.abc import Mapping
from typing import Any

from litestar import MediaType, Request, Response
from litestar.response import Redirect

from backend.api.shared.dispatcher import dispatcher
from backend.api.shared.errors import Refusal
from backend.kit.clock import utc_now
from backend.settings import Settings
from embedded_ui.app.entry import is_fetched, visit_of
from embedded_ui.app.frame import bare_page
from embedded_ui.app.framing import headers, simulated_admin
from embedded_ui.app.patching import just_patched, patch_address
from embedded_ui.app.query import Pairs, pairs, shop_of
from embedded_ui.app.views import ADVICE

Headers = Mapping[str, str]
_NO_TOKEN = "UNAUTHENTICATED"
_TITLES = {
    403: "Not allowed",
    404: "Nothing here",
    409: "Not possible now",
    429: "Too many requests",
    500: "Something went wrong",
    502: "The shop did not answer",
    503: "Not available at the moment",
}
_TITLES_OF_CODES = {
    "SHOPIFY_NOT_CONFIGURED": "Shopify is not set up on this server",
    "STORE_HELD": "The store belongs to another account",
}
_ADVICE_OF_CODES = {"SHOPIFY_NOT_CONFIGURED": "", "RATE_LIMITED": "", "ADDRESS_INVALID": ""}
"""Refusals of somebody we did not let in that another try does not change."""
_NO_SHOP = (
    "Open Storeloom in the Shopify admin",
    "This page belongs into the admin of a shop. Log in to Shopify and choose Storeloom under Apps.",
)
_NO_END = (
    "Shopify and this server do not agree who you are",
    "The admin sent a proof of identity that this server cannot accept. Close the app and open it again. If that does "
    "not help, tell the operator of this server: its clock may be wrong, or its SHOPIFY_CLIENT_ID and "
    "SHOPIFY_CLIENT_SECRET may be those of another app.",
)
"""Title and text for whoever came without a shop, and for whoever comes back with a token that is never good."""
RETRY = {"X-Shopify-Retry-Invalid-Session-Request": "1"}
"""Makes App Bridge ask once more, with a fresh token."""


def refuse(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Answer a request that failed on its way through this surface; what nobody foresaw is logged."""
    return dispatcher((), lambda refusal: _answer(request, refusal))(request, error)


def render_error(refusal: Refusal) -> Response[Any]:
    """Render a refusal of a path that is no page; nobody may frame it."""
    return _page(refusal, headers(None))


def _answer(request: Request[Any, Any, Any], refusal: Refusal) -> Response[Any]:
    query = pairs(request.scope["query_string"])
    visit = visit_of(request)
    # These pages show nothing of anybody, so the shop that the address names may frame them.
    shop = visit.store.url.removeprefix("https://") if visit else shop_of(query)
    settings: Settings = request.app.state.settings
    sent = headers(shop, simulated_admin(settings.shopify.shop_url))
    if is_fetched(request):
        return _told(refusal, sent)
    if refusal.code == _NO_TOKEN:
        return _to_fresh_token(request.scope["path"], query, shop, sent)
    return _page(refusal, sent, "" if visit else _ADVICE_OF_CODES.get(refusal.code or "", ADVICE))


def _told(refusal: Refusal, sent: Headers) -> Response[Any]:
    retry = RETRY if refusal.code == _NO_TOKEN else {}
    return Response(
        {"error": refusal.message, "code": refusal.code},
        status_code=refusal.status,
        media_type=MediaType.JSON,
        headers={**refusal.headers, **sent, **retry},
    )


def _to_fresh_token(path: str, query: Pairs, shop: str | None, sent: Headers) -> Response[Any]:
    if shop is None:
        return bare_page("error", sent, 401, title=_NO_SHOP[0], message=_NO_SHOP[1], advice="")
    now = utc_now()
    if just_patched(query, now):
        return bare_page("error", sent, 401, title=_NO_END[0], message=_NO_END[1], advice="")
    return Redirect(patch_address(path, query, shop, now), status_code=302, headers=dict(sent))


def _page(refusal: Refusal, sent: Headers, advice: str = "") -> Response[Any]:
    title = _TITLES_OF_CODES.get(refusal.code or "") or _TITLES.get(refusal.status, "That did not work")
    kept = {name: value for name, value in refusal.headers.items() if name in ("Retry-After", "Allow")}
    return bare_page("error", {**sent, **kept}, refusal.status, title=title, message=refusal.message, advice=advice)
