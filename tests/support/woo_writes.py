"""What tests of writes to a simulated WooCommerce share: short ways to write, and to look at what the store did."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from backend.ports.store_platform import StorePlatform
from backend.ports.store_writes import FieldValue, ProductWrite, StockWrite, StoreWrite, VariantWrite, WriteResult
from plugin_bridge.sandbox.woocommerce.item import Item
from tests.support.woo import Store

YES = {"variations": "yes", "weight_unit": "kg"}
OLD = {"variations": "no", "weight_unit": "kg"}


async def written(
    store: StorePlatform, writes: Sequence[StoreWrite], *, repeated: bool = False
) -> dict[str, WriteResult]:
    """What became of each write, by key; each has exactly one result."""
    results = [one async for some in store.write(writes, repeated=repeated) for one in some]
    assert sorted(one.key for one in results) == sorted(one.key for one in writes)
    return {one.key: one for one in results}


def outcomes(results: dict[str, WriteResult]) -> dict[str, tuple[str, str]]:
    """Outcome and code by key."""
    return {key: (one.outcome, one.code) for key, one in results.items()}


def item(store: Store, sku: str) -> Item:
    """The item with this SKU as the store keeps it."""
    return store.shop.catalog.items[store.shop.catalog.by_sku[sku]]


def ids(store: Store, sku: str) -> dict[str, str]:
    """External ids of a variant by its SKU."""
    one = item(store, sku)
    return {"external_product_id": str(one.parent_id or one.id), "external_id": str(one.id)}


def setting(store: Store, key: str, **fields: FieldValue) -> VariantWrite:
    """Fields of the variant with this SKU."""
    return VariantWrite(key=key, **ids(store, key), fields=fields)


def telling(store: Store, key: str, **fields: FieldValue) -> ProductWrite:
    """Fields of the product that the variant with this SKU belongs to."""
    return ProductWrite(key=key, external_product_id=ids(store, key)["external_product_id"], fields=fields)


def counted(store: Store, key: str, believed: int, target: int) -> StockWrite:
    """Pieces of the variant with this SKU."""
    return StockWrite(key=key, **ids(store, key), believed=believed, target=target)


def batches(store: Store) -> list[dict[str, Any]]:
    """Bodies of the batches that the store accepted."""
    return [write.body for write in store.shop.journal.writes if write.path.endswith("/batch")]


def rows(store: Store, what: str = "update") -> list[dict[str, Any]]:
    """Rows of all batches that the store accepted."""
    return [row for body in batches(store) for row in body.get(what, [])]


def titled(store: Store, title: str) -> list[Item]:
    """Products with this name."""
    return [one for one in store.shop.catalog.items.values() if one.name == title and not one.is_variation]


def failing_writes(store: Store, opened: StorePlatform, kind: str, *, skip: int = 0, **how: Any) -> None:
    """Have a fault strike the next write but so many, and no reading before or after it."""
    client = opened._client  # type: ignore[attr-defined]
    send, left = client.post_unless_throttled, [skip + 1]

    async def post(*args: Any, **more: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            store.fault(kind, next=1, **how)
        return await send(*args, **more)

    client.post_unless_throttled = post


async def until(check: Callable[[], bool]) -> None:
    """Wait until it is so; fail the test when that takes more than ten seconds."""
    for _ in range(1000):
        if check():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen in time")
