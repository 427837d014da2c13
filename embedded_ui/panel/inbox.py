"""What people have to decide: fields that both sides changed, products that may be one, orders nobody can fill."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from backend.domain.stock.ledger import StockLedger
from backend.domain.stock.oversells import OversellService
from backend.domain.stores.service import StoreService
from backend.domain.sync.conflicts import ConflictInbox
from backend.domain.sync.link_review import LinkReview
from backend.ports.actor import Actor
from embedded_ui.forms import Form
from embedded_ui.panel.change_pages import key_of
from embedded_ui.panel.change_views import value_shown
from embedded_ui.panel.inbox_views import SETTLED_BY, link_reason, oversell_shown
from embedded_ui.shell import Shell, go_to

INBOX = "/panel/inbox"
PER_PAGE = 30


@get("/inbox")
async def show_conflicts(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    conflicts: NamedDependency[ConflictInbox],
    below: FromQuery[str] = "",
    settled: FromQuery[str] = "",
) -> Response[Any]:
    """Show conflicts with both sides, newest first."""
    look = conflicts.settled if settled else conflicts.open
    rows = await look(actor, below=key_of(below), limit=PER_PAGE)
    kept = "settled=yes&" if settled else ""
    return shell.page(
        "conflicts",
        rows=rows,
        value=value_shown,
        settled_by=SETTLED_BY,
        settled=bool(settled),
        waiting=await conflicts.count(actor),
        more=f"{INBOX}?{kept}below={rows[-1].id}" if len(rows) == PER_PAGE else "",
        on_first_page=not below,
    )


@post("/inbox/conflicts/{conflict_id:int}", status_code=303)
async def decide_conflict(
    actor: NamedDependency[Actor],
    conflicts: NamedDependency[ConflictInbox],
    form: NamedDependency[Form],
    conflict_id: FromPath[int],
) -> Response[Any]:
    """Say whose value is right, once or for good."""
    await conflicts.decide(actor, conflict_id, form.text("choose"), for_good=form.text("for_good") == "yes")
    return go_to(f"{INBOX}?done=conflict_settled")


@get("/inbox/links")
async def show_links(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    link_review: NamedDependency[LinkReview],
    below: FromQuery[str] = "",
) -> Response[Any]:
    """Show products of stores beside those they may be, newest first."""
    rows = await link_review.open(actor, key_of(below), PER_PAGE)
    more = f"{INBOX}/links?below={rows[-1].id}" if len(rows) == PER_PAGE else ""
    return shell.page("links", rows=rows, reason=link_reason, more=more, on_first_page=not below)


@post("/inbox/links/{suggestion_id:int}", status_code=303)
async def decide_link(
    actor: NamedDependency[Actor],
    link_review: NamedDependency[LinkReview],
    form: NamedDependency[Form],
    suggestion_id: FromPath[int],
) -> Response[Any]:
    """Make two products one, or keep them apart."""
    if form.text("same") == "yes":
        await link_review.confirm(actor, suggestion_id)
        return go_to(f"{INBOX}/links?done=link_confirmed")
    await link_review.reject(actor, suggestion_id)
    return go_to(f"{INBOX}/links?done=link_rejected")


@get("/inbox/oversells")
async def show_oversells(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    oversells: NamedDependency[OversellService],
    stores: NamedDependency[StoreService],
    stock_ledger: NamedDependency[StockLedger],
    above: FromQuery[str] = "",
) -> Response[Any]:
    """Show what was sold and nobody had, oldest first."""
    rows = await oversells.open(actor, above=key_of(above) or 0, limit=PER_PAGE)
    names = {store.id: store.name for store in await stores.stores(actor)}
    levels = await stock_ledger.levels(actor, variant_ids=[row.variant_id for row in rows], limit=PER_PAGE)
    skus = {level.variant_id: level.sku for level in levels}
    more = f"{INBOX}/oversells?above={rows[-1].id}" if len(rows) == PER_PAGE else ""
    shown = [oversell_shown(row, names, skus) for row in rows]
    return shell.page("oversells", rows=shown, more=more, on_first_page=not above)


@post("/inbox/oversells/{oversell_id:int}", status_code=303)
async def settle_oversell(
    actor: NamedDependency[Actor],
    oversells: NamedDependency[OversellService],
    form: NamedDependency[Form],
    oversell_id: FromPath[int],
) -> Response[Any]:
    """Close a case that a person has dealt with."""
    await oversells.settle(actor, oversell_id, form.text("note"))
    return go_to(f"{INBOX}/oversells?done=oversell_settled")
