"""Bring what the catalog does not have yet in by COPY, straight into its tables: nothing is staged, nothing joined."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from asyncpg.pgproto import pgproto
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog import merge_sql as sql
from backend.domain.catalog.staging import (
    Parented,
    Products,
    StagedProduct,
    Variants,
    driver_connection,
)
from backend.kit.clock import utc_now

_PRODUCT = ("title", "description", "handle", "status", "categories", "tags", "images", "option_names", "url")
_VARIANT = (
    *("position", "title", "sku", "barcode", "price", "sale_price", "cost", "options", "attributes", "image_url"),
    *("url", "weight_g", "active"),
)
_STOCK = ("on_hand", "in_stock", "backorder")
_LINK = ("external_id", "product_id", "seen_hash", "url", "seen_modified_at", "gone_at")
_LISTING = (
    "external_id",
    "external_product_id",
    "variant_id",
    "inventory_id",
    "seen_hash",
    "seen_modified_at",
    "gone_at",
)
_levels = msgspec.json.Decoder(dict[str, int]).decode


class Names(NamedTuple):
    """Ids of brands and categories by the names that rows call them."""

    brands: Mapping[str, int]
    categories: Mapping[str, int]


async def ensure_names(session: AsyncSession, organization_id: uuid.UUID, products: Iterable[StagedProduct]) -> Names:
    """Add the brands and categories that products name and the catalog lacks; return the ids of all they name."""
    brands: set[str] = set()
    categories: set[str] = set()
    for product in products:
        brands.add(product.brand)
        categories.update(product.categories)
    return Names(
        await ensure_brands(session, organization_id, brands - {""}),
        await _ensured(session, organization_id, categories, sql.ENSURE_CATEGORIES, sql.CATEGORIES),
    )


async def ensure_brands(session: AsyncSession, organization_id: uuid.UUID, names: Iterable[str]) -> dict[str, int]:
    """Add brands that the catalog lacks; return the ids of all by the names they were called."""
    return await _ensured(session, organization_id, names, sql.ENSURE_BRANDS, sql.BRANDS)


async def _ensured(
    session: AsyncSession, organization_id: uuid.UUID, names: Iterable[str], ensure: str, read: str
) -> dict[str, int]:
    wanted = sorted(names)
    values = {"org": organization_id, "names": wanted}
    known: dict[str, int] = {}
    if wanted:
        known.update((row[0], row[1]) for row in await session.execute(text(read), values))
    if len(known) < len(wanted):
        await session.execute(text(ensure), values)
        known.update((row[0], row[1]) for row in await session.execute(text(read), values))
    return known


async def numbers(session: AsyncSession, table: str, count: int) -> list[int]:
    """Return fresh ids of `products` or `variants`, in order."""
    query = text(f"SELECT array_agg(nextval('{table}_id_seq')) FROM generate_series(1, :count)")
    return (await session.execute(query, {"count": count})).scalar_one() or []


class NewRows:
    """Writes new rows of one organization; the caller holds its lock, so that nobody else writes the same."""

    def __init__(self, session: AsyncSession, organization_id: uuid.UUID, currency: str) -> None:
        self._session = session
        # The driver's own kind, which it writes without asking the interpreter: it stands in every row.
        self._org = pgproto.UUID(organization_id.bytes)
        self._currency = currency

    async def add_products(self, rows: Products, ids: Mapping[str, int], names: Names) -> None:
        """Write products under the given ids (by external id)."""
        columns = ("id", "organization_id", "brand_id", "category_id", *_PRODUCT)
        await self._copy("products", columns, self._products(rows, ids, names))

    async def add_variants(self, rows: Variants, ids: Mapping[str, Parented]) -> None:
        """Write variants and their stock under the given (variant id, product id)."""
        columns = ("id", "organization_id", "product_id", "currency", *_VARIANT)
        await self._copy("variants", columns, self._variants(rows, ids))
        await self._copy("stock_levels", ("organization_id", "variant_id", "location", *_STOCK), self._stock(rows, ids))

    async def add_product_links(
        self, store_id: uuid.UUID, rows: Products, ids: Mapping[str, int], *, met: bool = True
    ) -> None:
        """Note which products of a store they are.

        Args:     met: False when it is still to be judged what the store shows: until then they are not there.
        """
        store = pgproto.UUID(store_id.bytes)
        gone_at = None if met else utc_now()
        records = (
            (self._org, store, name, product_id, rows[name].hash, rows[name].own_url, rows[name].modified_at, gone_at)
            for name, product_id in ids.items()
        )
        await self._copy("product_links", ("organization_id", "store_id", *_LINK), records)

    async def add_listings(
        self, store_id: uuid.UUID, rows: Variants, ids: Mapping[str, Parented], *, met: bool = True
    ) -> None:
        """Note which variants of a store they are.

        Args:     met: as for `add_product_links`.
        """
        records = self._listings(pgproto.UUID(store_id.bytes), rows, ids, None if met else utc_now())
        await self._copy("listings", ("organization_id", "store_id", *_LISTING), records)

    def _products(self, rows: Products, ids: Mapping[str, int], names: Names) -> Iterator[tuple[Any, ...]]:
        for external_id, product_id in ids.items():
            row = rows[external_id]
            category = names.categories.get(row.categories[-1]) if row.categories else None
            head = (product_id, self._org, names.brands.get(row.brand), category)
            # title to status, categories to url
            yield (*head, *row[1:5], *row[6:11])

    def _variants(self, rows: Variants, ids: Mapping[str, Parented]) -> Iterator[tuple[Any, ...]]:
        for external_id, (variant_id, product_id) in ids.items():
            row = rows[external_id]
            # position to cost, options to active
            yield (variant_id, self._org, product_id, self._currency, *row[2:9], *row[12:18])

    def _stock(self, rows: Variants, ids: Mapping[str, Parented]) -> Iterator[tuple[Any, ...]]:
        for external_id, (variant_id, _) in ids.items():
            row = rows[external_id]
            levels = _levels(row.levels) if row.levels else {"default": row.stock}
            for location, on_hand in levels.items():
                yield (self._org, variant_id, location, on_hand, row.in_stock, row.backorder)

    def _listings(
        self, store: uuid.UUID, rows: Variants, ids: Mapping[str, Parented], gone_at: datetime | None
    ) -> Iterator[tuple[Any, ...]]:
        for external_id, (variant_id, _) in ids.items():
            row = rows[external_id]
            ends = (row.inventory_id, row.hash, row.modified_at, gone_at)
            yield (self._org, store, external_id, row.external_product_id, variant_id, *ends)

    async def _copy(self, table: str, columns: tuple[str, ...], records: Iterable[tuple[Any, ...]]) -> None:
        connection = await driver_connection(self._session)
        await connection.copy_records_to_table(table, records=records, columns=columns)
