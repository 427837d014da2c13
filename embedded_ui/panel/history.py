"""How a product came to be what it is, and going back to what it was: a plan first, applied like any other."""

import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from backend.domain.catalog.service import CatalogService
from backend.domain.sync.link_review import LinkReview
from backend.domain.sync.restore import Restore
from backend.domain.sync.time_travel import TimeTravel
from backend.kit.errors import invalid, not_found
from backend.kit.ids import parse_uuid
from backend.ports.actor import Actor
from embedded_ui.forms import Form
from embedded_ui.panel.change_views import fields_shown
from embedded_ui.shell import Shell, go_to

PER_PAGE = 50
_EARLIEST = 1990


@get("/products/{product_id:int}/history")
async def show_history(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    catalog: NamedDependency[CatalogService],
    time_travel: NamedDependency[TimeTravel],
    product_id: FromPath[int],
    below: FromQuery[str] = "",
) -> Response[Any]:
    """Show what changed in a product and its variants, newest first."""
    page = await time_travel.of_product(actor, product_id, below=below or None, limit=PER_PAGE)
    path = f"/panel/products/{product_id}/history"
    return shell.page(
        "history",
        product=(await catalog.product(actor, product_id)).product,
        entries=page.entries,
        fields=fields_shown,
        more=f"{path}?{urlencode({'below': page.next_below})}" if page.next_below else "",
        on_first_page=not below,
    )


@post("/products/{product_id:int}/restore", status_code=303)
async def restore_product(
    actor: NamedDependency[Actor],
    restore: NamedDependency[Restore],
    form: NamedDependency[Form],
    product_id: FromPath[int],
) -> Response[Any]:
    """Plan to bring a product back to what it was at a time, and show the plan."""
    plan = await restore.product(actor, product_id, read_time(form.text("at")))
    return go_to(f"/panel/runs/{plan.run.id}")


@post("/stores/{store_id:uuid}/restore", status_code=303)
async def restore_store(
    actor: NamedDependency[Actor],
    restore: NamedDependency[Restore],
    form: NamedDependency[Form],
    store_id: FromPath[uuid.UUID],
) -> Response[Any]:
    """Plan to bring all products of a store back to what they were at a time, and show the plan."""
    plan = await restore.store(actor, store_id, read_time(form.text("at")))
    return go_to(f"/panel/runs/{plan.run.id}")


@post("/products/{product_id:int}/cut", status_code=303)
async def cut_link(
    actor: NamedDependency[Actor],
    link_review: NamedDependency[LinkReview],
    form: NamedDependency[Form],
    product_id: FromPath[int],
) -> Response[Any]:
    """Make a store's product one of its own again."""
    store_id = parse_uuid(form.text("store"))
    if store_id is None:
        raise not_found("Store")
    made = await link_review.cut(actor, store_id, form.text("external_id"), form.text("reason"))
    return go_to(f"/panel/products/{made}?done=link_cut")


def read_time(text: str) -> datetime:
    """Return the time that a form means, by UTC unless it says otherwise; raise invalid TIME_INVALID."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.year < _EARLIEST:
        raise invalid("TIME_INVALID", "at: a time such as 2026-03-15 12:00", field="at")
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
