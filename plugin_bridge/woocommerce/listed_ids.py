"""The ids of everything a store lists, page by page: the cheap way to find what is gone."""

from collections.abc import AsyncIterator

from backend.ports.store_platform import IdPage
from plugin_bridge.woocommerce.catalog import CatalogReader
from plugin_bridge.woocommerce.client import WooClient
from plugin_bridge.woocommerce.paging import NESTED, PRODUCTS, VARIANTS, Cursor, ListWalk, read_cursor
from plugin_bridge.woocommerce.progress import exists, expected, told_nested, told_products, told_variants
from plugin_bridge.woocommerce.wire import Items


class ListedIds:
    """Walks the ids of one store: products, then variations; simple products stand for what they are sold as.

    Args:     apart: False: the store has no list of all variations; else it is asked. ahead: requests begun early.
    """

    def __init__(self, client: WooClient, *, apart: bool, ahead: int) -> None:
        self._client, self._apart, self._ahead = client, apart, ahead

    async def pages(self, cursor: str | None) -> AsyncIterator[IdPage]:
        """Walk from a cursor on; see `StorePlatform.list_ids`."""
        at = read_cursor(cursor)
        nested = at is not None and at.stream == NESTED
        async for page in self._by_lists(at) if self._apart and not nested else self._nested(at):
            yield page

    async def _by_lists(self, at: Cursor | None) -> AsyncIterator[IdPage]:
        reader = CatalogReader(self._client, fields=("id", "id"))
        told = at or Cursor(stream=PRODUCTS)
        behind = told.stream == VARIANTS
        start = told if behind else Cursor(stream=VARIANTS)
        variants = ListWalk(reader.variations, offset=start.offset, size=start.size, ahead=self._ahead)
        products = ListWalk(reader.products, offset=told.offset, size=told.size, ahead=self._ahead)
        try:
            if not await exists(variants):
                async for page in self._nested(None):
                    yield page
                return
            if not behind:
                async for step in products.steps():
                    told = told_products(told, step)
                    yield _page(told, products=_ids(step.page.rows))
            async for step in variants.steps():
                told = told_variants(told, step)
                yield _page(told, variants=_ids(step.page.rows), last=step.next_offset is None)
        finally:
            await products.stop()
            await variants.stop()

    async def _nested(self, at: Cursor | None) -> AsyncIterator[IdPage]:
        reader = CatalogReader(self._client, fields=("id,type", "id"))
        told = at if at is not None and at.stream == NESTED else Cursor(stream=NESTED)
        walk = ListWalk(reader.products_with_variations, offset=told.offset, size=told.size, ahead=min(2, self._ahead))
        async for step in walk.steps():
            told = told_nested(told, step)
            below = [one for _, rows in step.page.nested for one in _ids(rows)]
            yield _page(told, _ids(step.page.rows), tuple(below), last=step.next_offset is None)


def _page(
    told: Cursor, products: tuple[str, ...] = (), variants: tuple[str, ...] = (), *, last: bool = False
) -> IdPage:
    totals = expected(told)
    if told.stream == NESTED and not last:
        # How many variations there are in all is known only when every parent has been asked.
        totals.pop("variants", None)
    return IdPage(cursor=told.text(), products=products, variants=variants, inside=False, expected=totals, last=last)


def _ids(rows: Items) -> tuple[str, ...]:
    return tuple(str(item.id) for item in rows.items)
