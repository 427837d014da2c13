"""A WooCommerce store as the business sees it: who it is, and its catalog page by page."""

from collections.abc import AsyncIterator, Mapping, Sequence

from backend.ports.store_platform import CatalogPage, IdPage, PlatformVariant, PullRequest, RowIssue, StoreIdentity
from backend.ports.store_writes import StoreWrite, WriteResult
from plugin_bridge.woocommerce.batches import BatchSize
from plugin_bridge.woocommerce.catalog import CatalogReader, ListPage, category_paths
from plugin_bridge.woocommerce.client import WooClient
from plugin_bridge.woocommerce.connect import identify
from plugin_bridge.woocommerce.listed_ids import ListedIds
from plugin_bridge.woocommerce.mapping import Mapper, Shop
from plugin_bridge.woocommerce.paging import NESTED, PRODUCTS, VARIANTS, Cursor, ListWalk, Step, read_cursor
from plugin_bridge.woocommerce.progress import exists, expected, told_nested, told_products, told_variants
from plugin_bridge.woocommerce.subscriptions import Subscriptions
from plugin_bridge.woocommerce.writing import StoreWriter


class WooStore:
    """Implements `StorePlatform` for one store.

    Args:     facts: what `identify` found last time; without it the walk finds out what it needs.
    """

    def __init__(self, client: WooClient, facts: Mapping[str, str]) -> None:
        self._client = client
        self._facts = dict(facts)
        self._paths: dict[int, str] | None = None
        self._batch_size = BatchSize()

    async def identify(self) -> StoreIdentity:
        """Climb the connect ladder; see `connect.identify` for the causes it names."""
        self._client.insist = True
        try:
            identity = await identify(self._client)
        finally:
            self._client.insist = False
        self._facts = dict(identity.facts)
        return identity

    async def still_listed(self, products: Sequence[str], variants: Sequence[str]) -> bool:
        """Ask for the ids themselves; without a list of all variations, those were read whole with their parents."""
        reader = CatalogReader(self._client)
        # A simple product is its own variant: only real variations are in the list of variations.
        own = set(products)
        apart = [one for one in variants if one not in own]
        if await reader.any_listed("products", products):
            return True
        return self._facts.get("variations") == "yes" and await reader.any_listed("variations", apart)

    async def list_ids(self, cursor: str | None) -> AsyncIterator[IdPage]:
        """Walk ids of products, then of variations; see the port."""
        ids = ListedIds(self._client, apart=self._facts.get("variations") != "no", ahead=self._ahead)
        async for page in ids.pages(cursor):
            yield page

    async def write(
        self, writes: Sequence[StoreWrite], *, repeated: bool = False
    ) -> AsyncIterator[Sequence[WriteResult]]:
        """Carry writes out; see the port."""
        writer = StoreWriter(self._client, self._facts, self._batch_size)
        async for results in writer.write(writes, repeated=repeated):
            yield results

    async def subscribe(self, delivery_url: str, secret: str) -> None:
        """Make and repair our webhooks; see the port."""
        await Subscriptions(self._client).set_up(delivery_url, secret)

    async def unsubscribe(self, delivery_url: str) -> None:
        """Remove our webhooks; see the port."""
        await Subscriptions(self._client).remove(delivery_url)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def read_catalog(self, request: PullRequest) -> AsyncIterator[CatalogPage]:
        """Walk products, then variations, both by id; see the port.

        Stores without a list of all variations get theirs together with each page of products.
        """
        cursor = read_cursor(request.cursor)
        reader = CatalogReader(self._client, request.since)
        if self._facts.get("variations") == "no" or (cursor is not None and cursor.stream == NESTED):
            pages = self._nested(reader, cursor)
        else:
            pages = self._apart(reader, cursor)
        async for page in pages:
            yield page

    async def _apart(self, reader: CatalogReader, cursor: Cursor | None) -> AsyncIterator[CatalogPage]:
        at = cursor if cursor is not None and cursor.stream != NESTED else Cursor(stream=PRODUCTS)
        behind = at.stream == VARIANTS
        variants = ListWalk(
            reader.variations, offset=at.offset if behind else 0, size=at.size if behind else 100, ahead=self._ahead
        )
        products = ListWalk(reader.products, offset=at.offset, size=at.size, ahead=self._ahead)
        try:
            if not behind:
                products.start()
            if not await exists(variants):
                await products.stop()
                async for page in self._nested(reader, None):
                    yield page
                return
            told = at
            if not behind:
                async for step in products.steps():
                    told = told_products(told, step)
                    yield await self._products_page(step, told)
            async for variant_step in variants.steps():
                told = told_variants(told, variant_step)
                yield self._variants_page(variant_step, told)
        finally:
            await products.stop()
            await variants.stop()

    async def _nested(self, reader: CatalogReader, cursor: Cursor | None) -> AsyncIterator[CatalogPage]:
        told = cursor if cursor is not None and cursor.stream == NESTED else Cursor(stream=NESTED)
        walk = ListWalk(reader.products_with_variations, offset=told.offset, size=told.size, ahead=min(2, self._ahead))
        async for step in walk.steps():
            told = told_nested(told, step)
            yield await self._nested_page(step, told)

    @property
    def _ahead(self) -> int:
        return self._client.traffic.pace.most * 2

    async def _products_page(self, step: Step[ListPage], told: Cursor) -> CatalogPage:
        mapper = Mapper(step.page.rows, await self._shop(step.page))
        return CatalogPage(
            cursor=told.text(),
            products=mapper.products(),
            issues=tuple(mapper.issues),
            expected=expected(told),
        )

    def _variants_page(self, step: Step[ListPage], told: Cursor) -> CatalogPage:
        mapper = Mapper(step.page.rows, self._plain_shop())
        return CatalogPage(
            cursor=told.text(),
            variants=mapper.variants(),
            issues=tuple(mapper.issues),
            expected=expected(told),
            last=step.next_offset is None,
        )

    async def _nested_page(self, step: Step[ListPage], told: Cursor) -> CatalogPage:
        mapper = Mapper(step.page.rows, await self._shop(step.page))
        products = mapper.products()
        variants: list[PlatformVariant] = []
        issues: list[RowIssue] = list(mapper.issues)
        for parent, rows in step.page.nested:
            inner = Mapper(rows, self._plain_shop())
            variants += inner.variants(parent)
            issues += inner.issues
        last = step.next_offset is None
        return CatalogPage(
            cursor=told.text(),
            products=products,
            variants=tuple(variants),
            issues=tuple(issues),
            # How many variations there are in all is known only when every parent has been asked.
            expected=expected(told) if last else {k: v for k, v in expected(told).items() if k == "products"},
            last=last,
        )

    async def _shop(self, page: ListPage) -> Shop:
        if self._paths is None and any(item.categories for item in page.rows.items):
            self._paths = await category_paths(self._client)
        return Shop(weight_unit=self._facts.get("weight_unit", "kg"), category_paths=self._paths or {})

    def _plain_shop(self) -> Shop:
        return Shop(weight_unit=self._facts.get("weight_unit", "kg"))
