"""A shop's exported catalog from its two files into the catalog, beside a script that only decodes and COPYs."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from backend.domain.catalog.binary_copy import copy, timestamptz
from backend.domain.catalog.merge import StoreMerge
from backend.domain.catalog.staging import together
from backend.domain.sync.reading import pages_ahead
from backend.domain.sync.ready import ready_pages
from backend.kit.ids import uuid7
from backend.ports.store_platform import CatalogPage
from backend.wiring import Container
from bench import shopify_files, stage
from bench.report import Figure
from plugin_bridge.shopify.bulk_walk import products_page, rows_of, variants_page
from plugin_bridge.shopify.lines import Block, BulkFile, LineIndex
from plugin_bridge.shopify.mapping import number
from plugin_bridge.shopify.wire import Line, ProductLine, VariantLine

PRODUCTS = 100_000
EACH = 3
ROUNDS = 3
_CHUNK = 256 * 1024
_AT_ONCE = 128
L = TypeVar("L", bound=Line)
_TABLES = """
CREATE TABLE floor_products (id text, title text, description text, handle text, vendor text, kind text, status text,
    updated_at timestamptz, url text);
CREATE TABLE floor_pictures (product_id text, url text, alt text);
CREATE TABLE floor_variants (id text, product_id text, title text, sku text, barcode text, price text, before text,
    quantity int, policy text, updated_at timestamptz, item_id text);
CREATE TABLE floor_levels (variant_id text, place text, quantity int);
"""
_PRODUCT = {
    **dict.fromkeys(("id", "title", "description", "handle", "vendor", "kind", "status"), "text"),
    **{"updated_at": "bigint", "url": "text"},
}
_VARIANT = {
    **dict.fromkeys(("id", "product_id", "title", "sku", "barcode", "price", "before"), "text"),
    **{"quantity": "int", "policy": "text", "updated_at": "bigint", "item_id": "text"},
}


async def measure() -> list[Figure]:
    """Return variants per second, the share of the floor's speed, and the growth of resident memory.

    Of several rounds the one in the middle counts: one wait for the disk is worth a twentieth.
    """
    with tempfile.TemporaryDirectory(prefix="storeloom-bench-") as folder:
        files = shopify_files.write(Path(folder), PRODUCTS, EACH)
        rounds = sorted([await _round(*files) for _ in range(ROUNDS)], key=lambda one: one.floor_s / one.ours_s)
    ours_s, floor_s, _ = rounds[ROUNDS // 2]
    grown_mb = max(one.grown_mb for one in rounds)
    shares = ", ".join(f"{one.floor_s / one.ours_s:.2f}" for one in rounds)
    variants = PRODUCTS * EACH
    return [
        Figure(
            name="shopify bulk: variants/s, file to catalog",
            value=variants / ours_s,
            target=">= 25,000",
            met=variants / ours_s >= 25_000,
            note=f"{ours_s:.1f} s",
        ),
        Figure(
            name="shopify bulk: speed as a share of decode and COPY",
            value=floor_s / ours_s,
            target=">= 0.5",
            met=floor_s / ours_s >= 0.5,
            note=f"floor {floor_s:.1f} s; rounds {shares}",
        ),
        Figure(
            name="shopify bulk: growth of resident memory, MB",
            value=grown_mb,
            target="< 200",
            met=grown_mb < 200,
        ),
    ]


class _Round(NamedTuple):
    ours_s: float
    floor_s: float
    grown_mb: float


async def _round(products: Path, variants: Path) -> _Round:
    """Measure both on servers of their own."""
    with stage.servers() as settings:
        async with stage.container(settings) as box:
            actor = await stage.organization(box)
            # First, as what the floor leaves behind would hide how much memory it takes.
            ours_s, grown_mb = await _ours(box, actor.tenant, products, variants)
            return _Round(ours_s, await _floor(box, products, variants), grown_mb)


async def _ours(box: Container, organization_id: Any, products: Path, variants: Path) -> tuple[float, float]:
    """Read, map and merge both files, by the parts that a pull is made of; returns seconds and MB.

    What a pull notes beside the catalog (its cursor, what was seen, its guards) is not in it.
    """
    store_id = uuid7()
    before = stage.rss_mb()
    started = time.perf_counter()
    async for pages in pages_ahead(ready_pages(_pages(products, variants), "EUR")):
        async with box.begin() as session:
            merge = StoreMerge(session, organization_id=organization_id, store_id=store_id, currency="EUR")
            await merge.merge_rows(together(page.rows for page in pages))
    return time.perf_counter() - started, stage.highest_rss_mb() - before


async def _pages(products: Path, variants: Path) -> AsyncIterator[CatalogPage]:
    async for page in _mapped(products, ProductLine, products_page):
        yield page
    async for page in _mapped(variants, VariantLine, variants_page):
        yield page


async def _mapped(path: Path, shape: type[L], mapped: Callable[[Block[L]], CatalogPage]) -> AsyncIterator[CatalogPage]:
    file = await _opened(path, shape)
    async for page, _ in rows_of(file, mapped):
        yield page
    file.close()


async def _opened(path: Path, shape: type[L]) -> BulkFile[L]:
    """Look at each line as while a file arrives."""
    file, index = path.open("rb"), LineIndex()
    while chunk := file.read(_CHUNK):
        index.feed(chunk)
        await asyncio.sleep(0)
    return BulkFile(file, index, shape)


async def _floor(box: Container, products: Path, variants: Path) -> float:
    """Decode both files and COPY what they say into tables without keys, moments the quick way that we have."""
    async with box.engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.execute(_TABLES)
        started = time.perf_counter()
        for groups in _decoded(products, ProductLine):
            await copy(driver, "floor_products", _PRODUCT, map(_product, (one for one, _ in groups)))
            pictures = [(root.id, one.image.url, one.alt) for root, several in groups for one in several if one.image]
            await driver.copy_records_to_table("floor_pictures", records=pictures)
        for groups in _decoded(variants, VariantLine):
            await copy(driver, "floor_variants", _VARIANT, map(_variant, (one for one, _ in groups)))
            levels = [
                (number(root.id), number(one.location.id), one.quantities[0].quantity)
                for root, several in groups
                for one in several
                if one.location
            ]
            await driver.copy_records_to_table("floor_levels", records=levels)
        return time.perf_counter() - started


def _decoded(path: Path, shape: type[L]) -> Iterator[list[tuple[L, list[L]]]]:
    file = BulkFile(path.open("rb"), _known(path), shape)
    blocks = file.blocks()
    while several := list(islice(blocks, _AT_ONCE)):
        yield [group for block in several for group in block.groups]
    file.close()


def _known(path: Path) -> LineIndex:
    """Spare the floor the look at each line: it knows that these files have their children in order."""
    index = LineIndex()
    index.size = path.stat().st_size
    return index


def _product(one: ProductLine) -> tuple[Any, ...]:
    head = (one.id, one.title, one.description_html, one.handle, one.vendor, one.product_type, one.status)
    return (*head, timestamptz(one.updated_at), one.online_store_url)


def _variant(one: VariantLine) -> tuple[Any, ...]:
    product, item = one.product, one.inventory_item
    assert product is not None
    assert item is not None
    head = (number(one.id), number(product.id), one.title, one.sku, one.barcode, one.price, one.compare_at_price)
    return (*head, one.inventory_quantity, one.inventory_policy, timestamptz(one.updated_at), number(item.id))
