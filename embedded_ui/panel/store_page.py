"""One store: its listings in numbers, what would be written to it, and its runs of all kinds."""

import uuid
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.domain.stores.service import StoreService
from backend.domain.sync.latest import LatestRun, LatestRuns
from backend.domain.sync.listings import Listings
from backend.domain.sync.schedules import SyncSchedules
from backend.domain.sync.start import SyncService
from backend.domain.sync.store_settings import StoreSettingsService
from backend.kit.clock import utc_now
from backend.ports.actor import Actor
from embedded_ui.panel.views import run_view, store_view
from embedded_ui.shell import Shell

MOST_RUNS = 30


@get("/stores/{store_id:uuid}")
async def show_store(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    stores: NamedDependency[StoreService],
    sync: NamedDependency[SyncService],
    latest_runs: NamedDependency[LatestRuns],
    listings: NamedDependency[Listings],
    store_settings: NamedDependency[StoreSettingsService],
    sync_schedules: NamedDependency[SyncSchedules],
    store_id: FromPath[uuid.UUID],
) -> Response[Any]:
    """Show a store."""
    store, now = await stores.store(actor, store_id), utc_now()
    schedules = await sync_schedules.of_store(actor, store_id)
    waiting = (await latest_runs.waiting(actor)).get(store_id)
    runs = [run_view(LatestRun(run=run, issues=[]), now) for run in await sync.history(actor, store_id, MOST_RUNS)]
    return shell.page(
        "store",
        view=store_view(store, None, now, schedules, waiting),
        counts=await listings.counts(actor, store_id),
        settings=await store_settings.read(actor, store_id),
        runs=runs,
        live=any(run.unfinished for run in runs),
    )
