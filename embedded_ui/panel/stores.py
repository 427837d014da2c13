"""Connecting, attaching and disconnecting stores: pages for owners and admins."""

import uuid
from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from backend.api.shared.consent_cookie import consent_cookie
from backend.domain.stores.attachment import StoreAttachment
from backend.domain.stores.connecting import ConnectRequest, StoreConnecting
from backend.domain.stores.disconnecting import StoreDisconnecting
from backend.domain.stores.service import StoreService
from backend.domain.stores.shopify_oauth import ShopifyOAuth
from backend.kit.text import clipped, storable
from backend.ports.actor import Actor
from backend.settings import Settings
from embedded_ui.forms import Form, Problem, tried
from embedded_ui.panel.views import platform_name
from embedded_ui.session import MANAGER
from embedded_ui.shell import Shell, go_to

PLATFORM = "woocommerce"
_MOST_URL, _MOST_KEY, _MOST_SHOP = 2_000, 200, 255


@get("/stores/connect", opt=MANAGER)
async def show_connect(
    shell: NamedDependency[Shell],
    shopify_oauth: NamedDependency[ShopifyOAuth],
    platform: FromQuery[str] = PLATFORM,
    url: FromQuery[str] = "",
) -> Response[Any]:
    """Ask for a store's address and what opens it; a store that refuses us is connected again here."""
    typed = {platform: clipped(storable(url), _MOST_URL)}
    return connect_page(shell, shopify_oauth, typed)


@post("/stores/connect/shopify", status_code=200, opt=MANAGER)
async def begin_shopify(
    request: Request[Any, Any, Any],
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    form: NamedDependency[Form],
    shopify_oauth: NamedDependency[ShopifyOAuth],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """Send the browser to the shop's consent page, or say beside the form what is wrong."""
    shop = clipped(form.text("shop"), _MOST_SHOP)
    begun = await tried(shopify_oauth.begin(actor, shop))
    if isinstance(begun, Problem):
        return connect_page(shell, shopify_oauth, {"shopify": shop}, begun, status=400)
    # A page that leads there and no redirect: browsers hold the answer to a form to `form-action`, through every
    # further address that Shopify sends them to.
    page = shell.page("store_consent", url=begun.url, shop=shop)
    page.set_cookie(consent_cookie(request, settings.web, begun))
    return page


@post("/stores/connect", status_code=200, opt=MANAGER)
async def connect_store(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    form: NamedDependency[Form],
    store_connecting: NamedDependency[StoreConnecting],
    shopify_oauth: NamedDependency[ShopifyOAuth],
) -> Response[Any]:
    """Try the keys at the store and connect it, or say beside the form what is wrong. The secret is never shown."""
    url, key = clipped(form.text("url"), _MOST_URL), clipped(form.text("consumer_key"), _MOST_KEY)
    secret = clipped(form.text("consumer_secret"), _MOST_KEY)
    problem = _unlike_keys(key, secret)
    request = ConnectRequest(platform=PLATFORM, url=url, credentials={"consumer_key": key, "consumer_secret": secret})
    made = await tried(store_connecting.connect_as(actor, request)) if problem is None else problem
    if isinstance(made, Problem):
        return connect_page(shell, shopify_oauth, {PLATFORM: url}, made, status=400, key=key)
    return go_to(f"/panel?done=store_connected#store-{made.id}")


@get("/stores/attach", opt=MANAGER)
async def show_attach(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    store_attachment: NamedDependency[StoreAttachment],
    token: FromQuery[str] = "",
) -> Response[Any]:
    """Show which store asks to be attached; a link that does not work any more gets a page that says so."""
    store = await store_attachment.look(actor, token)
    return shell.page("store_attach", store=store, platform=platform_name(store.platform), token=token)


@post("/stores/attach", status_code=303, opt=MANAGER)
async def attach_store(
    actor: NamedDependency[Actor], form: NamedDependency[Form], store_attachment: NamedDependency[StoreAttachment]
) -> Response[Any]:
    """Attach the store of a mailed link."""
    store = await store_attachment.attach(actor, form.text("token"))
    return go_to(f"/panel?done=store_attached#store-{store.id}")


@get("/stores/{store_id:uuid}/disconnect", opt=MANAGER)
async def show_disconnect(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    stores: NamedDependency[StoreService],
    store_id: FromPath[uuid.UUID],
) -> Response[Any]:
    """Ask whether a store is really to be disconnected."""
    store = await stores.store(actor, store_id)
    return shell.page("store_disconnect", store=store)


@post("/stores/{store_id:uuid}/disconnect", status_code=303, opt=MANAGER)
async def disconnect_store(
    actor: NamedDependency[Actor],
    store_disconnecting: NamedDependency[StoreDisconnecting],
    store_id: FromPath[uuid.UUID],
) -> Response[Any]:
    """Disconnect a store."""
    await store_disconnecting.disconnect(actor, store_id)
    return go_to("/panel?done=store_disconnected")


def connect_page(
    shell: Shell,
    shopify_oauth: ShopifyOAuth,
    typed: Mapping[str, str],
    problem: Problem | None = None,
    *,
    status: int = 200,
    key: str = "",
) -> Response[Any]:
    """Render the page with one form per platform.

    Args:     typed: addresses by platform. problem: of the one form that was sent.
    """
    configured = shopify_oauth.is_configured()
    return shell.page("store_connect", status=status, typed=typed, problem=problem, key=key, shopify=configured)


def _unlike_keys(key: str, secret: str) -> Problem | None:
    """Say what is wrong with keys before the store is asked: usually the two fields were mixed up."""
    if not (key.startswith("ck_") and key.isascii() and key.isprintable()):
        return Problem(text="A consumer key begins with ck_.", field="consumer_key")
    if not (secret.startswith("cs_") and secret.isascii() and secret.isprintable()):
        return Problem(text="A consumer secret begins with cs_.", field="consumer_secret")
    return None
