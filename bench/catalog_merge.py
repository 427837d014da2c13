"""The catalog's upsert path: COPY into staging and merge, with a new, an unchanged and a repriced catalog."""

import time
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from backend.domain.catalog.merge import StoreMerge
from backend.kit.ids import uuid7
from backend.ports.store_platform import PlatformProduct
from backend.wiring import Container
from bench import stage
from bench.report import Figure
from plugin_bridge.sandbox.generator import generate_products

PRODUCTS = 50_000
CHUNK = 10_000
TABLES = 5
"""A new product with one variant is a row in products, product_links, variants, listings and stock_levels."""


async def measure() -> list[Figure]:
    """Return rows per second of the three cases."""
    products = list(generate_products(PRODUCTS))
    with stage.servers() as settings:
        async with stage.container(settings) as box:
            actor = await stage.organization(box)
            scope = (box, actor.tenant, uuid7())
            fresh_s = await _merge(*scope, products)
            same_s = await _merge(*scope, products)
            repriced_s = await _merge(*scope, [_repriced(product) for product in products])
    staged = PRODUCTS * 2
    return [
        _figure("catalog merge: new, rows written/s in five tables", PRODUCTS * TABLES / fresh_s),
        _figure("catalog merge: unchanged, rows compared/s", staged / same_s),
        _figure("catalog merge: repriced, rows compared and written/s", (staged + PRODUCTS * 2) / repriced_s),
    ]


def _figure(name: str, rows_per_s: float) -> Figure:
    return Figure(name=name, value=rows_per_s, target=">= 50,000", met=rows_per_s >= 50_000)


async def _merge(
    box: Container, organization_id: object, store_id: object, products: Sequence[PlatformProduct]
) -> float:
    started = time.perf_counter()
    for start in range(0, len(products), CHUNK):
        async with box.begin() as session:
            merge = StoreMerge(session, organization_id=organization_id, store_id=store_id, currency="EUR")  # type: ignore[arg-type]
            await merge.merge(products[start : start + CHUNK])
    return time.perf_counter() - started


def _repriced(product: PlatformProduct) -> PlatformProduct:
    variants = tuple(msgspec.structs.replace(v, price=(v.price or Decimal(1)) + 1) for v in product.variants)
    return msgspec.structs.replace(product, variants=variants)
