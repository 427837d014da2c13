"""Starting a run, and looking at one: what it changes or changed, and all its issues."""

import uuid
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from backend.domain.catalog.history_repository import ChangeHistory
from backend.domain.stores.service import StoreService
from backend.domain.sync.latest import LatestRun, LatestRuns
from backend.domain.sync.previews import Previews
from backend.domain.sync.run_anyway import HeldRuns
from backend.domain.sync.start import SyncService
from backend.domain.sync.step import MOST_ISSUES
from backend.kit.clock import utc_now
from backend.ports.actor import Actor
from embedded_ui.forms import Form
from embedded_ui.panel.change_pages import key_of, page_of_changes
from embedded_ui.panel.change_views import decisions
from embedded_ui.panel.views import run_view
from embedded_ui.session import MANAGER
from embedded_ui.shell import Shell, go_to


@get("/runs/{run_id:uuid}")
async def show_run(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    sync: NamedDependency[SyncService],
    previews: NamedDependency[Previews],
    change_history: NamedDependency[ChangeHistory],
    stores: NamedDependency[StoreService],
    latest_runs: NamedDependency[LatestRuns],
    run_id: FromPath[uuid.UUID],
    only: FromQuery[str] = "",
    after: FromQuery[str] = "",
    below: FromQuery[str] = "",
) -> Response[Any]:
    """Show a run: how far it is, what it changes, and everything it could not do."""
    run = await sync.run(actor, run_id)
    view = run_view(LatestRun(run=run, issues=await latest_runs.issues_of(actor, run.id)), utc_now())
    shown = await page_of_changes(
        actor,
        run,
        previews,
        change_history,
        lambda more: f"/panel/runs/{run.id}" + (f"?{urlencode(more)}" if more else ""),
        state=only,
        after=key_of(after) or 0,
        below=key_of(below),
    )
    return shell.page(
        "run",
        view=view,
        store=await stores.store(actor, run.store_id),
        changes=shown.changes,
        decisions=decisions(run, shown.count),
        issues=await sync.issues(actor, run.id, most=2 * MOST_ISSUES),
        live=view.unfinished,
    )


@post("/runs/{run_id:uuid}/run-anyway", status_code=303, opt=MANAGER)
async def let_run_through(
    actor: NamedDependency[Actor],
    held_runs: NamedDependency[HeldRuns],
    form: NamedDependency[Form],
    run_id: FromPath[uuid.UUID],
) -> Response[Any]:
    """Let a held run through, for a reason."""
    run = await held_runs.run_anyway(actor, run_id, form.text("reason"))
    return go_to(f"/panel/runs/{run.id}")


@post("/stores/{store_id:uuid}/sync", status_code=303)
async def start_sync(
    actor: NamedDependency[Actor],
    sync: NamedDependency[SyncService],
    form: NamedDependency[Form],
    store_id: FromPath[uuid.UUID],
) -> Response[Any]:
    """Start a run, or lead to the one that has not finished yet."""
    await sync.request_pull(actor, store_id, mode="full" if form.text("mode") == "full" else "delta")
    return go_to(f"/panel?done=sync_started#store-{store_id}")
