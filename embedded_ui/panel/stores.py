"""Connecting, attaching and disconnecting stores: pages for owners and admins."""

import uuid
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from backend.domain.stores.attachment import StoreAttachment
from backend.domain.stores.connecting import ConnectRequest, StoreConnecting
from backend.domain.stores.disconnecting import StoreDisconnecting
from backend.domain.stores.service import StoreService
from backend.kit.text import clipped, storable
from backend.ports.actor import Actor
from embedded_ui.forms import Form, Problem, tried
from embedded_ui.panel.views import platform_name
from embedded_ui.session import MANAGER
from embedded_ui.shell import Shell, go_to

PLATFORM = "woocommerce"
_MOST_URL, _MOST_KEY = 2_000, 200


@get("/stores/connect", opt=MANAGER)
async def show_connect(shell: NamedDependency[Shell], url: FromQuery[str] = "") -> Response[Any]:
    """Ask for a store's address and keys; a store that needs new keys is connected again here."""
    return shell.page("store_connect", url=clipped(storable(url), _MOST_URL), key="", problem=None)


@post("/stores/connect", status_code=200, opt=MANAGER)
async def connect_store(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    form: NamedDependency[Form],
    store_connecting: NamedDependency[StoreConnecting],
) -> Response[Any]:
    """Try the keys at the store and connect it, or say beside the form what is wrong. The secret is never shown."""
    url, key = clipped(form.text("url"), _MOST_URL), clipped(form.text("consumer_key"), _MOST_KEY)
    secret = clipped(form.text("consumer_secret"), _MOST_KEY)
    problem = _unlike_keys(key, secret)
    request = ConnectRequest(platform=PLATFORM, url=url, credentials={"consumer_key": key, "consumer_secret": secret})
    made = await tried(store_connecting.connect_as(actor, request)) if problem is None else problem
    if isinstance(made, Problem):
        return shell.page("store_connect", status=400, url=url, key=key, problem=made)
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


def _unlike_keys(key: str, secret: str) -> Problem | None:
    """Say what is wrong with keys before the store is asked: usually the two fields were mixed up."""
    if not (key.startswith("ck_") and key.isascii() and key.isprintable()):
        return Problem(text="A consumer key begins with ck_.", field="consumer_key")
    if not (secret.startswith("cs_") and secret.isascii() and secret.isprintable()):
        return Problem(text="A consumer secret begins with cs_.", field="consumer_secret")
    return None
