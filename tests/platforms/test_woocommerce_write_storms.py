"""Storms: every request may fail in any way, calls are repeated until all is told, and then store and wishes agree."""

from collections import Counter
from decimal import Decimal

import pytest

from backend.ports.platform_errors import PlatformError
from backend.ports.store_platform import PlatformImage, PlatformProduct, PlatformVariant
from backend.ports.store_writes import FAILED, UNCHANGED, WRITTEN, ProductCreation, StoreWrite, WriteResult
from tests.support.woo import Store, catalog, woo_store
from tests.support.woo_writes import YES, counted, item, rows, setting, telling

pytestmark = pytest.mark.anyio
SEEDS = range(8)
FAULTS = ("server_error", "truncated_json", "html", "timeout_after_write", "rate_limited_without_retry_after")
PLACES = 12


def creation(key: str, sizes: int) -> ProductCreation:
    variants = tuple(
        PlatformVariant(
            external_id=f"{key}-{n}",
            external_product_id=key,
            sku=f"NEW-{key}-{n}" if n != 1 else "",
            price=Decimal(5),
            stock=n,
            options={"Size": f"S{n}"} if sizes > 1 else {},
        )
        for n in range(sizes)
    )
    product = PlatformProduct(
        external_id=key,
        title=f"New {key}",
        tags=("Fresh",),
        images=(PlatformImage(url="https://cdn.example/new.png"),),
        variants=variants,
    )
    return ProductCreation(key=key, product=product)


def wishes(store: Store) -> list[StoreWrite]:
    made: list[StoreWrite] = [creation("one", 1), creation("three", 3), creation("two", 2)]
    for n in range(PLACES):
        made.append(setting(store, f"CUP-{n}", price=Decimal(n + 1)))
        made.append(counted(store, f"SHIRT-{n}-1", 1, n + 50))
        made.append(telling(store, f"SHIRT-{n}-0", title=f"Coat {n}", tags=("Warm",)))
    return made


async def weathered(store: Store, writes: list[StoreWrite]) -> dict[str, WriteResult]:
    """Repeat until each write has an outcome that is not "failed this time", as a job does."""
    told: dict[str, WriteResult] = {}
    for round_number in range(60):
        left = [one for one in writes if one.key not in told]
        if not left:
            break
        if round_number == 40:
            store.shop.faults.clear()
        opened = store.open(facts=YES, connector=store.connecting(read_timeout_s=0.3))
        try:
            async for some in opened.write(left, repeated=round_number > 0):
                told |= {one.key: one for one in some if one.outcome != FAILED}
        except PlatformError:
            continue
    return told


@pytest.mark.parametrize("seed", SEEDS)
async def test_nothing_is_made_or_counted_twice_in_a_storm(seed: int) -> None:
    async with woo_store(catalog(simple=PLACES, variable=PLACES)) as store:
        writes = wishes(store)
        store.shop.faults.random.seed(seed)
        for kind in FAULTS:
            store.fault(kind, rate=0.1, **({"seconds": 1} if kind == "timeout_after_write" else {}))
        told = await weathered(store, writes)
        assert {one.outcome for one in told.values()} <= {WRITTEN, UNCHANGED}
        assert sorted(told) == sorted(one.key for one in writes)
        agrees(store)
        pieces = Counter(row["id"] for row in rows(store) if "stock_quantity" in row)
        assert set(pieces.values()) == {1}


def agrees(store: Store) -> None:
    for n in range(PLACES):
        assert item(store, f"CUP-{n}").regular_price == f"{n + 1}.00"
        assert item(store, f"SHIRT-{n}-1").stock == n + 50
        parent = store.shop.catalog.items[item(store, f"SHIRT-{n}-0").parent_id]
        assert parent.name == f"Coat {n}"
    products = [one for one in store.shop.catalog.items.values() if one.name.startswith("New ")]
    assert sorted(one.name for one in products) == ["New one", "New three", "New two"]
    for one in products:
        sizes = {"New one": 0, "New three": 3, "New two": 2}[one.name]
        assert (one.status, len(one.children), len(one.pictures)) == ("publish", sizes, 1)
        assert not one.sku.startswith("storeloom-")
