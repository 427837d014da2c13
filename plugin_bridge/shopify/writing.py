"""Writes to a Shopify shop, each kind its own way; what became of them as it is known."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import TypeVar

from backend.ports.store_writes import StockWrite, StoreWrite, VariantWrite, WriteResult
from plugin_bridge.shopify.bulk import BulkOperations
from plugin_bridge.shopify.client import ShopifyClient
from plugin_bridge.shopify.stock_writing import StockWriting
from plugin_bridge.shopify.variant_writing import VariantWriting

W = TypeVar("W", bound=StoreWrite)
WRITES = frozenset(
    {
        "title",
        "description",
        "tags",
        "brand",
        "images",
        "status",
        "sku",
        "barcode",
        "price",
        "sale_price",
        "weight_g",
        "stock",
    }
)
"""Synced fields that Shopify takes from us."""
MOST_WRITES = 1_000
"""Most writes of one call: their answers fit into memory, and one bulk operation is soon over."""


class ShopWriting:
    """Writes of one call."""

    def __init__(self, client: ShopifyClient, operations: BulkOperations) -> None:
        self._client = client
        self._operations = operations

    async def results(self, writes: Sequence[StoreWrite], *, repeated: bool) -> AsyncIterator[Sequence[WriteResult]]:
        """Carry writes out, pieces first, as customers wait for nobody; see `StorePlatform.write`."""
        for kind in (
            StockWriting(self._client).results(_of(writes, StockWrite)),
            self._variants(_of(writes, VariantWrite), repeated=repeated),
        ):
            async with aclosing(kind):
                async for results in kind:
                    yield results

    async def _variants(
        self, writes: Sequence[VariantWrite], *, repeated: bool
    ) -> AsyncGenerator[list[WriteResult], None]:
        writing = VariantWriting(self._client)
        mutations, settled = await writing.prepared(writes, repeated=repeated)
        if settled:
            yield settled
        async for results in writing.results(mutations):
            yield results


def _of(writes: Sequence[StoreWrite], kind: type[W]) -> list[W]:
    return [one for one in writes if isinstance(one, kind)]
