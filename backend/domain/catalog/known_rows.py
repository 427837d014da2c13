"""Bring rows that the catalog knows up to date with what a store shows, and note what changes by it."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog import merge_sql as sql
from backend.domain.catalog.changes import ChangeNotes
from backend.domain.catalog.judging import Judging
from backend.domain.catalog.judging_repository import Context
from backend.domain.catalog.new_rows import ensure_names
from backend.domain.catalog.staging import Parented, Products, StagedVariant, Variants, resolve_known, stage
from backend.domain.stock.shown import StockShown


class MergeCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What a merge is about to do to listings of its store."""

    zeroed: int = 0
    """Listings whose pieces go from some to none."""
    moved: int = 0
    """Listings whose price in force moves by more than the share that the merge was given."""


MergeCheck = Callable[[MergeCounts], None]
"""Asked before known variants are written; what it raises ends the merge."""


class Updated(msgspec.Struct, frozen=True, kw_only=True):
    """What became of known rows."""

    taken: frozenset[str] = frozenset()
    """External ids of rows of which the catalog takes something."""
    due: frozenset[uuid.UUID] = frozenset()
    """Stores in which fields are due."""
    stock_due: frozenset[uuid.UUID] = frozenset()
    """Stores in which pieces are due."""
    counts: MergeCounts = MergeCounts()


class KnownRows:
    """Updates rows of one store inside the caller's transaction, while nobody else changes the catalog."""

    def __init__(
        self,
        session: AsyncSession,
        organization_id: uuid.UUID,
        store_id: uuid.UUID,
        currency: str,
        context: Context,
        run_id: uuid.UUID | None,
    ) -> None:
        self._session = session
        self._where = (organization_id, store_id)
        self._scope: dict[str, Any] = {"org": organization_id, "store": store_id}
        self._run_id = run_id
        self._shared = context.shared
        self._judging = Judging(session, organization_id, store_id, currency, context)
        self._notes = ChangeNotes(session, organization_id, origin="store", store_id=store_id, run_id=run_id)

    async def products(self, shown: Products, changed: Mapping[str, int]) -> Updated:
        """Update products (external id to product id) that the store shows otherwise than last time."""
        # In one order, so that two transactions that want the same listings wait for each other in no circle.
        ids = {name: changed[name] for name in sorted(changed)}
        judged = await self._judging.products(shown, ids)
        rows = {name: judged.rows.get(name, shown[name]) for name in ids}
        await ensure_names(self._session, self._where[0], rows.values())
        await stage(self._session, rows, {})
        await resolve_known(self._session, self._where, ids, {}, judged.kept)
        found = await self._notes.find_products()
        await self._run(sql.UPDATE_PRODUCTS)
        due = await self._notes.record(elsewhere=self._shared) if found else frozenset()
        await self._judging.keep(judged, products=True)
        await self._run(sql.UPDATE_PRODUCT_LINKS)
        return Updated(taken=frozenset(ids.keys() - judged.kept), due=self._with_own(due, due_here=judged.due))

    async def variants(
        self, shown: Variants, changed: Mapping[str, Parented], check: MergeCheck | None, price_move: float
    ) -> Updated:
        """Update variants (external id to variant id and product id) that the store shows otherwise than last time."""
        judged = await self._judging.variants(shown, changed)
        ids = {name: judged.parents.get(name, changed[name]) for name in sorted(changed)}
        await stage(self._session, {}, {name: judged.rows.get(name, shown[name]) for name in ids})
        await resolve_known(self._session, self._where, {}, ids, judged.kept)
        found = await self._notes.find_variants(price_move)
        counts = MergeCounts(zeroed=await self._zeroed(shown, ids), moved=await self._notes.moved() if found else 0)
        if check is not None:
            check(counts)
        await self._run(sql.UPDATE_VARIANTS)
        # It locks places before listings, so nothing of a listing is written before it.
        stock_due = await StockShown(self._session, *self._where).book(self._run_id)
        due = await self._notes.record(elsewhere=self._shared) if found else frozenset()
        await self._judging.keep(judged, products=False)
        await self._run(sql.UPDATE_LISTINGS)
        return Updated(
            taken=frozenset(ids.keys() - judged.kept),
            due=self._with_own(due, due_here=judged.due),
            stock_due=stock_due,
            counts=counts,
        )

    async def _zeroed(self, shown: Variants, ids: Mapping[str, Parented]) -> int:
        empty = [name for name in ids if _is_empty(shown[name])]
        if not empty:
            return 0
        return int((await self._run(sql.COUNT_ZEROED, names=empty)).scalar_one())

    def _with_own(self, due: frozenset[uuid.UUID], *, due_here: bool) -> frozenset[uuid.UUID]:
        return due | {self._where[1]} if due_here else due

    async def _run(self, statement: str, **values: Any) -> Any:
        return await self._session.execute(text(statement), {**self._scope, **values})


def _is_empty(row: StagedVariant) -> bool:
    if row.levels:
        return sum(row.levels.values()) <= 0
    return row.stock is not None and row.stock <= 0
