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
    run = await _last_sync(visit, latest_runs)
    now, newest = utc_now(), await sync.history(visit.actor, visit.store.id, _MOST_RUNS)
    earlier = [run_view(LatestRun(run=one, issues=[]), now) for one in newest if run is None or one.id != run.run.id]
    waiting = (await latest_runs.waiting(visit.actor)).get(visit.store.id)
    return frame.page(
        "page",
        view=store_view(visit.store, None, now, waiting=waiting),
        run=run,
        earlier=earlier,
        advice=ADVICE,
        first_run=is_first_run([run, *earlier] if run else []),
        products=await catalog.count(visit.actor),
        feeds=feed_views(await feeds.list(visit.actor), settings.web.public_url),
        live=bool(run and run.unfinished),
    )


@get("/status", opt=FETCHED)
async def tell_status(
    frame: NamedDependency[Frame],
    visit: NamedDependency[EmbeddedVisit],
    latest_runs: NamedDependency[LatestRuns],
    catalog: NamedDependency[CatalogService],
) -> Response[StatusTold]:
    """Tell the page's script how far the last sync is."""
    return frame.told(await _status(visit, latest_runs, catalog))


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
    return frame.told(await _status(visit, latest_runs, catalog), 202)


async def _status(visit: EmbeddedVisit, latest_runs: LatestRuns, catalog: CatalogService) -> StatusTold:
    return StatusTold(
        store_state=visit.store.state,
        run=run_told(await _last_sync(visit, latest_runs)),
        products=await catalog.count(visit.actor),
    )


async def _last_sync(visit: EmbeddedVisit, latest_runs: LatestRuns) -> RunView | None:
    """Return the newest run that reads the store, with what it could not do."""
    found = (await latest_runs.by_store(visit.actor)).get(visit.store.id)
    return run_view(found, utc_now()) if found else None
