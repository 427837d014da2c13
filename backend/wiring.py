"""The only file that knows adapters: settings in, everything built, for web, worker, command line and tests."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from backend.domain.access.key_auth import KeyAuthenticator
from backend.domain.access.key_usage import KeyUsage, KeyUsageRetention
from backend.domain.access.monitoring_tokens import MonitoringAuthenticator
from backend.domain.access.passwords import PasswordLinkMailing, PasswordLogin
from backend.domain.access.signing_keys import SigningKeys
from backend.domain.access.tokens import Authenticator
from backend.domain.accounts.plans import Plans, load_plans
from backend.domain.feeds.generate import FeedGenerator
from backend.domain.feeds.published import PublishedFeeds
from backend.domain.inbound.intake import WebhookIntake
from backend.domain.inbound.log import PROCESS_JOB
from backend.domain.inbound.processing import WebhookProcessing
from backend.domain.inbound.repository import WebhookKeeping
from backend.domain.inbound.retention import WebhookRetention
from backend.domain.inbound.shopify_bodies import personal_data_request
from backend.domain.inbound.signers import Signers
from backend.domain.inbound.topics import TOPICS
from backend.domain.jobs.service import JobRecorder
from backend.domain.pricing.batches import BatchImport
from backend.domain.pricing.observations import ForgetObservations
from backend.domain.pricing.price_history import PriceHistory
from backend.domain.pricing.products import ProductLists
from backend.domain.pricing.settings import PricingSettings
from backend.domain.pricing.stats import StatsReader
from backend.domain.privacy.carry_out import PrivacyWork
from backend.domain.privacy.exports import PrivacyExports
from backend.domain.privacy.mailing import ExportMailing
from backend.domain.stores.attachment import AttachLinkMailing
from backend.domain.stores.connecting import StoreConnecting
from backend.domain.stores.credentials import SecretRotation
from backend.domain.stores.disconnecting import StoreDisconnecting
from backend.domain.stores.embedded_entry import EmbeddedEntry
from backend.domain.stores.opening import StoreOpening
from backend.domain.stores.repository import StoreRepository
from backend.domain.stores.shopify_oauth import ShopifyOAuth
from backend.domain.stores.subscriptions import StoreSubscriptions
from backend.domain.stores.token_exchange import TokenExchange
from backend.domain.sync.repository import SyncRepository
from backend.gateways.arq_doorbell import ArqDoorbell, deserialize, queue_name, redis_settings, serialize
from backend.gateways.blob_files import FileBlobStore, folder_of
from backend.gateways.mail import OutboxMailer, SmtpMailer
from backend.gateways.numeric_codec import remember_amounts
from backend.gateways.outbound import GuardedClients
from backend.gateways.rate_limiter import RedisRateLimiter
from backend.gateways.send_buffer import widen_send_buffer
from backend.gateways.shop_budget import RedisShopBudget
from backend.jobs import JOBS
from backend.jobs.runtime import JobRunner
from backend.kit.crypto import Sealer
from backend.kit.database_url import driver_url
from backend.kit.errors import not_found
from backend.kit.quick_reads import QuickReads
from backend.kit.transaction import LoneStatements, Transactions, transactions
from backend.ports.actor import Actor, system_actor
from backend.ports.mailer import Mailer
from backend.ports.shopify_app import ShopifyApp
from backend.services import JOB_SPECS, Services, service_names
from backend.settings import Settings, Shopify
from backend.sync_flows import SyncFlows
from plugin_bridge.registry import RECEIVERS, Registry
from plugin_bridge.sandbox.definitions import ReadCatalog
from plugin_bridge.sandbox.host import create_host
from plugin_bridge.sandbox.shopify import AppOptions
from plugin_bridge.shopify.app import ShopifyApplication


class Container(SyncFlows):
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
        self.platforms = Registry(GuardedClients(settings.outbound), settings, RedisShopBudget(self.redis))
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
    def key_authenticator(self) -> KeyAuthenticator:
        """Tell who bears an API key."""
        return KeyAuthenticator(self.begin, self.plans)

    @cached_property
    def key_usage(self) -> KeyUsage:
        """Note what API keys are used for."""
        return KeyUsage(self.begin)

    @cached_property
    def key_usage_retention(self) -> KeyUsageRetention:
        """Forget old uses of API keys."""
        return KeyUsageRetention(self.begin)

    @cached_property
    def monitoring_authenticator(self) -> MonitoringAuthenticator:
        """Tell who bears a monitoring token."""
        return MonitoringAuthenticator(self.begin, self.plans)

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
            on_connected=self.after_connect,
        )

    @cached_property
    def shopify_app(self) -> ShopifyApp:
        """This server's app at Shopify."""
        return ShopifyApplication(GuardedClients(self.settings.outbound), self.settings.shopify)

    @cached_property
    def token_exchange(self) -> TokenExchange:
        """Turn what Shopify proves into tokens."""
        return TokenExchange(self.begin, platforms=self.platforms, sealer=self.sealer, on_connected=self.after_connect)

    @cached_property
    def shopify_oauth(self) -> ShopifyOAuth:
        """Connect Shopify stores by their consent pages."""
        return ShopifyOAuth(
            self.begin,
            app=self.shopify_app,
            platforms=self.platforms,
            exchange=self.token_exchange,
            public_url=self.settings.web.public_url,
        )

    @cached_property
    def embedded_entry(self) -> EmbeddedEntry:
        """Let merchants in who open us inside their shop's admin."""
        return EmbeddedEntry(
            self.begin,
            app=self.shopify_app,
            platforms=self.platforms,
            exchange=self.token_exchange,
            accounts=lambda session: self.services(session).accounts,
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
    def webhook_intake(self) -> WebhookIntake:
        """Take webhooks in."""
        shopify = self.settings.shopify
        secrets = tuple(secret for secret in (shopify.client_secret, shopify.client_secret_old) if secret)
        signers = Signers(self.begin, self.sealer, {"shopify": secrets})
        receivers = {name: make() for name, make in RECEIVERS.items()}
        keeping = WebhookKeeping(LoneStatements(self.engine))
        return WebhookIntake(keeping, receivers, signers, self.doorbell, JOB_SPECS[PROCESS_JOB])

    @cached_property
    def webhook_processing(self) -> WebhookProcessing:
        """Work received webhooks off."""
        return WebhookProcessing(self.begin, TOPICS, self.job_recorder)

    @cached_property
    def webhook_retention(self) -> WebhookRetention:
        """Forget old webhooks."""
        return WebhookRetention(self.begin)

    @cached_property
    def privacy_work(self) -> PrivacyWork:
        """Carry requests about personal data out."""
        readers = {"shopify": personal_data_request}
        return PrivacyWork(self.begin, self.blobs, readers, self.job_recorder)

    @cached_property
    def privacy_exports(self) -> PrivacyExports:
        """Hand exports out and remove old ones."""
        return PrivacyExports(self.begin, self.blobs)

    @cached_property
    def export_mailing(self) -> ExportMailing:
        """Mail that an export waits."""
        return ExportMailing(self.begin, self.mailer, self.settings.web.public_url)

    @cached_property
    def store_subscriptions(self) -> StoreSubscriptions:
        """Set up the webhooks of stores."""
        return StoreSubscriptions(
            self.begin,
            platforms=self.platforms,
            sealer=self.sealer,
            opener=StoreOpening(self.begin, self.sealer, self.platforms),
            jobs=self.job_recorder,
            public_url=self.settings.web.public_url,
        )

    @cached_property
    def store_disconnecting(self) -> StoreDisconnecting:
        """Let stores go."""
        return StoreDisconnecting(self.begin, lambda session: self.services(session).stores, self.store_subscriptions)

    @cached_property
    def quick_reads(self) -> QuickReads:
        """Read what is asked for often."""
        return QuickReads(self.engine)

    @cached_property
    def product_lists(self) -> ProductLists:
        """Read lists of watched products."""
        return ProductLists(self.quick_reads)

    @cached_property
    def price_history(self) -> PriceHistory:
        """Read how prices came to be."""
        return PriceHistory(self.quick_reads)

    @cached_property
    def pricing_settings(self) -> PricingSettings:
        """Set the limits of watched products."""
        return PricingSettings(self.begin, self.product_lists)

    @cached_property
    def pricing_stats(self) -> StatsReader:
        """Count what is watched."""
        return StatsReader(self.quick_reads, self.product_lists)

    @cached_property
    def batch_import(self) -> BatchImport:
        """Import lists of products."""
        return BatchImport(self.begin, self.product_limit)

    @cached_property
    def forget_observations(self) -> ForgetObservations:
        """Delete what was read on pages that are tracked no more."""
        return ForgetObservations(self.begin)

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

    async def after_connect(self, session: AsyncSession, organization_id: uuid.UUID, store_id: uuid.UUID) -> None:
        """Have a store's whole catalog read, now and regularly, and its webhooks set up."""
        await self.store_subscriptions.request(session, organization_id, store_id)
        actor, services = system_actor(organization_id), self.services(session)
        await services.sync_schedules.begin(actor, store_id)
        await services.sync.request_pull(actor, store_id, mode="full")

    async def operator_for_store(self, store_id: uuid.UUID) -> Actor:
        """Return the operator acting inside a store's organization; raise not_found for an unknown store."""
        async with self.begin() as session:
            store = await StoreRepository(session).by_id(store_id)
        if store is None:
            raise not_found("Store")
        return system_actor(store.organization_id)

    async def operator_for_run(self, run_id: uuid.UUID) -> Actor:
        """Return the operator acting inside a run's organization; raise not_found for an unknown run."""
        async with self.begin() as session:
            found = await SyncRepository(session).lock(run_id)
        if found is None:
            raise not_found("Sync run")
        return system_actor(found[0].organization_id)

    async def product_limit(self, session: AsyncSession, organization_id: uuid.UUID) -> int | None:
        """Return how many products an organization's plan holds; None: as many as it likes."""
        return (await self.services(session).accounts.limits(system_actor(organization_id))).products

    def job_recorder(self, session: AsyncSession) -> JobRecorder:
        """Return what records work in a transaction."""
        return self.services(session).jobs

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
        if "webhook_intake" in self.__dict__:
            await self.webhook_intake.aclose()
        if "quick_reads" in self.__dict__:
            await self.quick_reads.aclose()
        if "key_usage" in self.__dict__:
            await self.key_usage.aclose()
        await self.doorbell.aclose()
        await self.limiter.aclose()
        await self.redis.aclose()
        await self.engine.dispose()


def _engine(settings: Settings) -> AsyncEngine:
    url = driver_url(settings.database.url)
    size = settings.database.pool_size
    engine = create_async_engine(url, pool_size=size, max_overflow=size, pool_pre_ping=True)
    event.listen(engine.sync_engine, "connect", remember_amounts)
    event.listen(engine.sync_engine, "connect", widen_send_buffer)
    return engine


def sandbox_host(
    *, folder: Path, token: str, base_url: str, read_catalog: ReadCatalog, shopify: Shopify, public_url: str
) -> Any:
    """Return the ASGI application that hosts simulated stores; see `plugin_bridge.sandbox.host.create_host`.

    Args:     shopify: the app that simulated shops know, when they live here. public_url: where the app is reached.
    """
    simulated = shopify.configured and shopify.shop_url.startswith(base_url)
    app = AppOptions(client_id=shopify.client_id, client_secret=shopify.client_secret, base_url=public_url)
    return create_host(folder, token, base_url, read_catalog, shopify_app=app if simulated else None)


def flow_names() -> list[str]:
    """Return the names under which handlers get flows, which open their own transactions."""
    return [
        name for name, value in {**vars(SyncFlows), **vars(Container)}.items() if isinstance(value, cached_property)
    ]


__all__ = ["Container", "Services", "flow_names", "service_names"]
