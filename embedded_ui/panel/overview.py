"""The first page: is everything well, and what to do where it is not."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency

from backend.domain.accounts.service import AccountService
from backend.domain.catalog.service import CatalogService
from backend.domain.feeds.service import FeedService
from backend.domain.stores.service import StoreService
from backend.domain.sync.latest import LatestRuns
from backend.domain.sync.schedules import SyncSchedules
from backend.kit.clock import utc_now
from backend.ports.actor import Actor
from backend.settings import Settings
from embedded_ui.panel.feeds import feed_views
from embedded_ui.panel.views import store_view
from embedded_ui.shell import Shell


@get("/")
async def show_overview(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    accounts: NamedDependency[AccountService],
    catalog: NamedDependency[CatalogService],
    stores: NamedDependency[StoreService],
    latest_runs: NamedDependency[LatestRuns],
    sync_schedules: NamedDependency[SyncSchedules],
    feeds: NamedDependency[FeedService],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """Show stores with their last runs, feeds, and how much of the plan is used."""
    now, runs = utc_now(), await latest_runs.by_store(actor)
    schedules, waiting = await sync_schedules.of_all(actor), await latest_runs.waiting(actor)
    shown = [
        store_view(store, runs.get(store.id), now, schedules.get(store.id, ()), waiting.get(store.id))
        for store in await stores.stores(actor)
    ]
    return shell.page(
        "overview",
        organization=await accounts.organization(actor),
        product_limit=(await accounts.limits(actor)).products,
        products=await catalog.count(actor),
        stores=[view for view in shown if view.store.state != "disconnected"],
        past_stores=[view for view in shown if view.store.state == "disconnected"],
        feeds=feed_views(await feeds.list(actor), settings.web.public_url),
        live=any(view.run and view.run.unfinished for view in shown),
    )
