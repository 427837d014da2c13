"""A shop's catalog as pages out of bulk operations; each page can be gone on behind."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from typing import Literal, TypeVar

import msgspec

from backend.ports.platform_errors import Cause, StoreUnavailable
from backend.ports.store_platform import CatalogPage, PlatformLocation, PlatformProduct, PlatformVariant, RowIssue
from plugin_bridge.shopify.answers import LocationsAnswer, Operation
from plugin_bridge.shopify.bulk import BulkOperations, Finished, Next, bulk_failed, denied
from plugin_bridge.shopify.client import ShopifyClient
from plugin_bridge.shopify.cursor import BulkCursor, cursor_text
from plugin_bridge.shopify.documents import Document, narrowed, text_of
from plugin_bridge.shopify.lines import Block, BulkFile
from plugin_bridge.shopify.mapping import Mapper, location, unreadable
from plugin_bridge.shopify.wire import Line, ProductLine, VariantLine

Stream = Literal["products", "variants"]
L = TypeVar("L", bound=Line)

LOCATIONS = Document("locations", LocationsAnswer, points=110)
PRODUCTS_IN_BULK = text_of("products_in_bulk")
VARIANTS_IN_BULK = text_of("variants_in_bulk")
MOST_TRIES = 3
"""An operation that ends without a result is started anew; after so many the run fails."""
_PAGE = 100
_PAGE_BYTES = 512 * 1024
"""Of a file in one page, which is stored as a whole."""


def changed_since(since: datetime) -> str:
    """Return the search for what changed at or after *since*."""
    moment = since.astimezone(UTC).replace(microsecond=0, tzinfo=None)
    return f"updated_at:>='{moment.isoformat()}Z'"


async def all_locations(client: ShopifyClient) -> tuple[PlatformLocation, ...]:
    """Read all places where the shop keeps stock."""
    found: list[PlatformLocation] = []
    after: str | None = None
    while True:
        page = (await client.run(LOCATIONS, {"first": _PAGE, "after": after})).data.locations
        found += [location(place) for place in page.nodes]
        after = page.page_info.end_cursor
        if not page.page_info.has_next_page or after is None:
            return tuple(found)


class BulkWalk:
    """One walk over the files of two bulk operations: every product comes before the first variant.

    The first page has no rows: its cursor names the operations, so that a run which dies goes on watching these.
    """

    def __init__(self, client: ShopifyClient, operations: BulkOperations, since: datetime | None) -> None:
        self._client = client
        self._operations = operations
        search = None if since is None else changed_since(since)
        self._texts: dict[Stream, str] = {
            "products": PRODUCTS_IN_BULK if search is None else narrowed(PRODUCTS_IN_BULK, search),
            "variants": VARIANTS_IN_BULK if search is None else narrowed(VARIANTS_IN_BULK, search),
        }
        self._at = BulkCursor()

    async def pages(self, cursor: BulkCursor | None) -> AsyncIterator[CatalogPage]:
        """Yield the pages behind *cursor*, all of them for None; see `StorePlatform.read_catalog`.

        Raises:   StoreNotReady while Shopify is at work; StoreRefused BULK_FAILED when it fails, also after the rows it
                  did export: a walk that fails removes nothing.
        """
        if cursor is None:
            self._at = await self._begun()
            yield self._page(locations=await all_locations(self._client))
        else:
            self._at = cursor
        if self._at.stream == "products":
            async for page in self._file("products", ProductLine, products_page):
                yield page
            self._at = msgspec.structs.replace(self._at, stream="variants", offset=0, tries=0)
        async for page in self._file("variants", VariantLine, variants_page):
            yield page

    async def _begun(self) -> BulkCursor:
        products = await self._operations.started(self._texts["products"])
        # Several may run at once; where there is no second slot, the variants' turn comes after the products.
        return BulkCursor(products=products, variants=await self._operations.start(self._texts["variants"]) or "")

    async def _file(
        self, stream: Stream, shape: type[L], mapped: Callable[[Block[L]], CatalogPage]
    ) -> AsyncIterator[CatalogPage]:
        """Yield one file's pages, once it is there; an operation that brought none is started anew."""
        while True:
            if not (operation_id := getattr(self._at, stream)):
                yield await self._anew(stream)
                continue
            done = await self._operations.finished(operation_id)
            if worth_another(done, self._at.tries):
                self._at = msgspec.structs.replace(self._at, tries=self._at.tries + 1)
                yield await self._anew(stream)
                continue
            operation, url = done.operation, _address(done)
            if url is None:
                yield self._page(expected={str(stream): 0}, last=stream == "variants")
                return
            size = operation.file_size if done.what is Next.READ else None
            file = await self._operations.fetch(url, shape, size=size)
            if file is not None:
                break
            if self._at.tries + 1 >= MOST_TRIES:
                raise bulk_failed(f"{MOST_TRIES} exports were not where Shopify said")
            self._at = msgspec.structs.replace(self._at, tries=self._at.tries + 1, **{stream: ""})
        try:
            async for page in self._blocks(stream, file, done, mapped):
                yield page
        finally:
            file.close()
        if done.what is Next.PARTLY:
            raise bulk_failed(f"it stopped after {operation.object_count or 0} rows, which are in")

    async def _anew(self, stream: Stream) -> CatalogPage:
        started = await self._operations.started(self._texts[stream])
        self._at = msgspec.structs.replace(self._at, offset=0, **{stream: started})
        return self._page()

    async def _blocks(
        self, stream: Stream, file: BulkFile[L], done: Finished, mapped: Callable[[Block[L]], CatalogPage]
    ) -> AsyncIterator[CatalogPage]:
        whole = done.what is Next.READ
        roots = done.operation.root_object_count
        expected: dict[str, int] = {stream: file.roots if roots is None else roots} if whole else {}
        issues = _counted(file, done.operation) if whole and self._at.offset == 0 else ()
        ends = stream == "variants" and whole
        async for rows, end in rows_of(file, mapped, self._at.offset):
            self._at = msgspec.structs.replace(self._at, offset=end)
            yield self._page(
                products=rows.products,
                variants=rows.variants,
                issues=(*issues, *rows.issues),
                expected=expected,
                last=ends and end >= file.size,
            )
            issues = ()
        if self._at.offset >= file.size and not file.size:
            yield self._page(expected=expected, last=ends)

    def _page(
        self,
        *,
        products: tuple[PlatformProduct, ...] = (),
        variants: tuple[PlatformVariant, ...] = (),
        locations: tuple[PlatformLocation, ...] = (),
        issues: tuple[RowIssue, ...] = (),
        expected: Mapping[str, int] | None = None,
        last: bool = False,
    ) -> CatalogPage:
        return CatalogPage(
            cursor=cursor_text(self._at),
            products=products,
            variants=variants,
            locations=locations,
            issues=issues,
            expected=expected or {},
            last=last,
        )


def worth_another(done: Finished, tries: int) -> bool:
    """Tell whether to start an operation anew; raise when it has failed for good."""
    if done.what is Next.DENIED:
        raise denied()
    if done.what is Next.STUCK:
        raise bulk_failed("it did not end within half a day")
    if done.what not in (Next.AGAIN, Next.PARTLY):
        return False
    if tries + 1 < MOST_TRIES:
        return True
    if done.what is Next.PARTLY:
        return False
    raise bulk_failed(f"{MOST_TRIES} attempts ended as {done.operation.error_code or done.operation.status}")


def _address(done: Finished) -> str | None:
    return done.operation.partial_data_url if done.what is Next.PARTLY else done.operation.url


def _counted(file: BulkFile[L], operation: Operation) -> tuple[RowIssue, ...]:
    """Compare what arrived with what Shopify counted; a file cut short is no file."""
    count = operation.object_count
    if count is None or file.lines == count:
        return ()
    message = f"Shopify counted {count} rows and wrote {file.lines}"
    if operation.file_size is None and file.lines < count:
        raise StoreUnavailable(Cause.NOT_JSON, f"The export is cut short: {message}")
    return (RowIssue(code="export_miscounted", message=message),)


async def rows_of(
    file: BulkFile[L], mapped: Callable[[Block[L]], CatalogPage], offset: int = 0
) -> AsyncIterator[tuple[CatalogPage, int]]:
    """Yield the rows behind *offset* as pages that stand nowhere yet, each with where the next one begins.

    Decoding is work: others have their turn after each block, so that the database never waits for a whole page.
    """
    products: list[PlatformProduct] = []
    variants: list[PlatformVariant] = []
    issues: list[RowIssue] = []
    for block in file.blocks(offset):
        rows = mapped(block)
        products += rows.products
        variants += rows.variants
        issues += (*rows.issues, *map(unreadable, block.unreadable))
        await asyncio.sleep(0)
        if block.end - offset >= _PAGE_BYTES or block.end >= file.size:
            page = CatalogPage(cursor="", products=tuple(products), variants=tuple(variants), issues=tuple(issues))
            yield page, block.end
            offset, products, variants, issues = block.end, [], [], []


def products_page(block: Block[ProductLine]) -> CatalogPage:
    """Return a block of products as a page that stands nowhere yet."""
    mapper = Mapper()
    products = mapper.products(block.groups)
    return CatalogPage(cursor="", products=products, issues=tuple(mapper.issues))


def variants_page(block: Block[VariantLine]) -> CatalogPage:
    """Return a block of variants as a page that stands nowhere yet."""
    mapper = Mapper()
    variants = mapper.variants(block.groups)
    return CatalogPage(cursor="", variants=variants, issues=tuple(mapper.issues))
