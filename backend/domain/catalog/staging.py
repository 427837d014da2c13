"""Bring neutral products into temporary tables by COPY, so that SQL can work on them as sets."""

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.ports.store_platform import PlatformProduct, PlatformVariant

_encode = msgspec.msgpack.Encoder().encode
_json = msgspec.json.Encoder().encode

# JSON and money travel as text: the server casts them in a set, the driver would do it value by value.
_TABLES = (
    """CREATE TEMP TABLE IF NOT EXISTS stage_products (
        external_id text, title text, description text, handle text, status text, brand text, categories text[],
        tags text[], images text, option_names text[], url text, modified_at timestamptz, hash bytea
    ) ON COMMIT DELETE ROWS""",
    """CREATE TEMP TABLE IF NOT EXISTS stage_variants (
        external_id text, external_product_id text, position int, title text, sku text, barcode text, price text,
        sale_price text, cost text, stock int, in_stock boolean, backorder boolean, options text,
        attributes text, image_url text, url text, weight_g int, active boolean, modified_at timestamptz, hash bytea
    ) ON COMMIT DELETE ROWS""",
    """CREATE TEMP TABLE IF NOT EXISTS resolved_products (
        external_id text, product_id bigint, link_id bigint, is_new boolean, changed boolean
    ) ON COMMIT DELETE ROWS""",
    """CREATE TEMP TABLE IF NOT EXISTS resolved_variants (
        external_id text, variant_id bigint, product_id bigint, listing_id bigint, is_new boolean,
        changed boolean
    ) ON COMMIT DELETE ROWS""",
)
Rows = dict[str, tuple[Any, ...]]
"""Staged rows by external id; the last column is the row's hash."""
ANALYZE_FROM_ROWS = 5_000
"""Above this many rows the planner is told how large the staged set is; below, its guess is good enough."""


def product_row(product: PlatformProduct) -> tuple[Any, ...]:
    """Return a staged product; the hash covers everything but the time of change."""
    images = [(image.url, image.alt) for image in product.images]
    kept = (
        product.title,
        product.description,
        product.handle,
        product.status,
        product.brand,
        product.categories,
        product.tags,
        images,
        product.option_names,
        product.url,
    )
    digest = hashlib.blake2b(_encode(kept), digest_size=16).digest()
    shown = _json([{"url": url, "alt": alt} for url, alt in images]).decode() if images else "[]"
    return (product.external_id, *kept[:7], shown, *kept[8:], product.modified_at, digest)


def variant_row(variant: PlatformVariant, position: int, currency: str) -> tuple[Any, ...]:
    """Return a staged variant; the hash covers everything but its position and the time of change.

    Args:     currency: of its prices, in the hash alone: the same numbers mean something else in another one.
    """
    kept = (
        variant.title,
        variant.sku,
        variant.barcode,
        None if variant.price is None else str(variant.price),
        None if variant.sale_price is None else str(variant.sale_price),
        None if variant.cost is None else str(variant.cost),
        variant.stock,
        variant.in_stock,
        variant.backorder,
        variant.options,
        variant.attributes,
        variant.image_url,
        variant.url,
        variant.weight_g,
        variant.active,
    )
    digest = hashlib.blake2b(_encode((currency, variant.external_product_id, *kept)), digest_size=16).digest()
    options = _json(variant.options).decode() if variant.options else "{}"
    attributes = _json(variant.attributes).decode() if variant.attributes else "{}"
    head = (variant.external_id, variant.external_product_id, position)
    return (*head, *kept[:9], options, attributes, *kept[11:], variant.modified_at, digest)


def product_rows(products: Iterable[PlatformProduct]) -> Rows:
    """Return staged products by external id; one that comes twice counts once, the later one wins."""
    return {product.external_id: product_row(product) for product in products}


def variant_rows(
    products: Iterable[PlatformProduct], apart: Iterable[PlatformVariant] = (), *, currency: str = ""
) -> Rows:
    """Return staged variants of both kinds: inside their products, and those that come apart from them."""
    rows = {v.external_id: variant_row(v, n, currency) for product in products for n, v in enumerate(product.variants)}
    rows.update((variant.external_id, variant_row(variant, 0, currency)) for variant in apart)
    return rows


def hashes(rows: Rows) -> dict[str, list[Any]]:
    """Return external ids and hashes of staged rows as two parallel arrays."""
    return {"ids": list(rows), "hashes": [row[-1] for row in rows.values()]}


async def stage(session: AsyncSession, products: Rows, variants: Rows) -> None:
    """Fill the staging tables for this transaction."""
    connection = await _prepare(session)
    if products:
        await connection.copy_records_to_table("stage_products", records=products.values())
    if variants:
        await connection.copy_records_to_table("stage_variants", records=variants.values())
    if len(products) + len(variants) >= ANALYZE_FROM_ROWS:
        await connection.execute("ANALYZE stage_products; ANALYZE stage_variants")


async def _prepare(session: AsyncSession) -> Any:
    """Return the driver's connection, with the temporary tables in place (a rollback may have taken them away)."""
    missing = await session.execute(text("SELECT to_regclass('pg_temp.resolved_variants') IS NULL"))
    if missing.scalar_one():
        for statement in _TABLES:
            await session.execute(text(statement))
    pooled = await session.connection()
    return (await pooled.get_raw_connection()).driver_connection
