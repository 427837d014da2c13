"""The flows of the sync, built from what a container holds; `wiring.Container` is one."""

import uuid
from functools import cached_property

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog.product_import import ProductImport
from backend.domain.jobs.service import JobRecorder
from backend.domain.stores.activation import mark_needs_reauth
from backend.domain.stores.opening import StoreOpening
from backend.domain.sync.follow_up import FollowUps
from backend.domain.sync.pull import StorePull
from backend.domain.sync.push_soon import DuePushes
from backend.domain.sync.pushing import StorePush
from backend.domain.sync.removed import RemovedProducts
from backend.domain.sync.retention import SyncRetention
from backend.domain.sync.schedules import DueSyncs
from backend.domain.sync.trouble import RunTrouble
from backend.kit.crypto import Sealer
from backend.kit.transaction import Transactions
from backend.ports.store_platform import Platforms


class SyncFlows:
    """Builds each flow on first use."""

    begin: Transactions
    sealer: Sealer
    platforms: Platforms

    def job_recorder(self, session: AsyncSession) -> JobRecorder:
        """Return what records work in a transaction."""
        raise NotImplementedError

    async def product_limit(self, session: AsyncSession, organization_id: uuid.UUID) -> int | None:
        """Return how many products an organization's plan holds; None: as many as it likes."""
        raise NotImplementedError

    @cached_property
    def follow_ups(self) -> FollowUps:
        """Start the run behind a run."""
        return FollowUps(self.begin, self.job_recorder)

    @cached_property
    def due_syncs(self) -> DueSyncs:
        """Start runs whose time has come."""
        return DueSyncs(self.begin, self.job_recorder)

    @cached_property
    def sync_retention(self) -> SyncRetention:
        """Forget old runs and events."""
        return SyncRetention(self.begin)

    @cached_property
    def removed_products(self) -> RemovedProducts:
        """Ask stores for products they are said to have removed."""
        return RemovedProducts(self.begin, StoreOpening(self.begin, self.sealer, self.platforms))

    @cached_property
    def store_pull(self) -> StorePull:
        """Work pulls off."""
        opener = StoreOpening(self.begin, self.sealer, self.platforms)
        return StorePull(self.begin, opener, self.product_limit, self.job_recorder)

    @cached_property
    def store_push(self) -> StorePush:
        """Work writing runs off."""
        opener = StoreOpening(self.begin, self.sealer, self.platforms)
        return StorePush(self.begin, opener, self.platforms, self.job_recorder)

    @cached_property
    def due_pushes(self) -> DuePushes:
        """Ask for pushes of stores in which something is due."""
        return DuePushes(self.begin, self.job_recorder)

    @cached_property
    def product_import(self) -> ProductImport:
        """Import product files."""
        return ProductImport(self.begin, self.product_limit)

    @cached_property
    def run_trouble(self) -> RunTrouble:
        """Note and end runs that a store fails."""
        return RunTrouble(self.begin, mark_needs_reauth)
