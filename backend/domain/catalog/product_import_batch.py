"""One batch of an import inside a transaction: stage, find out what each row is, write what is new or different."""

import uuid
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog import merge_sql
from backend.domain.catalog import product_import_sql as sql
from backend.domain.catalog.changes import ChangeNotes
from backend.domain.catalog.new_rows import NewRows, ensure_names
from backend.domain.catalog.product_csv import Rejected
from backend.domain.catalog.product_events import tell_created
from backend.domain.catalog.product_identity import KnownVariant, SkuHit, choose_product, choose_variants
from backend.domain.catalog.staging import Products, Variants, shown_rows, stage
from backend.domain.stock.ledger import Adjustment, StockLedger
from backend.domain.stores.repository import StoreRepository
from backend.kit.errors import DomainError, ErrorKind
from backend.ports.actor import system_actor
from backend.ports.store_platform import PlatformProduct

DEFAULT_CURRENCY = "USD"
"""Of what is imported before any store is connected; files do not say theirs."""


class FilePart(msgspec.Struct, frozen=True, kw_only=True):
    """Some products of a file, and which fields the file has columns for."""

    products: Sequence[PlatformProduct]
    lines: Sequence[int]
    """For each product the line it starts on."""
    product_fields: frozenset[str]
    variant_fields: frozenset[str]


class BatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch did, in products."""

    created: int
    updated: int
    unchanged: int
    rejected: tuple[Rejected, ...]


def refuse_over_limit(limit: int, held: int, new: int) -> None:
    """Raise limit_reached when *new* products do not fit beside the *held* ones; what only changes always fits."""
    if new and held + new > limit:
        raise DomainError(
            ErrorKind.LIMIT_REACHED,
            "PIM_PRODUCT_LIMIT",
            f"The plan holds {limit:,} products and {held:,} are there: {new:,} new ones do not fit. "
            "Choose a larger plan, or import fewer",
            limit=limit,
        )


class ImportBatch:
    """Works on one organization inside the caller's transaction; imports and pulls of it wait for each other.

    Args:     taken: catalog products that earlier batches of the same file are, with their lines; it is added to.
    """

    def __init__(self, session: AsyncSession, organization_id: uuid.UUID, taken: dict[int, int]) -> None:
        self._session = session
        self._organization_id = organization_id
        self._taken = taken
        self._scope: dict[str, Any] = {"org": organization_id}
        self._notes = ChangeNotes(session, organization_id, origin="import")
        self._products: Products = {}
        self._variants: Variants = {}

    async def apply(self, part: FilePart, product_limit: int | None) -> BatchResult:
        """Bring the products into the catalog; writing the same again changes nothing.

        Raises:   limit_reached PIM_PRODUCT_LIMIT when the plan has no room for what is new.
        """
        self._scope["currency"] = await self._take_turns()
        products, rejected = await self._resolve(part)
        if product_limit is not None:
            refuse_over_limit(product_limit, await self.count_live(), await self._new())
        if products:
            await self._write(products, part)
        created, updated, every = (await self._run(sql.COUNT)).one()
        if created or updated:
            await self._run(merge_sql.BUMP_LISTS)
        await self._run(sql.EMPTY)
        return BatchResult(created=created, updated=updated, unchanged=every - created - updated, rejected=rejected)

    async def count_new(self, part: FilePart) -> int:
        """Return how many of the products the catalog does not have; writes nothing."""
        await self._resolve(part)
        new = await self._new()
        await self._run(sql.EMPTY)
        return new

    async def count_live(self) -> int:
        """Return how many products the catalog holds: what a plan's limit counts."""
        return int((await self._run(sql.LIVE_PRODUCTS)).scalar_one())

    async def _new(self) -> int:
        return int((await self._run(sql.NEW_PRODUCTS)).scalar_one())

    async def _take_turns(self) -> str:
        """Wait for other imports and for pulls of this organization; return the currency of new variants."""
        stores = await StoreRepository(self._session).all_of(system_actor(self._organization_id))
        # In the order in which a pull takes them: its store, then the organization.
        for store in stores:
            await self._session.execute(text(merge_sql.LOCK_STORE), {"store": store.id})
        await self._run(merge_sql.LOCK_COUNT)
        known = [store.currency for store in stores if store.state == "active" and store.currency]
        return known[-1] if known else DEFAULT_CURRENCY

    async def _resolve(self, part: FilePart) -> tuple[list[PlatformProduct], tuple[Rejected, ...]]:
        """Stage the products and decide which of the catalog's each is; return those that could be told."""
        self._products, self._variants = shown_rows(part.products)
        await stage(self._session, self._products, self._variants)
        sku_hits, handle_hits = await self._sku_hits(), await self._handle_hits()
        told: list[PlatformProduct] = []
        ids: list[int | None] = []
        rejected = []
        lines = {}
        for product, line in zip(part.products, part.lines, strict=True):
            name = product.external_id
            choice = choose_product(sku_hits.get(name, ()), handle_hits.get(name, ()), self._taken)
            if choice.reason:
                rejected.append(Rejected(line, choice.reason))
                continue
            told.append(product)
            ids.append(choice.product_id)
            lines[name] = line
            if choice.product_id is not None:
                self._taken[choice.product_id] = line
        chosen = await self._run(sql.RESOLVE_PRODUCTS, external_ids=[*lines], product_ids=ids)
        self._taken.update({product_id: lines[name] for name, product_id in chosen})
        return told, tuple(rejected)

    async def _write(self, products: Sequence[PlatformProduct], part: FilePart) -> None:
        await self._run(sql.keep_products(part.product_fields))
        await self._run(sql.LEAVE_EQUAL_PRODUCTS)
        rows = NewRows(self._session, self._organization_id, self._scope["currency"])
        created = await self._write_products(rows, products)
        await self._resolve_variants(products)
        await self._run(sql.keep_variants(part.variant_fields))
        await self._run(sql.LEAVE_EQUAL_VARIANTS)
        added = await self._run(sql.ADDED_VARIANTS)
        placed = {name: (variant_id, product) for name, variant_id, product in added}
        await rows.add_variants(self._variants, placed)
        await self._notes.find_variants()
        await self._run(sql.UPDATE_VARIANTS)
        await self._count_pieces()
        await self._notes.record()
        scope = (self._session, self._organization_id)
        await tell_created(*scope, products=self._products, created=created, variants=self._variants, placed=placed)

    async def _count_pieces(self) -> None:
        counts = [
            Adjustment(variant_id=variant_id, count=pieces, reason="import", allow_negative=True)
            for variant_id, pieces in await self._run(sql.IMPORTED_PIECES)
        ]
        if counts:
            await StockLedger(self._session).adjust(system_actor(self._organization_id), counts)
        await self._run(sql.WRITE_STOCK_FLAGS)

    async def _write_products(self, rows: NewRows, products: Sequence[PlatformProduct]) -> dict[str, int]:
        """Write products; return the new ones, external id to product id."""
        staged = (self._products[product.external_id] for product in products)
        names = await ensure_names(self._session, self._organization_id, staged)
        created: dict[str, int] = dict((await self._run(sql.ADDED_PRODUCTS)).all())
        await rows.add_products(self._products, created, names)
        await self._notes.find_products()
        await self._run(merge_sql.UPDATE_PRODUCTS)
        return created

    async def _resolve_variants(self, products: Sequence[PlatformProduct]) -> None:
        held: dict[str, int] = dict((await self._run(sql.HELD_PRODUCTS)).all())
        known: dict[int, list[KnownVariant]] = {}
        for variant_id, product_id, sku, options in await self._run(sql.KNOWN_VARIANTS, products=[*held.values()]):
            variant = KnownVariant(variant_id, product_id, sku, msgspec.json.decode(options))
            known.setdefault(product_id, []).append(variant)
        names: list[str] = []
        ids: list[int | None] = []
        for product in products:
            names += [variant.external_id for variant in product.variants]
            ids += choose_variants(product.variants, known.get(held.get(product.external_id, 0), ()))
        await self._run(sql.RESOLVE_VARIANTS, external_ids=names, variant_ids=ids)

    async def _sku_hits(self) -> dict[str, list[SkuHit]]:
        found: dict[str, list[SkuHit]] = {}
        for name, *hit in await self._run(sql.SKU_HITS):
            found.setdefault(name, []).append(SkuHit(*hit))
        return found

    async def _handle_hits(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for name, product_id in await self._run(sql.HANDLE_HITS):
            found.setdefault(name, []).append(product_id)
        return found

    async def _run(self, statement: str, **values: Any) -> Any:
        return await self._session.execute(text(statement), {**self._scope, **values})
