"""Writes to a Shopify shop, each kind its own way; what became of them as it is known."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

from backend.ports.store_writes import (
    ProductCreation,
    ProductRemoval,
    ProductWrite,
    StockWrite,
    StoreWrite,
    VariantWrite,
    WriteResult,
)
from plugin_bridge.shopify import product_writing, variant_writing
from plugin_bridge.shopify.bulk import BulkOperations
from plugin_bridge.shopify.bulk_writing import BULK_FROM, BulkWriting, no_longer_running
from plugin_bridge.shopify.client import ShopifyClient
from plugin_bridge.shopify.creating import Creating
from plugin_bridge.shopify.product_writing import ProductWriting
from plugin_bridge.shopify.publishing import Publishing
from plugin_bridge.shopify.stock_writing import StockWriting
from plugin_bridge.shopify.variant_writing import VariantWriting
from plugin_bridge.shopify.verdicts import Results

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

_IN_BULK = (VariantWrite, ProductWrite, ProductRemoval)


class ShopWriting:
    """Writes of one call."""

    def __init__(self, client: ShopifyClient, operations: BulkOperations) -> None:
        self._client = client
        self._operations = operations

    async def results(self, writes: Sequence[StoreWrite], *, repeated: bool) -> AsyncIterator[Sequence[WriteResult]]:
        """Carry writes out, pieces first, as customers wait for nobody; see `StorePlatform.write`."""
        if repeated and any(isinstance(one, _IN_BULK) for one in writes):
            await no_longer_running(self._client, self._operations)
        products = [one for one in writes if isinstance(one, ProductWrite)]
        removals = [one for one in writes if isinstance(one, ProductRemoval)]
        variants = [one for one in writes if isinstance(one, VariantWrite)]
        creations = [one for one in writes if isinstance(one, ProductCreation)]
        for kind in (
            StockWriting(self._client).results([one for one in writes if isinstance(one, StockWrite)]),
            self._variants(variants, repeated=repeated),
            Publishing(self._client).follow(self._products(products, repeated=repeated), products),
            Creating(self._client).results(creations, repeated=repeated),
            self._removals(removals, repeated=repeated),
        ):
            async with aclosing(kind):
                async for results in kind:
                    yield results

    async def _variants(self, writes: Sequence[VariantWrite], *, repeated: bool) -> Results:
        writing = VariantWriting(self._client)
        mutations, settled = await writing.prepared(writes, repeated=repeated)
        if settled:
            yield settled
        if len(mutations) > BULK_FROM:
            bulk = BulkWriting(self._client, self._operations, variant_writing.UPDATE, variant_writing.judged)
            async for results in bulk.results(mutations):
                yield results
            mutations = bulk.left
        async for results in writing.results(mutations):
            yield results

    async def _products(self, writes: Sequence[ProductWrite], *, repeated: bool) -> Results:
        async for results in self._plain([one for one in writes if "images" not in one.fields], repeated=repeated):
            yield results
        async for results in ProductWriting(self._client).pictures([one for one in writes if "images" in one.fields]):
            yield results

    async def _plain(self, writes: Sequence[ProductWrite], *, repeated: bool) -> Results:
        writing = ProductWriting(self._client)
        mutations, settled = await writing.prepared(writes, repeated=repeated)
        if settled:
            yield settled
        if len(mutations) > BULK_FROM:
            bulk = BulkWriting(self._client, self._operations, product_writing.UPDATE, product_writing.judged)
            async for results in bulk.results(mutations):
                yield results
            mutations = bulk.left
        async for results in writing.results(mutations):
            yield results

    async def _removals(self, removals: Sequence[ProductRemoval], *, repeated: bool) -> Results:
        """Archive products, or delete those that were ours; what is gone already is done."""
        archived = [product_writing.archiving(one) for one in removals if not one.delete]
        async for results in self._plain(archived, repeated=repeated):
            yield [product_writing.gone_is_done(one) for one in results]
        async for results in ProductWriting(self._client).deletions([one for one in removals if one.delete]):
            yield [product_writing.gone_is_done(one) for one in results]
