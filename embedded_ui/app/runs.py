"""Runs of the visit's store in the admin: the list, and one with what it changes and all its issues."""

import uuid
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from backend.domain.catalog.history_repository import ChangeHistory
from backend.domain.stores.embedded_entry import EmbeddedVisit
from backend.domain.sync.latest import LatestRun, LatestRuns
from backend.domain.sync.previews import Previews
from backend.domain.sync.start import SyncService
from backend.domain.sync.step import MOST_ISSUES
from backend.kit.clock import utc_now
from backend.kit.errors import not_found
from backend.models.sync import SyncRun
from embedded_ui.app.frame import Frame
from embedded_ui.panel.change_pages import key_of, page_of_changes
from embedded_ui.panel.change_views import decisions
from embedded_ui.panel.views import run_view

MOST_RUNS = 50


async def run_of_visit(visit: EmbeddedVisit, sync: SyncService, run_id: uuid.UUID) -> SyncRun:
    """Return a run of the visit's store; one of another store of the same organization does not exist here."""
    run = await sync.run(visit.actor, run_id)
    if run.store_id != visit.store.id:
        raise not_found("Sync run")
    return run


@get("/runs")
async def show_runs(
    frame: NamedDependency[Frame], visit: NamedDependency[EmbeddedVisit], sync: NamedDependency[SyncService]
) -> Response[Any]:
    """Show the store's newest runs of all kinds."""
    now = utc_now()
    found = await sync.history(visit.actor, visit.store.id, MOST_RUNS)
    runs = [run_view(LatestRun(run=run, issues=[]), now) for run in found]
    return frame.page("runs", runs=runs, store=visit.store, live=any(run.unfinished for run in runs))


@get("/runs/{run_id:uuid}")
async def show_run(
    frame: NamedDependency[Frame],
    visit: NamedDependency[EmbeddedVisit],
    sync: NamedDependency[SyncService],
    previews: NamedDependency[Previews],
    change_history: NamedDependency[ChangeHistory],
    latest_runs: NamedDependency[LatestRuns],
    run_id: FromPath[uuid.UUID],
    only: FromQuery[str] = "",
    after: FromQuery[str] = "",
    below: FromQuery[str] = "",
) -> Response[Any]:
    """Show a run of this visit's store."""
    run = await run_of_visit(visit, sync, run_id)
    view = run_view(LatestRun(run=run, issues=await latest_runs.issues_of(visit.actor, run.id)), utc_now())
    here = frame.link(f"/app/runs/{run.id}")
    shown = await page_of_changes(
        visit.actor,
        run,
        previews,
        change_history,
        lambda more: f"{here}&{urlencode(more)}" if more else here,
        state=only,
        after=key_of(after) or 0,
        below=key_of(below),
    )
    return frame.page(
        "run",
        run=view,
        store=visit.store,
        changes=shown.changes,
        decisions=decisions(run, shown.count),
        issues=await sync.issues(visit.actor, run.id, most=2 * MOST_ISSUES),
        live=view.unfinished,
    )
