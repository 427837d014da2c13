"""Bring what the catalog does not have yet in by COPY, straight into its tables: nothing is staged, nothing joined."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from asyncpg.pgproto import pgproto
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog import merge_sql as sql
from backend.domain.catalog.binary_copy import copy, jsonb, text_array, timestamptz
from backend.domain.catalog.staging import Parented, Products, StagedProduct, Variants, driver_connection
from backend.kit.clock import utc_now

_PRODUCT = {
    **{"id": "bigint", "organization_id": "uuid", "brand_id": "bigint", "category_id": "bigint"},
    **dict.fromkeys(("title", "description", "handle", "status"), "text"),
    **dict.fromkeys(("categories", "tags", "images", "option_names"), "bytea"),
    "url": "text",
}
_VARIANT = {
    **{"id": "bigint", "organization_id": "uuid", "product_id": "bigint", "currency": "text", "position": "int"},
    **dict.fromkeys(("title", "sku", "barcode"), "text"),
    **dict.fromkeys(("price", "sale_price", "cost"), "numeric"),
    **dict.fromkeys(("options", "attributes"), "bytea"),
    **{"image_url": "text", "url": "text", "weight_g": "int", "active": "boolean"},
}
_STOCK = {
    **{"organization_id": "uuid", "variant_id": "bigint", "location": "text", "on_hand": "int"},
    **{"in_stock": "boolean", "backorder": "boolean"},
}
_LINK = {
    **{"organization_id": "uuid", "store_id": "uuid", "external_id": "text", "product_id": "bigint"},
    **{"seen_hash": "bytea", "url": "text", "seen_modified_at": "bigint", "gone_at": "timestamptz"},
}
_LISTING = {
    **{"organization_id": "uuid", "store_id": "uuid", "external_id": "text", "external_product_id": "text"},
    **{"variant_id": "bigint", "inventory_id": "text", "seen_hash": "bytea", "seen_modified_at": "bigint"},
    "gone_at": "timestamptz",
}
"""Columns of the tables, and the types in which we give them."""


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
        await self._copy("products", _PRODUCT, self._products(rows, ids, names))

    async def add_variants(self, rows: Variants, ids: Mapping[str, Parented]) -> None:
        """Write variants and their stock under the given (variant id, product id)."""
        await self._copy("variants", _VARIANT, self._variants(rows, ids))
        await self._copy("stock_levels", _STOCK, self._stock(rows, ids))

    async def add_product_links(
        self, store_id: uuid.UUID, rows: Products, ids: Mapping[str, int], *, met: bool = True
    ) -> None:
        """Note which products of a store they are.

        Args:     met: False when it is still to be judged what the store shows: until then they are not there.
        """
        store = pgproto.UUID(store_id.bytes)
        gone_at = None if met else utc_now()
        await self._copy("product_links", _LINK, self._links(store, rows, ids, gone_at))

    async def add_listings(
        self, store_id: uuid.UUID, rows: Variants, ids: Mapping[str, Parented], *, met: bool = True
    ) -> None:
        """Note which variants of a store they are.

        Args:     met: as for `add_product_links`.
        """
        records = self._listings(pgproto.UUID(store_id.bytes), rows, ids, None if met else utc_now())
        await self._copy("listings", _LISTING, records)

    def _products(self, rows: Products, ids: Mapping[str, int], names: Names) -> Iterator[tuple[Any, ...]]:
        for external_id, product_id in ids.items():
            row = rows[external_id]
            category = names.categories.get(row.categories[-1]) if row.categories else None
            head = (product_id, self._org, names.brands.get(row.brand), category)
            lists = (text_array(row.categories), text_array(row.tags), jsonb(row.images), text_array(row.option_names))
            # title to status
            yield (*head, *row[1:5], *lists, row.url)

    def _variants(self, rows: Variants, ids: Mapping[str, Parented]) -> Iterator[tuple[Any, ...]]:
        for external_id, (variant_id, product_id) in ids.items():
            row = rows[external_id]
            read = (jsonb(row.options), jsonb(row.attributes))
            # position to cost, image_url to active
            yield (variant_id, self._org, product_id, self._currency, *row[2:9], *read, *row[14:18])

    def _stock(self, rows: Variants, ids: Mapping[str, Parented]) -> Iterator[tuple[Any, ...]]:
        for external_id, (variant_id, _) in ids.items():
            row = rows[external_id]
            levels: Mapping[str, int | None] = row.levels or {"default": row.stock}
            for location, on_hand in levels.items():
                yield (self._org, variant_id, location, on_hand, row.in_stock, row.backorder)

    def _links(
        self, store: uuid.UUID, rows: Products, ids: Mapping[str, int], gone_at: datetime | None
    ) -> Iterator[tuple[Any, ...]]:
        for external_id, product_id in ids.items():
            row = rows[external_id]
            ends = (row.hash, row.own_url, timestamptz(row.modified_at), gone_at)
            yield (self._org, store, external_id, product_id, *ends)

    def _listings(
        self, store: uuid.UUID, rows: Variants, ids: Mapping[str, Parented], gone_at: datetime | None
    ) -> Iterator[tuple[Any, ...]]:
        for external_id, (variant_id, _) in ids.items():
            row = rows[external_id]
            ends = (row.inventory_id, row.hash, timestamptz(row.modified_at), gone_at)
            yield (self._org, store, external_id, row.external_product_id, variant_id, *ends)

    async def _copy(self, table: str, columns: Mapping[str, str], records: Iterable[tuple[Any, ...]]) -> None:
        await copy(await driver_connection(self._session), table, columns, records)
