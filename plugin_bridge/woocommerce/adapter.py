"""A WooCommerce store as the business sees it: who it is, and its catalog page by page."""

from collections.abc import AsyncIterator, Mapping, Sequence

from backend.ports.platform_errors import PlatformError, StoreRefused
from backend.ports.store_platform import CatalogPage, PlatformVariant, PullRequest, RowIssue, StoreIdentity
from plugin_bridge.woocommerce.catalog import CatalogReader, ListPage, category_paths
from plugin_bridge.woocommerce.client import WooClient
from plugin_bridge.woocommerce.connect import identify
from plugin_bridge.woocommerce.mapping import Mapper, Shop
from plugin_bridge.woocommerce.paging import NESTED, PRODUCTS, VARIANTS, Cursor, ListWalk, Step, read_cursor
from plugin_bridge.woocommerce.subscriptions import Subscriptions


class WooStore:
    """Implements `StorePlatform` for one store.

    Args:     facts: what `identify` found last time; without it the walk finds out what it needs.
    """

    def __init__(self, client: WooClient, facts: Mapping[str, str]) -> None:
        self._client = client
        self._facts = dict(facts)
        self._paths: dict[int, str] | None = None

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
            if not await _exists(variants):
                await products.stop()
                async for page in self._nested(reader, None):
                    yield page
                return
            told = at
            if not behind:
                async for step in products.steps():
                    told = _told(told, step)
                    yield await self._products_page(step, told)
            async for variant_step in variants.steps():
                told = _told_variants(told, variant_step)
                yield self._variants_page(variant_step, told)
        finally:
            await products.stop()
            await variants.stop()

    async def _nested(self, reader: CatalogReader, cursor: Cursor | None) -> AsyncIterator[CatalogPage]:
        told = cursor if cursor is not None and cursor.stream == NESTED else Cursor(stream=NESTED)
        walk = ListWalk(reader.products_with_variations, offset=told.offset, size=told.size, ahead=min(2, self._ahead))
        async for step in walk.steps():
            told = _told_nested(told, step)
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
            expected=_expected(told),
        )

    def _variants_page(self, step: Step[ListPage], told: Cursor) -> CatalogPage:
        mapper = Mapper(step.page.rows, self._plain_shop())
        return CatalogPage(
            cursor=told.text(),
            variants=mapper.variants(),
            issues=tuple(mapper.issues),
            expected=_expected(told),
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
            expected=_expected(told) if last else {k: v for k, v in _expected(told).items() if k == "products"},
            last=last,
        )

    async def _shop(self, page: ListPage) -> Shop:
        if self._paths is None and any(item.categories for item in page.rows.items):
            self._paths = await category_paths(self._client)
        return Shop(weight_unit=self._facts.get("weight_unit", "kg"), category_paths=self._paths or {})

    def _plain_shop(self) -> Shop:
        return Shop(weight_unit=self._facts.get("weight_unit", "kg"))


async def _exists(variants: ListWalk[ListPage]) -> bool:
    """Say whether the store has a list of all variations; any other trouble with it shows when its turn comes."""
    try:
        await variants.first()
    except StoreRefused as error:
        return error.status != 404
    except PlatformError:
        pass
    return True


def _expected(told: Cursor) -> dict[str, int]:
    totals = {"products": told.products, "variants": told.variants}
    return {name: total for name, total in totals.items() if total is not None}


def _told(before: Cursor, step: Step[ListPage]) -> Cursor:
    total = step.page.total if step.page.total is not None else before.products
    if step.next_offset is None:
        return Cursor(stream=VARIANTS, products=total, variants=before.variants)
    return Cursor(stream=PRODUCTS, offset=step.next_offset, size=step.size, products=total, variants=before.variants)


def _told_variants(before: Cursor, step: Step[ListPage]) -> Cursor:
    total = step.page.total if step.page.total is not None else before.variants
    offset = _behind(before, step)
    return Cursor(stream=VARIANTS, offset=offset, size=step.size, products=before.products, variants=total)


def _told_nested(before: Cursor, step: Step[ListPage]) -> Cursor:
    total = step.page.total if step.page.total is not None else before.products
    variants = (before.variants or 0) + step.page.nested_total
    return Cursor(stream=NESTED, offset=_behind(before, step), size=step.size, products=total, variants=variants)


def _behind(before: Cursor, step: Step[ListPage]) -> int:
    """Where the next page begins; behind the last page too, so that resuming there ends at once."""
    return step.next_offset if step.next_offset is not None else step.offset + step.size
