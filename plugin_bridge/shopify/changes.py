"""What changed in a shop's catalog, page by page: it costs few points. Deletions are found by full walks."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from backend.ports.store_platform import CatalogPage, PlatformProduct, PlatformVariant
from plugin_bridge.shopify.answers import ChangesAnswer, ParentsAnswer, PicturesAnswer, ProductsAnswer, VariantsAnswer
from plugin_bridge.shopify.bulk_walk import all_locations, changed_since
from plugin_bridge.shopify.client import Reply, ShopifyClient
from plugin_bridge.shopify.cursor import PageCursor, cursor_text
from plugin_bridge.shopify.documents import Document
from plugin_bridge.shopify.errors import TooCostly
from plugin_bridge.shopify.mapping import Mapper, number
from plugin_bridge.shopify.wire import PageInfo, Picture, Pictures, ProductLine, VariantLine

T = TypeVar("T")
PRODUCTS = Document("products", ProductsAnswer, points=500)
VARIANTS = Document("variants", VariantsAnswer, points=500)
PARENTS = Document("parents", ParentsAnswer, points=500)
PICTURES = Document("pictures", PicturesAnswer, points=500)
CHANGES = Document("changes", ChangesAnswer)

MOST_PER_PAGE = 250
_PARENTS = 50
MOST_POINTS = 900
"""Pages grow towards this; Shopify refuses a request of more than 1,000."""
MOST_INSIDE = 250
"""A product with more variants brings them apart from itself."""


async def count_changes(client: ShopifyClient, since: datetime) -> int:
    """Return how many products and variants changed; Shopify stops counting at 10,000 of each."""
    told = (await client.run(CHANGES, {"query": changed_since(since)})).data
    return sum(one.count for one in (told.products_count, told.product_variants_count) if one is not None)


class ChangedPages:
    """A walk over what changed after *since*: products with all their variants, then variants that changed alone."""

    def __init__(self, client: ShopifyClient, since: datetime) -> None:
        self._client = client
        self._search = changed_since(since)
        self._places = 1
        self._whole: set[str] = set()
        """Products whose variants were read with them."""

    async def pages(self, cursor: PageCursor | None) -> AsyncIterator[CatalogPage]:
        """Yield the pages behind *cursor*, all of them for None."""
        locations = await all_locations(self._client)
        self._places = max(1, sum(one.active for one in locations))
        at = cursor or PageCursor()
        if cursor is None:
            yield CatalogPage(cursor=cursor_text(at), locations=locations)
        while at.stream == "products":
            lines, info = await self._products(at.after)
            at = PageCursor(after=info.end_cursor) if info.has_next_page else PageCursor(stream="variants")
            yield await self._products_page(lines, at)
        more = True
        while more:
            changed, info = await self._variants(self._search, at.after)
            more = info.has_next_page and info.end_cursor is not None
            at = msgspec.structs.replace(at, after=info.end_cursor or at.after)
            yield await self._variants_page(changed, at, last=not more)

    async def _products(self, after: str | None) -> tuple[list[ProductLine], PageInfo]:
        variables = {"after": after, "query": self._search}
        page = (await self._sized(PRODUCTS, variables, guess=25)).data.products
        return page.nodes, page.page_info

    async def _variants(self, search: str, after: str | None) -> tuple[list[VariantLine], PageInfo]:
        variables = {"after": after, "query": search, "places": self._places}
        page = (
            await self._sized(VARIANTS, variables, guess=max(1, 800 // (18 + 3 * self._places)))
        ).data.product_variants
        return page.nodes, page.page_info

    async def _sized(self, document: Document[T], variables: dict[str, Any], *, guess: int) -> Reply[T]:
        """Ask for a page that is as large as the points of one request allow; a refused size is never asked again."""
        sizes = self._client.traffic.sizes
        size = sizes.get(document.name, guess)
        while True:
            try:
                reply = await self._client.run(document, {"first": size, **variables})
            except TooCostly:
                if size == 1:
                    raise
                size = sizes[document.name] = size // 2
                continue
            if reply.points > 0:
                fitting = int(size * MOST_POINTS / reply.points)
                sizes[document.name] = min(MOST_PER_PAGE, max(1, fitting))
            return reply

    async def _products_page(self, lines: Sequence[ProductLine], at: PageCursor) -> CatalogPage:
        mapper = Mapper()
        variants = await self._variants_of([line.id for line in lines], mapper)
        products: list[PlatformProduct] = []
        apart: list[PlatformVariant] = []
        for line in lines:
            own = tuple(variants.get(number(line.id), ()))
            inside = own if len(own) <= MOST_INSIDE else ()
            products.append(mapper.product(line, await self._pictures(line), inside))
            apart += () if inside else own
        return CatalogPage(
            cursor=cursor_text(at), products=tuple(products), variants=tuple(apart), issues=tuple(mapper.issues)
        )

    async def _pictures(self, line: ProductLine) -> Sequence[Picture]:
        found = line.media or Pictures()
        pictures, info = list(found.nodes), found.page_info
        while info.has_next_page and info.end_cursor is not None:
            variables = {"id": line.id, "first": MOST_PER_PAGE, "after": info.end_cursor}
            product = (await self._client.run(PICTURES, variables)).data.product
            found = product.media if product is not None else Pictures()
            pictures, info = [*pictures, *found.nodes], found.page_info
        return pictures

    async def _variants_of(self, ids: Sequence[str], mapper: Mapper) -> dict[str, list[PlatformVariant]]:
        found: dict[str, list[PlatformVariant]] = {}
        if not ids:
            return found
        numbers = [number(one) for one in ids]
        self._whole.update(numbers)
        after, more = None, True
        while more:
            lines, info = await self._variants(f"product_ids:{','.join(numbers)}", after)
            await self._with_parents(lines)
            for variant in map(mapper.variant, lines):
                found.setdefault(variant.external_product_id, []).append(variant)
            after, more = info.end_cursor, info.has_next_page and info.end_cursor is not None
        return found

    async def _variants_page(self, lines: Sequence[VariantLine], at: PageCursor, *, last: bool) -> CatalogPage:
        mapper = Mapper()
        alone = [line for line in lines if line.product is None or number(line.product.id) not in self._whole]
        await self._with_parents(alone)
        variants = tuple(mapper.variant(line) for line in alone)
        return CatalogPage(cursor=cursor_text(at), variants=variants, issues=tuple(mapper.issues), last=last)

    async def _with_parents(self, lines: Sequence[VariantLine]) -> None:
        """Let each variant know its product."""
        wanted = list(dict.fromkeys(line.product.id for line in lines if line.product is not None))
        for start in range(0, len(wanted), _PARENTS):
            reply = await self._client.run(PARENTS, {"ids": wanted[start : start + _PARENTS]})
            parents = {one.id: one for one in reply.data.nodes if one is not None}
            for line in lines:
                if line.product is not None:
                    line.product = parents.get(line.product.id, line.product)
