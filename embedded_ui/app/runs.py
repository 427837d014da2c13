"""One run with all its issues, in the admin."""

import uuid
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.domain.stores.embedded_entry import EmbeddedVisit
from backend.domain.sync.latest import LatestRun, LatestRuns
from backend.domain.sync.start import SyncService
from backend.domain.sync.step import MOST_ISSUES
from backend.kit.clock import utc_now
from backend.kit.errors import not_found
from embedded_ui.app.frame import Frame
from embedded_ui.panel.views import run_view


@get("/runs/{run_id:uuid}")
async def show_run(
    frame: NamedDependency[Frame],
    visit: NamedDependency[EmbeddedVisit],
    sync: NamedDependency[SyncService],
    latest_runs: NamedDependency[LatestRuns],
    run_id: FromPath[uuid.UUID],
) -> Response[Any]:
    """Show a run of this visit's store; one of another store of the same organization does not exist here."""
    run = await sync.run(visit.actor, run_id)
    if run.store_id != visit.store.id:
        raise not_found("Sync run")
    view = run_view(LatestRun(run=run, issues=await latest_runs.issues_of(visit.actor, run.id)), utc_now())
    return frame.page(
        "run",
        run=view,
        store=visit.store,
        issues=await sync.issues(visit.actor, run.id, most=2 * MOST_ISSUES),
        live=view.unfinished,
    )
