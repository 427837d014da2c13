"""Bring neutral products into temporary tables by COPY, so that SQL can work on them as sets."""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import xxhash
from msgspec.structs import astuple
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog.binary_copy import copy
from backend.ports.store_platform import PlatformProduct, PlatformVariant

# It tells whether a row is as last time, and is no proof against anybody: a store can deceive only itself. A
# cryptographic one takes ten times as long, which is a thirtieth of a first sync.
_hash = xxhash.xxh3_128_digest
HASH_BYTES = 16
_encode = msgspec.msgpack.Encoder().encode
_json = msgspec.json.Encoder().encode

# The scope stands in each resolved row: joined by a column, rows are looked up by their whole key. Joined by a
# constant, the planner may go through all rows of an organization that it has no statistics of.
# JSON and money travel as text: the server casts them in a set, the driver would do it value by value.
_TABLES = (
    """CREATE TEMP TABLE IF NOT EXISTS stage_products (
        external_id text, title text, description text, handle text, status text, brand text, categories text[],
        tags text[], images text, option_names text[], url text, modified_at timestamptz, hash bytea, own_url text
    ) ON COMMIT DELETE ROWS""",
    """CREATE TEMP TABLE IF NOT EXISTS stage_variants (
        external_id text, external_product_id text, position int, title text, sku text, barcode text, price text,
        sale_price text, cost text, stock int, in_stock boolean, backorder boolean, options text,
        attributes text, image_url text, url text, weight_g int, active boolean, inventory_id text, levels text,
        modified_at timestamptz, hash bytea, currency text
    ) ON COMMIT DELETE ROWS""",
    """CREATE TEMP TABLE IF NOT EXISTS resolved_products (
        organization_id uuid, store_id uuid, external_id text, product_id bigint, is_new boolean, changed boolean,
        kept boolean
    ) ON COMMIT DELETE ROWS""",
    """CREATE TEMP TABLE IF NOT EXISTS resolved_variants (
        organization_id uuid, store_id uuid, external_id text, variant_id bigint, product_id bigint, is_new boolean,
        changed boolean, kept boolean
    ) ON COMMIT DELETE ROWS""",
    """CREATE TEMP TABLE IF NOT EXISTS changed_fields (
        organization_id uuid, product_id bigint, variant_id bigint, external_id text, changes jsonb, moved boolean
    ) ON COMMIT DELETE ROWS""",
)


class StagedProduct(NamedTuple):
    """One row of `stage_products`; images as JSON."""

    external_id: str
    title: str
    description: str
    handle: str
    status: str
    brand: str
    categories: Sequence[str]
    tags: Sequence[str]
    images: bytes
    option_names: Sequence[str]
    url: str
    modified_at: datetime | None
    hash: bytes
    """Of everything but the time of change."""
    own_url: str
    """The page a customer buys on in this store; `url` is the one the catalog holds."""


class StagedVariant(NamedTuple):
    """One row of `stage_variants`; amounts as text, options and attributes as JSON."""

    external_id: str
    external_product_id: str
    position: int
    title: str
    sku: str
    barcode: str
    price: str | None
    sale_price: str | None
    cost: str | None
    stock: int | None
    in_stock: bool
    backorder: bool
    options: bytes
    attributes: bytes
    image_url: str
    url: str
    weight_g: int | None
    active: bool
    inventory_id: str
    levels: Mapping[str, int]
    """Location to pieces; empty for a store with one place."""
    modified_at: datetime | None
    hash: bytes
    """Of everything but its position and the time of change."""
    currency: str
    """Of its amounts."""


_PRODUCT = {
    **dict.fromkeys(("external_id", "title", "description", "handle", "status", "brand"), "text"),
    **{"categories": "text[]", "tags": "text[]", "images": "bytea", "option_names": "text[]", "url": "text"},
    **{"modified_at": "timestamptz", "hash": "bytea", "own_url": "text"},
}
_VARIANT = {
    **{"external_id": "text", "external_product_id": "text", "position": "int"},
    **dict.fromkeys(("title", "sku", "barcode", "price", "sale_price", "cost"), "text"),
    **{"stock": "int", "in_stock": "boolean", "backorder": "boolean", "options": "bytea", "attributes": "bytea"},
    **{"image_url": "text", "url": "text", "weight_g": "int", "active": "boolean", "inventory_id": "text"},
    **{"levels": "bytea", "modified_at": "timestamptz", "hash": "bytea", "currency": "text"},
}
"""Columns of the staging tables, and the types in which we give them."""

Products = Mapping[str, StagedProduct]
Variants = Mapping[str, StagedVariant]
"""Staged rows by external id."""
Parented = tuple[int, int]
"""A variant's id and its product's."""
ANALYZE_FROM_ROWS = 5_000
"""Above this many rows the planner is told how large the staged set is; below, its guess is good enough."""


def product_row(product: PlatformProduct) -> StagedProduct:
    """Return a staged product."""
    kept = (
        product.title,
        product.description,
        product.handle,
        product.status,
        product.brand,
        product.categories,
        product.tags,
        [(image.url, image.alt) for image in product.images],
        product.option_names,
        product.url,
    )
    digest = _hash(_encode(kept))
    shown = _json(product.images) if product.images else b"[]"
    return StagedProduct(product.external_id, *kept[:7], shown, *kept[8:], product.modified_at, digest, product.url)


def variant_row(variant: PlatformVariant, position: int, currency: str) -> StagedVariant:
    """Return a staged variant.

    Args:     currency: of its prices, in the hash alone: the same numbers mean something else in another one.
    """
    # All fields at once, in the order of `PlatformVariant`, and past the row's constructor, which takes twice as long:
    # a catalog has millions, and each look at one counts.
    # fmt: off
    (external_id, parent, title, sku, barcode, price, sale_price, cost, stock, levels, inventory_id, in_stock,
     backorder, options, image_url, url, weight_g, active, attributes, modified_at) = astuple(variant)
    price = None if price is None else str(price)
    sale_price = None if sale_price is None else str(sale_price)
    cost = None if cost is None else str(cost)
    told = (currency, parent, title, sku, barcode, price, sale_price, cost, stock, in_stock, backorder, options,
            attributes, image_url, url, weight_g, active, inventory_id, levels)
    return tuple.__new__(StagedVariant, (
        external_id, parent, position, title, sku, barcode, price, sale_price, cost, stock, in_stock, backorder,
        _json(options) if options else b"{}", _json(attributes) if attributes else b"{}",
        image_url, url, weight_g, active, inventory_id, levels, modified_at,
        _hash(_encode(told)), currency,
    ))
    # fmt: on


class ShownRows(NamedTuple):
    """What a store shows, as staged rows; of what comes twice the later one counts."""

    products: Products
    variants: Variants


def shown_rows(
    products: Iterable[PlatformProduct], apart: Iterable[PlatformVariant] = (), *, currency: str = ""
) -> ShownRows:
    """Return the rows of products, of the variants inside them, and of variants that come apart from them."""
    shown: dict[str, StagedProduct] = {}
    variants: dict[str, StagedVariant] = {}
    for product in products:
        shown[product.external_id] = product_row(product)
        for position, variant in enumerate(product.variants):
            variants[variant.external_id] = variant_row(variant, position, currency)
    variants.update((variant.external_id, variant_row(variant, 0, currency)) for variant in apart)
    return ShownRows(shown, variants)


def together(several: Iterable[ShownRows]) -> ShownRows:
    """Return the rows of several pages as one."""
    products: dict[str, StagedProduct] = {}
    variants: dict[str, StagedVariant] = {}
    for rows in several:
        products.update(rows.products)
        variants.update(rows.variants)
    return ShownRows(products, variants)


def hashes(rows: Products | Variants) -> dict[str, str | bytes]:
    """Return external ids and hashes of staged rows as one long value each.

    Before each id stands `before`, a character that none of them holds; a hash has `HASH_BYTES`.
    """
    ids = "".join(rows)
    before = next(one for one in map(chr, range(1, 0xD800)) if one not in ids)
    hashes = b"".join([row.hash for row in rows.values()])
    return {"ids": "".join([before + one for one in rows]), "before": before, "hashes": hashes}


async def stage(session: AsyncSession, products: Products, variants: Variants) -> None:
    """Fill the staging tables for this transaction."""
    connection = await prepare(session)
    if products:
        await copy(connection, "stage_products", _PRODUCT, products.values())
    if variants:
        await copy(connection, "stage_variants", _VARIANT, map(_with_levels_as_json, variants.values()))
    if len(products) + len(variants) >= ANALYZE_FROM_ROWS:
        await connection.execute("ANALYZE stage_products; ANALYZE stage_variants")


def _with_levels_as_json(row: StagedVariant) -> tuple[Any, ...]:
    return (*row[:19], _json(row.levels) if row.levels else b"", *row[20:])


Scope = tuple[uuid.UUID, uuid.UUID]
"""Organization and store."""


async def resolve_known(
    session: AsyncSession,
    scope: Scope,
    products: Mapping[str, int],
    variants: Mapping[str, Parented],
    kept: Collection[str] = (),
) -> None:
    """Say which rows of the catalog the staged ones are; all of them have changed in the store.

    Args:     products: external id to product id. variants: external id to (variant id, product id).
              kept: those of which the catalog takes nothing.
    """
    connection = await driver_connection(session)
    if products:
        records = [(*scope, one, product_id, False, True, one in kept) for one, product_id in products.items()]
        await connection.copy_records_to_table("resolved_products", records=records)
    if variants:
        rows = [(*scope, one, *ids, False, True, one in kept) for one, ids in variants.items()]
        await connection.copy_records_to_table("resolved_variants", records=rows)


async def driver_connection(session: AsyncSession) -> Any:
    """Return the driver's own connection, which can COPY."""
    pooled = await session.connection()
    return (await pooled.get_raw_connection()).driver_connection


async def prepare(session: AsyncSession) -> Any:
    """Return the driver's connection, with the temporary tables in place (a rollback may have taken them away)."""
    missing = await session.execute(text("SELECT to_regclass('pg_temp.changed_fields') IS NULL"))
    if missing.scalar_one():
        for statement in _TABLES:
            await session.execute(text(statement))
    return await driver_connection(session)
