"""A store whose pages a test writes by hand, worked off by the real pull."""

import uuid
from collections.abc import AsyncIterator, Sequence

from backend.domain.sync.pull import StorePull
from backend.models.stores import Store
from backend.models.sync import SyncRun
from backend.ports.actor import Actor
from backend.ports.store_platform import CatalogPage, PlatformProduct, PlatformVariant, PullRequest, RowIssue
from tests.support.product import Workbench


class ShownStore:
    """One connected store of a new organization; each pull shows what the test says."""

    def __init__(self, bench: Workbench, actor: Actor, store_id: uuid.UUID) -> None:
        self.bench, self.actor, self.store_id = bench, actor, store_id
        self._pages: list[CatalogPage] = []

    @classmethod
    async def connect(cls, bench: Workbench, plan: str = "enterprise") -> "ShownStore":
        """Connect an empty simulated store and work its first pull off."""
        actor = await bench.organization(plan)
        store_id = await bench.connect(actor, bench.store([]))
        await bench.work_off()
        return cls(bench, actor, store_id)

    async def pull(
        self,
        mode: str,
        *products: PlatformProduct,
        apart: Sequence[PlatformVariant] = (),
        issues: Sequence[RowIssue] = (),
        listed_apart: int | None = None,
    ) -> SyncRun:
        """Pull a first page with the products and a second with the variants that come apart from them."""
        told = {"products": len(products), "variants": len(apart) if listed_apart is None else listed_apart}
        self._pages = [
            CatalogPage(cursor="1:variants:0:100::", products=products, expected=told),
            CatalogPage(
                cursor="1:variants:100:100::", variants=tuple(apart), issues=tuple(issues), expected=told, last=True
            ),
        ]
        container = self.bench.container
        async with container.transaction() as services:
            run = await services.sync.request_pull(self.actor, self.store_id, mode=mode)
        await StorePull(container.begin, self, container.product_limit).run(run.id)
        await self.bench.work_off()
        return await self.bench.run(self.actor, run.id)

    async def open(self, store: Store) -> "ShownStore":
        """Be its own platform."""
        return self

    async def read_catalog(self, request: PullRequest) -> AsyncIterator[CatalogPage]:
        """Show the pages, on each walk from the beginning."""
        for page in self._pages:
            yield page

    async def still_listed(self, products: Sequence[str], variants: Sequence[str]) -> bool:
        """Say that what a walk did not meet is gone."""
        return False

    async def aclose(self) -> None:
        """Nothing to close."""

    async def rows(self, statement: str) -> list[tuple[object, ...]]:
        """Return the rows of a query whose `:org` is this organization."""
        return await self.bench.rows(statement, org=self.actor.tenant)
