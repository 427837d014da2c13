"""The services of one transaction, for handlers and flows; `backend.wiring` builds what they stand on."""

import uuid
from collections.abc import Mapping
from functools import cached_property
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.access.api_keys import ApiKeyService
from backend.domain.access.monitoring_tokens import MonitoringTokens
from backend.domain.access.passwords import AccessService
from backend.domain.access.registration import RegistrationService
from backend.domain.access.signing_keys import SigningKeys
from backend.domain.accounts.plans import Plans
from backend.domain.accounts.service import AccountService
from backend.domain.catalog.edits import CatalogEdits
from backend.domain.catalog.history_repository import ChangeHistory
from backend.domain.catalog.service import CatalogService
from backend.domain.events.service import EventRecorder
from backend.domain.feeds.service import FeedService
from backend.domain.inbound.log import WebhookLog
from backend.domain.jobs.service import JobRecorder
from backend.domain.pricing.batches import ProductBatches
from backend.domain.pricing.monitored import MonitoredProducts
from backend.domain.pricing.names import CatalogNames
from backend.domain.pricing.observations import Observations
from backend.domain.pricing.products import ProductLists
from backend.domain.pricing.urls import TrackedUrls
from backend.domain.privacy.requests import PrivacyService
from backend.domain.stock.ledger import StockLedger
from backend.domain.stock.oversells import OversellService
from backend.domain.stores.attachment import StoreAttachment
from backend.domain.stores.service import StoreService
from backend.domain.sync.conflicts import ConflictInbox
from backend.domain.sync.latest import LatestRuns
from backend.domain.sync.link_review import LinkReview
from backend.domain.sync.listings import Listings
from backend.domain.sync.previews import Previews
from backend.domain.sync.push_soon import PushRequests
from backend.domain.sync.restore import Restore
from backend.domain.sync.run_anyway import HeldRuns
from backend.domain.sync.schedules import SyncSchedules
from backend.domain.sync.start import SyncService
from backend.domain.sync.status import SyncStatusService
from backend.domain.sync.store_settings import StoreSettingsService
from backend.domain.sync.time_travel import TimeTravel
from backend.domain.sync.undo import Undo
from backend.jobs import JOBS
from backend.ports.job_queue import Doorbell, JobSpec
from backend.ports.store_platform import Platforms
from backend.settings import Settings

JOB_SPECS: Mapping[str, JobSpec] = {name: definition.spec for name, definition in JOBS.items()}


class Shared(Protocol):
    """What lives as long as the process, as far as services need it; `backend.wiring.Container` is one."""

    settings: Settings
    plans: Plans
    keys: SigningKeys

    @property
    def doorbell(self) -> Doorbell:
        """Tell workers of jobs."""
        ...

    @property
    def platforms(self) -> Platforms:
        """All platforms by name."""
        ...

    @property
    def product_lists(self) -> ProductLists:
        """Read long lists of products."""
        ...

    async def after_connect(self, session: AsyncSession, organization_id: uuid.UUID, store_id: uuid.UUID) -> None:
        """Record what follows a connect."""
        ...


class Services:
    """The services of one transaction, each built on first use; property names are the handlers' parameter names."""

    def __init__(self, container: Shared, session: AsyncSession) -> None:
        self.container = container
        self.session = session

    @cached_property
    def events(self) -> EventRecorder:
        """Record what happened."""
        return EventRecorder(self.session)

    @cached_property
    def jobs(self) -> JobRecorder:
        """Record work to be done."""
        return JobRecorder(self.session, JOB_SPECS, self.container.doorbell)

    @cached_property
    def accounts(self) -> AccountService:
        """Organizations, users, plans."""
        default_plan = self.container.settings.accounts.default_plan
        return AccountService(self.session, self.container.plans, default_plan)

    @cached_property
    def access(self) -> AccessService:
        """Tokens and passwords."""
        return AccessService(self.session, self.container.keys, self.jobs)

    @cached_property
    def api_keys(self) -> ApiKeyService:
        """API keys."""
        return ApiKeyService(self.session)

    @cached_property
    def monitoring_tokens(self) -> MonitoringTokens:
        """Tokens of the price monitoring API."""
        return MonitoringTokens(self.session)

    @cached_property
    def registration(self) -> RegistrationService:
        """Register stores' owners."""
        return RegistrationService(self.session, self.accounts, self.container.keys, self.container.platforms)

    @cached_property
    def stores(self) -> StoreService:
        """Stores of an organization."""
        return StoreService(self.session, self.accounts, self.events)

    @cached_property
    def store_attachment(self) -> StoreAttachment:
        """Take in stores by mailed links."""
        return StoreAttachment(self.session, self.container.after_connect)

    @cached_property
    def sync(self) -> SyncService:
        """Start runs and show them."""
        return SyncService(self.session, self.jobs)

    @cached_property
    def held_runs(self) -> HeldRuns:
        """Let held runs through."""
        return HeldRuns(self.session, self.sync, self.previews)

    @cached_property
    def push_requests(self) -> PushRequests:
        """Ask for pushes."""
        return PushRequests(self.session, self.jobs)

    @cached_property
    def previews(self) -> Previews:
        """Look at change sets, apply and discard them."""
        return Previews(self.session, self.jobs, self.container.platforms)

    @cached_property
    def undo(self) -> Undo:
        """Take runs back."""
        return Undo(self.session, self.jobs, self.container.platforms)

    @cached_property
    def time_travel(self) -> TimeTravel:
        """The history of products, and what they were at a time."""
        return TimeTravel(self.session)

    @cached_property
    def restore(self) -> Restore:
        """Plan to bring the catalog back to what it was."""
        return Restore(self.session, self.jobs, self.container.platforms)

    @cached_property
    def conflicts(self) -> ConflictInbox:
        """Fields that the hub and a store changed both."""
        return ConflictInbox(self.session, self.jobs)

    @cached_property
    def listings(self) -> Listings:
        """Listings of a store, their errors, and what is to be sold there."""
        return Listings(self.session, self.jobs)

    @cached_property
    def store_settings(self) -> StoreSettingsService:
        """Settings of a store."""
        return StoreSettingsService(self.session, self.jobs)

    @cached_property
    def link_review(self) -> LinkReview:
        """Decide which products of stores are the same article."""
        return LinkReview(self.session)

    @cached_property
    def catalog_edits(self) -> CatalogEdits:
        """Change synced fields of the catalog."""
        return CatalogEdits(self.session)

    @cached_property
    def stock_ledger(self) -> StockLedger:
        """Adjust and show stock."""
        return StockLedger(self.session)

    @cached_property
    def oversells(self) -> OversellService:
        """What was sold and nobody had."""
        return OversellService(self.session)

    @cached_property
    def change_history(self) -> ChangeHistory:
        """Look at what changed in the catalog."""
        return ChangeHistory(self.session)

    @cached_property
    def sync_schedules(self) -> SyncSchedules:
        """When stores are read without anybody asking."""
        return SyncSchedules(self.session)

    @cached_property
    def sync_status(self) -> SyncStatusService:
        """The numbers of an organization's sync."""
        return SyncStatusService(self.session)

    @cached_property
    def latest_runs(self) -> LatestRuns:
        """The newest run of each store."""
        return LatestRuns(self.session)

    @cached_property
    def catalog(self) -> CatalogService:
        """Look at products."""
        return CatalogService(self.session)

    @cached_property
    def monitored_products(self) -> MonitoredProducts:
        """Products whose prices are watched."""
        return MonitoredProducts(
            self.session,
            jobs=self.jobs,
            pushes=self.push_requests,
            accounts=self.accounts,
            lists=self.container.product_lists,
        )

    @cached_property
    def product_batches(self) -> ProductBatches:
        """Take lists of products in."""
        return ProductBatches(self.session, self.jobs, self.accounts)

    @cached_property
    def tracked_urls(self) -> TrackedUrls:
        """Pages on which prices are read."""
        return TrackedUrls(self.session, self.jobs)

    @cached_property
    def observations(self) -> Observations:
        """What was read on tracked pages."""
        return Observations(self.session)

    @cached_property
    def catalog_names(self) -> CatalogNames:
        """Brands and categories."""
        return CatalogNames(self.session, self.push_requests)

    @cached_property
    def privacy(self) -> PrivacyService:
        """Show requests about personal data."""
        return PrivacyService(self.session)

    @cached_property
    def webhook_log(self) -> WebhookLog:
        """List received webhooks and retry failed ones."""
        return WebhookLog(self.session, self.jobs)

    @cached_property
    def feeds(self) -> FeedService:
        """Create, publish and list feeds."""
        return FeedService(self.session, self.jobs)


def service_names() -> list[str]:
    """Return the names under which handlers get session services."""
    return [name for name, value in vars(Services).items() if isinstance(value, cached_property)]
