"""Writing to a WooCommerce store: few requests, only what changed, nothing twice, whatever the store answers."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from backend.ports.store_platform import StorePlatform
from backend.ports.store_writes import (
    REFUSED,
    STALE,
    UNCHANGED,
    WRITTEN,
    FieldValue,
    ProductWrite,
    StockWrite,
    StoreWrite,
    VariantWrite,
    WriteResult,
)
from plugin_bridge.sandbox.woocommerce.item import Item
from tests.support.woo import Store, catalog, woo_store

pytestmark = pytest.mark.anyio
YES = {"variations": "yes"}


async def written(
    store: StorePlatform, writes: Sequence[StoreWrite], *, repeated: bool = False
) -> dict[str, WriteResult]:
    """What became of each write, by key; each has exactly one result."""
    results = [one async for some in store.write(writes, repeated=repeated) for one in some]
    assert len({one.key for one in results}) == len(results)
    return {one.key: one for one in results}


def item(store: Store, sku: str) -> Item:
    """The item with this SKU as the store keeps it."""
    return store.shop.catalog.items[store.shop.catalog.by_sku[sku]]


def ids(store: Store, sku: str) -> dict[str, str]:
    """External ids of a variant by its SKU."""
    one = item(store, sku)
    return {"external_product_id": str(one.parent_id or one.id), "external_id": str(one.id)}


def setting(store: Store, key: str, **fields: FieldValue) -> VariantWrite:
    return VariantWrite(key=key, **ids(store, key), fields=fields)


def counted(store: Store, sku: str, believed: int, target: int) -> StockWrite:
    return StockWrite(key=sku, **ids(store, sku), believed=believed, target=target)


def batches(store: Store) -> list[dict[str, Any]]:
    """Bodies of the batches that the store accepted."""
    return [write.body for write in store.shop.journal.writes if write.path.endswith("/batch")]


async def test_a_hundred_prices_are_one_request_that_holds_nothing_else() -> None:
    async with woo_store(catalog(simple=100)) as store:
        writes = [setting(store, f"CUP-{n}", price=Decimal(n + 1)) for n in range(100)]
        results = await written(store.open(facts=YES), writes)
        assert {one.outcome for one in results.values()} == {WRITTEN}
        assert results["CUP-9"].shown == {"price": Decimal(10)}
        assert len(store.asked) == 1
        assert {tuple(row) for row in batches(store)[0]["update"]} == {("id", "regular_price")}
        assert item(store, "CUP-99").regular_price == "100.00"


async def test_variations_are_sent_in_one_batch_for_each_product() -> None:
    async with woo_store(catalog(variable=3, each=4)) as store:
        writes = [setting(store, f"SHIRT-{n}-{m}", price=Decimal("9.99")) for n in range(3) for m in range(4)]
        results = await written(store.open(facts=YES), writes)
        assert {one.outcome for one in results.values()} == {WRITTEN}
        assert len(store.asked) == 3
        assert item(store, "SHIRT-2-3").regular_price == "9.99"


async def test_pieces_are_read_compared_and_written_in_two_requests() -> None:
    async with woo_store(catalog(simple=5)) as store:
        writes = [
            counted(store, "CUP-1", 1, 7),
            counted(store, "CUP-2", 5, 9),
            counted(store, "CUP-3", 0, 3),
            counted(store, "CUP-4", 4, -2),
        ]
        results = await written(store.open(facts=YES), writes)
        assert {key: (one.outcome, one.pieces) for key, one in results.items()} == {
            "CUP-1": (WRITTEN, 7),
            "CUP-2": (STALE, 2),
            "CUP-3": (UNCHANGED, 3),
            "CUP-4": (WRITTEN, -2),
        }
        assert [item(store, f"CUP-{n}").stock for n in range(1, 5)] == [7, 2, 3, -2]
        assert len(store.asked) == 2
        assert [row["id"] for row in batches(store)[0]["update"]] == [item(store, f"CUP-{n}").id for n in (1, 4)]


async def test_what_the_store_does_not_count_is_not_counted_for_it() -> None:
    async with woo_store(catalog(simple=1)) as store:
        item(store, "CUP-0").manage_stock = False
        results = await written(store.open(facts=YES), [counted(store, "CUP-0", 0, 4)])
        assert (results["CUP-0"].outcome, results["CUP-0"].code) == (REFUSED, "not_counted")
        assert batches(store) == []


async def test_one_bad_row_is_its_own_trouble() -> None:
    async with woo_store(catalog(simple=3)) as store:
        gone = VariantWrite(key="gone", external_product_id="987654", external_id="987654", fields={"sku": "X"})
        taken = setting(store, "CUP-0", sku="CUP-1")
        fine = ProductWrite(key="fine", external_product_id=ids(store, "CUP-2")["external_id"], fields={"title": "Mug"})
        results = await written(store.open(facts=YES), [gone, taken, fine])
        assert {key: (one.outcome, one.code) for key, one in results.items()} == {
            "gone": (REFUSED, "gone"),
            "CUP-0": (REFUSED, "sku_taken"),
            "fine": (WRITTEN, ""),
        }
        assert len(store.asked) == 1
