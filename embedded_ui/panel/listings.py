"""Listings of a store: what is on its way, what the store did not take and why, writing it again."""

import uuid
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from backend.domain.stores.service import StoreService
from backend.domain.sync.listings import STATES, Listings
from backend.kit.errors import not_found
from backend.kit.ids import parse_uuid
from backend.kit.text import clipped, storable
from backend.ports.actor import Actor
from embedded_ui.forms import Form
from embedded_ui.panel.views import Badge
from embedded_ui.shell import Shell, go_to

PER_PAGE = 50
_MOST_ID = 200
BADGES = {
    "active": Badge("As it should be", "good"),
    "pending": Badge("On its way", "busy"),
    "error": Badge("Refused", "bad"),
    "unlisted": Badge("Off sale", "off"),
}


@get("/stores/{store_id:uuid}/listings")
async def show_listings(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    stores: NamedDependency[StoreService],
    listings: NamedDependency[Listings],
    store_id: FromPath[uuid.UUID],
    only: FromQuery[str] = "",
    after: FromQuery[str] = "",
) -> Response[Any]:
    """Show one page of a store's listings, of one state or of all."""
    chosen = only if only in STATES else None
    behind = clipped(storable(after), _MOST_ID)
    page = await listings.page(actor, store_id, state=chosen, after=behind, most=PER_PAGE)
    kept = {"only": chosen} if chosen else {}
    path = f"/panel/stores/{store_id}/listings"
    return shell.page(
        "listings",
        store=await stores.store(actor, store_id),
        counts=await listings.counts(actor, store_id),
        rows=page.rows,
        badges=BADGES,
        chosen=chosen,
        first=f"{path}?{urlencode(kept)}" if behind else "",
        more=f"{path}?{urlencode({**kept, 'after': page.next_after})}" if page.next_after else "",
    )


@post("/stores/{store_id:uuid}/listings/retry", status_code=303)
async def retry_listings(
    actor: NamedDependency[Actor],
    listings: NamedDependency[Listings],
    form: NamedDependency[Form],
    store_id: FromPath[uuid.UUID],
) -> Response[Any]:
    """Have what the store did not take written again: one listing, or all."""
    await listings.retry(actor, store_id, clipped(form.text("external_id"), _MOST_ID) or None)
    return go_to(f"/panel/stores/{store_id}/listings?done=listings_retried")


@post("/products/{product_id:int}/listings", status_code=303)
async def ask_for_listing(
    actor: NamedDependency[Actor],
    listings: NamedDependency[Listings],
    form: NamedDependency[Form],
    product_id: FromPath[int],
) -> Response[Any]:
    """Have a product put up for sale in a store, or taken off sale there."""
    store_id = parse_uuid(form.text("store"))
    if store_id is None:
        raise not_found("Store")
    await listings.ask(actor, store_id, product_id, wanted=form.text("wanted"))
    return go_to(f"/panel/products/{product_id}?done=listing_asked")
