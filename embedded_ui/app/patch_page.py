"""The page that holds App Bridge and nothing else: it gets a fresh ID token and opens the wanted page with it."""

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency

from backend.kit.errors import invalid
from backend.settings import Settings
from embedded_ui.app.frame import bare_page
from embedded_ui.app.framing import headers, simulated_admin
from embedded_ui.app.patching import RELOAD, checked_reload
from embedded_ui.app.query import only, pairs, shop_of


@get("/patch-id-token", opt={"public": True})
async def show_patch_page(request: Request[Any, Any, Any], settings: NamedDependency[Settings]) -> Response[Any]:
    """Show App Bridge, if the address names a shop and leads back to a page of ours and nowhere else."""
    query = pairs(request.scope["query_string"])
    shop = shop_of(query)
    if shop is None or checked_reload(only(query, RELOAD)) is None:
        raise invalid("ADDRESS_INVALID", "This address is not one of ours. Open Storeloom from the Shopify admin")
    sent = headers(shop, simulated_admin(settings.shopify.shop_url))
    return bare_page("patch", sent, 200, client_id=settings.shopify.client_id)
