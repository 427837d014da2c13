"""The first page in the admin: is the store connected, what came of the last sync, where are the feeds."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency

from backend.domain.catalog.service import CatalogService
from backend.domain.feeds.service import FeedService
from backend.domain.stores.embedded_entry import EmbeddedVisit
from backend.domain.sync.latest import LatestRun, LatestRuns
from backend.domain.sync.start import SyncService
from backend.kit.clock import utc_now
from backend.settings import Settings
from embedded_ui.app.entry import FETCHED
from embedded_ui.app.frame import Frame
from embedded_ui.app.views import ADVICE, StatusTold, is_first_run, run_told
from embedded_ui.panel.feeds import feed_views
from embedded_ui.panel.views import RunView, run_view, store_view

_MOST_RUNS = 6
"""The last one and a few before it."""


@get("/")
async def show_app(
    frame: NamedDependency[Frame],
    visit: NamedDependency[EmbeddedVisit],
    sync: NamedDependency[SyncService],
    latest_runs: NamedDependency[LatestRuns],
    catalog: NamedDependency[CatalogService],
    feeds: NamedDependency[FeedService],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """Show the store of this visit."""
    runs = await _runs(visit, sync, latest_runs, _MOST_RUNS)
    return frame.page(
        "page",
        view=store_view(visit.store, None, utc_now()),
        run=runs[0] if runs else None,
        earlier=runs[1:],
        advice=ADVICE,
        first_run=is_first_run(runs),
        products=await catalog.count(visit.actor),
        feeds=feed_views(await feeds.list(visit.actor), settings.web.public_url),
        live=bool(runs and runs[0].unfinished),
    )


@get("/status", opt=FETCHED)
async def tell_status(
    frame: NamedDependency[Frame],
    visit: NamedDependency[EmbeddedVisit],
    sync: NamedDependency[SyncService],
    latest_runs: NamedDependency[LatestRuns],
    catalog: NamedDependency[CatalogService],
) -> Response[StatusTold]:
    """Tell the page's script how far the last run is."""
    return frame.told(await _status(visit, sync, latest_runs, catalog))


@post("/sync", status_code=202, opt=FETCHED)
async def start_sync(
    frame: NamedDependency[Frame],
    visit: NamedDependency[EmbeddedVisit],
    sync: NamedDependency[SyncService],
    latest_runs: NamedDependency[LatestRuns],
    catalog: NamedDependency[CatalogService],
) -> Response[StatusTold]:
    """Start a run, or tell of the one that has not finished yet. Only a script can ask: it needs an ID token."""
    await sync.request_pull(visit.actor, visit.store.id)
    return frame.told(await _status(visit, sync, latest_runs, catalog), 202)


async def _status(
    visit: EmbeddedVisit, sync: SyncService, latest_runs: LatestRuns, catalog: CatalogService
) -> StatusTold:
    runs = await _runs(visit, sync, latest_runs, 1)
    return StatusTold(
        store_state=visit.store.state,
        run=run_told(runs[0] if runs else None),
        products=await catalog.count(visit.actor),
    )


async def _runs(visit: EmbeddedVisit, sync: SyncService, latest_runs: LatestRuns, most: int) -> list[RunView]:
    """Return the store's newest runs; the issues of the newest one alone."""
    now = utc_now()
    views: list[RunView] = []
    for run in await sync.history(visit.actor, visit.store.id, most):
        issues = [] if views else await latest_runs.issues_of(visit.actor, run.id)
        views.append(run_view(LatestRun(run=run, issues=issues), now))
    return views
