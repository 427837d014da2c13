"""A store whose pages a test writes by hand, worked off by the real pull."""

import uuid
from collections.abc import AsyncIterator, Sequence

from backend.domain.sync.pull import StorePull
from backend.models.stores import Store
from backend.models.sync import SyncRun
from backend.ports.actor import Actor
from backend.ports.store_platform import (
    CatalogPage,
    IdPage,
    PlatformProduct,
    PlatformVariant,
    PullRequest,
    RowIssue,
)
from tests.support.product import Workbench


class ShownStore:
    """One connected store of a new organization; each pull shows what the test says."""

    def __init__(self, bench: Workbench, actor: Actor, store_id: uuid.UUID) -> None:
        self.bench, self.actor, self.store_id = bench, actor, store_id
        self._pages: list[CatalogPage] = []
        self.still_there = False
        """What the store says when it is asked for what a walk did not meet."""

    @classmethod
    async def connect(cls, bench: Workbench, plan: str = "enterprise") -> "ShownStore":
        """Connect an empty simulated store and work its first pull off."""
        actor = await bench.organization(plan)
        store_id = await bench.connect(actor, bench.store([]))
        await bench.work_off()
        return cls(bench, actor, store_id)

    def show(self, *pages: CatalogPage) -> None:
        """Have these pages shown from now on."""
        self._pages = list(pages)

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
        self.show(
            CatalogPage(cursor="1:variants:0:100::", products=products, expected=told),
            CatalogPage(
                cursor="1:variants:100:100::", variants=tuple(apart), issues=tuple(issues), expected=told, last=True
            ),
        )
        return await self.run(mode)

    async def run(self, mode: str) -> SyncRun:
        """Pull what is shown now, and work off what follows."""
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

    async def list_ids(self, cursor: str | None) -> AsyncIterator[IdPage]:
        """Show the ids of the pages, those that were seen left out."""
        behind = [page.cursor for page in self._pages].index(cursor) + 1 if cursor is not None else 0
        for page in self._pages[behind:]:
            inside = tuple(variant.external_id for product in page.products for variant in product.variants)
            yield IdPage(
                cursor=page.cursor,
                products=tuple(product.external_id for product in page.products),
                variants=inside or tuple(variant.external_id for variant in page.variants),
                inside=bool(inside),
                expected=page.expected,
                last=page.last,
            )

    async def still_listed(self, products: Sequence[str], variants: Sequence[str]) -> bool:
        """Say that what a walk did not meet is gone, or that it is not."""
        return self.still_there

    async def aclose(self) -> None:
        """Nothing to close."""

    async def rows(self, statement: str) -> list[tuple[object, ...]]:
        """Return the rows of a query whose `:org` is this organization."""
        return await self.bench.rows(statement, org=self.actor.tenant)
