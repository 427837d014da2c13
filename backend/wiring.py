"""The only file that knows adapters: settings in, everything built, for web, worker, command line and tests."""

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from backend.domain.access.api_keys import ApiKeyService
from backend.domain.access.passwords import AccessService, PasswordLinkMailing, PasswordLogin
from backend.domain.access.registration import RegistrationService
from backend.domain.access.signing_keys import SigningKeys
from backend.domain.access.tokens import Authenticator
from backend.domain.accounts.plans import Plans, load_plans
from backend.domain.accounts.service import AccountService
from backend.domain.catalog.product_import import ProductImport
from backend.domain.catalog.service import CatalogService
from backend.domain.events.service import EventRecorder
from backend.domain.feeds.generate import FeedGenerator
from backend.domain.feeds.published import PublishedFeeds
from backend.domain.feeds.service import FeedService
from backend.domain.jobs.service import JobRecorder
from backend.domain.stores.activation import mark_needs_reauth
from backend.domain.stores.attachment import AttachLinkMailing, StoreAttachment
from backend.domain.stores.connecting import StoreConnecting
from backend.domain.stores.credentials import SecretRotation, StoreOpening
from backend.domain.stores.repository import StoreRepository
from backend.domain.stores.service import StoreService
from backend.domain.stores.shopify_oauth import ShopifyOAuth
from backend.domain.sync.latest import LatestRuns
from backend.domain.sync.pull import StorePull
from backend.domain.sync.start import SyncService
from backend.domain.sync.status import SyncStatusService
from backend.domain.sync.trouble import RunTrouble
from backend.gateways.arq_doorbell import ArqDoorbell, deserialize, queue_name, redis_settings, serialize
from backend.gateways.blob_files import FileBlobStore, folder_of
from backend.gateways.mail import OutboxMailer, SmtpMailer
from backend.gateways.outbound import GuardedClients
from backend.gateways.rate_limiter import RedisRateLimiter
from backend.jobs import JOBS
from backend.jobs.runtime import JobRunner
from backend.kit.crypto import Sealer
from backend.kit.database_url import driver_url
from backend.kit.errors import not_found
from backend.kit.transaction import Transactions, transactions
from backend.ports.actor import Actor, system_actor
from backend.ports.job_queue import JobSpec
from backend.ports.mailer import Mailer
from backend.settings import Settings
from plugin_bridge.registry import Registry
from plugin_bridge.sandbox.definitions import ReadCatalog
from plugin_bridge.sandbox.host import create_host

JOB_SPECS: Mapping[str, JobSpec] = {name: definition.spec for name, definition in JOBS.items()}


class Services:
    """The services of one transaction, each built on first use; property names are the handlers' parameter names."""

    def __init__(self, container: "Container", session: AsyncSession) -> None:
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
    def registration(self) -> RegistrationService:
        """Register stores' owners."""
        return RegistrationService(self.session, self.accounts, self.container.keys, self.container.platforms)

    @cached_property
    def stores(self) -> StoreService:
        """Stores of an organization."""
        return StoreService(self.session, self.accounts, self.events)

    @cached_property
    def shopify_oauth(self) -> ShopifyOAuth:
        """Begin to connect Shopify stores."""
        return ShopifyOAuth(self.stores, self.container.settings.shopify)

    @cached_property
    def store_attachment(self) -> StoreAttachment:
        """Take in stores by mailed links."""
        return StoreAttachment(self.session, self.container.pull_everything)

    @cached_property
    def sync(self) -> SyncService:
        """Start runs and show them."""
        return SyncService(self.session, self.jobs)

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
    def feeds(self) -> FeedService:
        """Create, publish and list feeds."""
        return FeedService(self.session, self.jobs)


class Container:
    """Everything that lives as long as the process; close it with `aclose`."""

    def __init__(self, settings: Settings, data_dir: Path | None = None) -> None:
        self.settings = settings
        self.data_dir = data_dir or Path(".storeloom")
        self.engine: AsyncEngine = _engine(settings)
        self.begin: Transactions = transactions(async_sessionmaker(self.engine, expire_on_commit=False))
        self.doorbell = ArqDoorbell(settings.redis.url)
        self.redis: Redis = Redis.from_url(settings.redis.url)
        self.sealer = Sealer(settings.secrets.keys)
        self.plans: Plans = load_plans(settings.accounts.plans_file)
        self.keys = SigningKeys(self.begin, self.sealer)
        self.limiter = RedisRateLimiter(self.redis, fails_open=settings.web.limiter_fails_open)
        self.blobs = FileBlobStore(
            folder_of(settings.blob_url) if settings.blob_url else self.data_dir.absolute() / "blobs"
        )
        self.platforms = Registry(GuardedClients(settings.outbound), settings.outbound)
        self.mailer: Mailer = (
            SmtpMailer(settings.mail.smtp_url, settings.mail.sender)
            if settings.mail.smtp_url
            else OutboxMailer(self.data_dir / "outbox", settings.mail.sender)
        )

    @cached_property
    def authenticator(self) -> Authenticator:
        """Tell who bears a token."""
        return Authenticator(self.begin, self.keys)

    @cached_property
    def password_login(self) -> PasswordLogin:
        """Log people in."""
        return PasswordLogin(self.begin, self.keys)

    @cached_property
    def store_connecting(self) -> StoreConnecting:
        """Connect stores."""
        return StoreConnecting(
            self.begin,
            platforms=self.platforms,
            sealer=self.sealer,
            keys=self.keys,
            accounts=lambda session: self.services(session).accounts,
            jobs=lambda session: self.services(session).jobs,
            on_connected=self.pull_everything,
        )

    @cached_property
    def password_link_mailing(self) -> PasswordLinkMailing:
        """Mail links that set passwords."""
        return PasswordLinkMailing(self.begin, self.mailer, self.settings.web.public_url)

    @cached_property
    def attach_link_mailing(self) -> AttachLinkMailing:
        """Mail links that attach stores."""
        return AttachLinkMailing(self.begin, self.mailer, self.settings.web.public_url)

    @cached_property
    def secret_rotation(self) -> SecretRotation:
        """Seal everything anew."""
        return SecretRotation(self.begin, self.sealer, self.keys)

    @cached_property
    def store_pull(self) -> StorePull:
        """Work pulls off."""
        opener = StoreOpening(self.begin, self.sealer, self.platforms)
        return StorePull(self.begin, opener, self.product_limit)

    @cached_property
    def product_import(self) -> ProductImport:
        """Import product files."""
        return ProductImport(self.begin, self.product_limit)

    @cached_property
    def run_trouble(self) -> RunTrouble:
        """Note and end runs that a store fails."""
        return RunTrouble(self.begin, mark_needs_reauth)

    @cached_property
    def feed_generator(self) -> FeedGenerator:
        """Generate feeds."""
        max_age_s = self.settings.feeds.max_age_s
        return FeedGenerator(self.begin, self.blobs, public_url=self.settings.web.public_url, max_age_s=max_age_s)

    @cached_property
    def published_feeds(self) -> PublishedFeeds:
        """Serve published feeds."""
        return PublishedFeeds(
            self.begin,
            self.blobs,
            lambda session: self.services(session).jobs,
            max_age_s=self.settings.feeds.max_age_s,
            wait_s=self.settings.feeds.wait_s,
        )

    async def pull_everything(self, session: AsyncSession, organization_id: uuid.UUID, store_id: uuid.UUID) -> None:
        """Have a store's whole catalog read: what follows a connect."""
        await self.services(session).sync.request_pull(system_actor(organization_id), store_id, mode="full")

    async def operator_for_store(self, store_id: uuid.UUID) -> Actor:
        """Return the operator acting inside a store's organization; raise not_found for an unknown store."""
        async with self.begin() as session:
            store = await StoreRepository(session).by_id(store_id)
        if store is None:
            raise not_found("Store")
        return system_actor(store.organization_id)

    async def product_limit(self, session: AsyncSession, organization_id: uuid.UUID) -> int | None:
        """Return how many products an organization's plan holds; None: as many as it likes."""
        return (await self.services(session).accounts.limits(system_actor(organization_id))).products

    def services(self, session: AsyncSession) -> Services:
        """Return the services of one transaction."""
        return Services(self, session)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Services]:
        """Open one transaction and its services; commits at the end."""
        async with self.begin() as session:
            yield self.services(session)

    def job_runner(self) -> JobRunner:
        """Return what works off job rows."""
        return JobRunner(self.begin, self, JOBS, lease_s=self.settings.jobs.lease_s)

    def arq_options(self, queue: str) -> dict[str, Any]:
        """Return what arq's worker needs to listen to *queue*."""
        return {
            "redis_settings": redis_settings(self.settings.redis.url),
            "queue_name": queue_name(queue),
            "job_serializer": serialize,
            "job_deserializer": deserialize,
        }

    async def aclose(self) -> None:
        """Close connections and pools."""
        await self.doorbell.aclose()
        await self.limiter.aclose()
        await self.redis.aclose()
        await self.engine.dispose()


def _engine(settings: Settings) -> AsyncEngine:
    url = driver_url(settings.database.url)
    return create_async_engine(
        url, pool_size=settings.database.pool_size, max_overflow=settings.database.pool_size, pool_pre_ping=True
    )


def sandbox_host(*, folder: Path, token: str, base_url: str, read_catalog: ReadCatalog) -> Any:
    """Return the ASGI application that hosts simulated stores; see `plugin_bridge.sandbox.host.create_host`."""
    return create_host(folder, token, base_url, read_catalog)


def service_names() -> list[str]:
    """Return the names under which handlers get session services."""
    return [name for name, value in vars(Services).items() if isinstance(value, cached_property)]


def flow_names() -> list[str]:
    """Return the names under which handlers get flows, which open their own transactions."""
    return [name for name, value in vars(Container).items() if isinstance(value, cached_property)]


__all__ = ["Container", "Services", "flow_names", "service_names"]
