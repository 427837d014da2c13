"""Merge staged products into the catalog as sets: new rows in, changed rows over, unchanged rows left alone."""

import uuid
from collections.abc import Sequence

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog import merge_sql as sql
from backend.domain.catalog.staging import Rows, hashes, product_rows, stage, variant_rows
from backend.ports.store_platform import PlatformProduct, PlatformVariant


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """What one merge did, in rows."""

    products_added: int = 0
    products_updated: int = 0
    """Changed themselves, or by a change of one of their variants."""
    products_unchanged: int = 0
    variants_added: int = 0
    variants_updated: int = 0
    variants_unchanged: int = 0
    over_limit: int = 0
    """New products that the plan has no room for."""
    orphans: tuple[str, ...] = ()
    """External ids of variants whose product is not in the catalog (at most 20 are named)."""

    @property
    def changed(self) -> bool:
        """Tell whether the catalog is different now."""
        return bool(self.products_added or self.products_updated or self.variants_added or self.variants_updated)


class _Counts:
    """What a merge has done so far."""

    products: tuple[int, int] = (0, 0)
    """Added and updated rows."""
    variants: tuple[int, int] = (0, 0)
    touched: int = 0
    """Products that changed by a variant alone."""
    over_limit: int = 0
    orphans: tuple[str, ...] = ()

    def merged(self, shown_products: int, shown_variants: int) -> Merged:
        """Return the result, given how many products and variants the store showed."""
        unchanged = shown_products - sum(self.products) - self.touched - self.over_limit
        return Merged(
            products_added=self.products[0],
            products_updated=self.products[1] + self.touched,
            products_unchanged=max(0, unchanged),
            variants_added=self.variants[0],
            variants_updated=self.variants[1],
            variants_unchanged=shown_variants - sum(self.variants),
            over_limit=self.over_limit,
            orphans=self.orphans,
        )


class StoreMerge:
    """Merges what one store shows. Two merges of one store take turns; repeating one changes nothing."""

    def __init__(
        self, session: AsyncSession, *, organization_id: uuid.UUID, store_id: uuid.UUID, currency: str
    ) -> None:
        self._session = session
        self._currency = currency
        self._scope = {"org": organization_id, "store": store_id, "currency": currency}

    async def merge(
        self,
        products: Sequence[PlatformProduct],
        variants: Sequence[PlatformVariant] = (),
        *,
        product_limit: int | None = None,
    ) -> Merged:
        """Merge products (with the variants inside them) and variants that come apart from their product.

        Args:     product_limit: of the plan; what is new beyond it stays out and is counted in `over_limit`.
        """
        await self._run(sql.LOCK_STORE)
        shown_products = product_rows(products)
        shown_variants = variant_rows(products, variants, currency=self._currency)
        new_products = await self._not_as_last_time(sql.UNCHANGED_PRODUCTS, shown_products)
        new_variants = await self._not_as_last_time(sql.UNCHANGED_VARIANTS, shown_variants)
        await stage(self._session, new_products, new_variants)
        done = _Counts()
        if new_products:
            await self._merge_products(done, product_limit)
        if new_variants:
            await self._merge_variants(done)
        merged = done.merged(len(shown_products), len(shown_variants))
        if merged.changed:
            await self._run(sql.BUMP_REVISION)
        return merged

    async def _merge_products(self, done: "_Counts", product_limit: int | None) -> None:
        await self._run(sql.RESOLVE_PRODUCTS)
        done.over_limit = await self._keep_within(product_limit)
        done.products = await apply_products(self._session, self._scope)
        await self._run(sql.INSERT_PRODUCT_LINKS)
        await self._run(sql.UPDATE_PRODUCT_LINKS)

    async def _merge_variants(self, done: "_Counts") -> None:
        await self._run(sql.RESOLVE_VARIANTS)
        done.touched = int((await self._session.execute(text(sql.TOUCHED_PRODUCTS))).scalar_one())
        if not done.over_limit:  # else their products are known to be missing
            done.orphans = tuple((await self._session.execute(text(sql.ORPHANS))).scalars())
        done.variants = await apply_variants(self._session, self._scope)
        await self._run(sql.INSERT_LISTINGS)
        await self._run(sql.UPDATE_LISTINGS)

    async def _not_as_last_time(self, statement: str, rows: Rows) -> Rows:
        """Return the rows that are new or differ from what the store showed last time."""
        if not rows:
            return rows
        same = set((await self._session.execute(text(statement), {**self._scope, **hashes(rows)})).scalars())
        return {external_id: row for external_id, row in rows.items() if external_id not in same} if same else rows

    async def _keep_within(self, product_limit: int | None) -> int:
        if product_limit is None:
            return 0
        await self._run(sql.LOCK_COUNT)
        scope = {**self._scope, "limit": product_limit}
        return int((await self._session.execute(text(sql.DROP_OVER_LIMIT), scope)).scalar_one())

    async def _run(self, statement: str) -> None:
        await self._session.execute(text(statement), self._scope)


async def apply_products(session: AsyncSession, scope: dict[str, object]) -> tuple[int, int]:
    """Write new and changed products of `resolved_products`; return (added, updated)."""
    await session.execute(text(sql.INSERT_BRANDS), scope)
    await session.execute(text(sql.INSERT_CATEGORIES), scope)
    added = await session.execute(text(sql.INSERT_PRODUCTS), scope)
    updated = await session.execute(text(sql.UPDATE_PRODUCTS), scope)
    return _rows(added), _rows(updated)


async def apply_variants(session: AsyncSession, scope: dict[str, object]) -> tuple[int, int]:
    """Write new and changed variants of `resolved_variants` and their stock; return (added, updated)."""
    added = await session.execute(text(sql.INSERT_VARIANTS), scope)
    updated = await session.execute(text(sql.UPDATE_VARIANTS), scope)
    await session.execute(text(sql.INSERT_STOCK), scope)
    await session.execute(text(sql.UPDATE_STOCK), scope)
    return _rows(added), _rows(updated)


def _rows(result: object) -> int:
    return int(result.rowcount)  # type: ignore[attr-defined]
