"""Every query on runs, issues and what a walk has seen."""

import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from sqlalchemy import CursorResult, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog import merge_sql
from backend.domain.catalog.changes import take_turn
from backend.domain.catalog.gone_sql import END_CONFLICTS
from backend.kit.text import storable
from backend.models.catalog import Location
from backend.models.stores import Store
from backend.models.sync import SyncIssue, SyncRun, SyncSeen
from backend.ports.actor import Actor
from backend.ports.store_platform import PlatformLocation, PlatformProduct

UNFINISHED = ("queued", "running")
KIND = "pull"
_LEFT_OUT = text("""
SELECT EXISTS (
    SELECT 1 FROM sync_runs r
    WHERE r.organization_id = :org AND r.store_id = :store AND cast(r.stats ->> 'over_limit' AS int) > 0
      AND r.created_at >= coalesce((
        SELECT max(f.created_at) FROM sync_runs f
        WHERE f.organization_id = :org AND f.store_id = :store AND f.mode = 'full' AND f.state = 'completed'
      ), '-infinity'))
""")


class MissingCount(NamedTuple):
    """What a full walk did not meet, beside what the store had before it: products, and listings of variants."""

    products: int
    variants: int
    products_listed: int
    variants_listed: int


class SyncRepository:
    """Reads and writes `sync_runs`, `sync_issues`, `sync_seen`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def open_run(self, values: Mapping[str, Any]) -> uuid.UUID | None:
        """Insert a run; None when its store has an unfinished one."""
        statement = (
            upsert(SyncRun)
            .values(kind=KIND, state="queued", stats={}, walk=1, **values)
            .on_conflict_do_nothing(
                index_elements=["store_id", "kind"], index_where=text("state IN ('queued', 'running')")
            )
            .returning(SyncRun.id)
        )
        return (await self._session.execute(statement)).scalar_one_or_none()

    async def unfinished(
        self, organization_id: uuid.UUID, store_id: uuid.UUID, *, lock: bool = False
    ) -> SyncRun | None:
        """Return the store's unfinished run; `lock` holds its row to the end of the transaction."""
        query = select(SyncRun).where(
            SyncRun.organization_id == organization_id,
            SyncRun.store_id == store_id,
            SyncRun.kind == KIND,
            SyncRun.state.in_(UNFINISHED),
        )
        query = query.with_for_update() if lock else query
        return (await self._session.execute(query)).scalar_one_or_none()

    async def visible_run(self, actor: Actor, run_id: uuid.UUID) -> SyncRun | None:
        """Return a run of the acting organization."""
        query = select(SyncRun).where(SyncRun.organization_id == actor.tenant, SyncRun.id == run_id)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def completed_since(self, run: SyncRun, modes: Sequence[str]) -> bool:
        """Tell whether a run of its store in one of these modes came after a run and was completed."""
        query = select(SyncRun.id).where(
            SyncRun.organization_id == run.organization_id,
            SyncRun.store_id == run.store_id,
            SyncRun.kind == run.kind,
            SyncRun.mode.in_(modes),
            SyncRun.state == "completed",
            SyncRun.created_at > run.created_at,
        )
        return (await self._session.execute(query.limit(1))).first() is not None

    async def last_whole_stats(self, run: SyncRun) -> Mapping[str, Any] | None:
        """Return the statistics of the newest whole walk of a run's store that was completed."""
        query = (
            select(SyncRun.stats)
            .where(
                SyncRun.organization_id == run.organization_id,
                SyncRun.store_id == run.store_id,
                SyncRun.mode == "full",
                SyncRun.state == "completed",
            )
            .order_by(SyncRun.created_at.desc())
            .limit(1)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def held_before(self, run: SyncRun) -> bool:
        """Tell whether the run of the same kind and mode before this one was held for the same reason."""
        query = (
            select(SyncRun.state, SyncRun.error_code)
            .where(
                SyncRun.organization_id == run.organization_id,
                SyncRun.store_id == run.store_id,
                SyncRun.kind == run.kind,
                SyncRun.mode == run.mode,
                SyncRun.id != run.id,
                SyncRun.created_at <= run.created_at,
                SyncRun.state.not_in(("planned", "discarded")),
            )
            .order_by(SyncRun.created_at.desc(), SyncRun.id.desc())
            .limit(1)
        )
        before = (await self._session.execute(query)).one_or_none()
        return before is not None and before == (run.state, run.error_code)

    async def latest_runs(self, actor: Actor, store_id: uuid.UUID | None, most: int) -> Sequence[SyncRun]:
        """Return the newest runs, of one store or of all."""
        query = select(SyncRun).where(SyncRun.organization_id == actor.tenant)
        if store_id is not None:
            query = query.where(SyncRun.store_id == store_id)
        return (await self._session.execute(query.order_by(SyncRun.created_at.desc()).limit(most))).scalars().all()

    async def issues(self, actor: Actor, run_id: uuid.UUID, most: int) -> Sequence[SyncIssue]:
        """Return a run's issues, oldest first."""
        query = (
            select(SyncIssue)
            .where(SyncIssue.organization_id == actor.tenant, SyncIssue.run_id == run_id)
            .order_by(SyncIssue.id)
            .limit(most)
        )
        return (await self._session.execute(query)).scalars().all()

    async def lock(self, run_id: uuid.UUID) -> tuple[SyncRun, Store] | None:
        """Return a run and its store, the run locked for this transaction."""
        query = (
            select(SyncRun, Store)
            .join(Store, Store.id == SyncRun.store_id)
            .where(SyncRun.id == run_id)
            .with_for_update(of=SyncRun)
        )
        row = (await self._session.execute(query)).one_or_none()
        return None if row is None else (row[0], row[1])

    async def lock_at(self, run_id: uuid.UUID, walk: int, cursor: str | None) -> tuple[SyncRun, Store] | None:
        """Return a run and its store as `lock` does, if the run is under way, stands there, and its store is active."""
        found = await self.lock(run_id)
        if found is None or found[0].state != "running" or found[1].state != "active":
            return None
        return found if (found[0].walk, found[0].cursor) == (walk, cursor) else None

    async def add_issues(self, run: SyncRun, issues: Iterable[Mapping[str, Any]]) -> None:
        """Record issues of a run."""
        rows = [{"organization_id": run.organization_id, "run_id": run.id, **issue} for issue in issues]
        if rows:
            await self._session.execute(insert(SyncIssue), rows)

    async def issue_count(self, run_id: uuid.UUID, code: str | None = None) -> int:
        """Count a run's issues, of one code or of all."""
        query = select(func.count()).select_from(SyncIssue).where(SyncIssue.run_id == run_id)
        if code is not None:
            query = query.where(SyncIssue.code == code)
        return int((await self._session.execute(query)).scalar_one())

    async def put_locations(self, run: SyncRun, locations: Sequence[PlatformLocation]) -> None:
        """Note all places of a store; those it does not name any more are not active."""
        if not locations:
            return
        of_store = (Location.organization_id == run.organization_id, Location.store_id == run.store_id)
        named = [one.external_id for one in locations]
        await self._session.execute(
            update(Location).where(*of_store, Location.external_id.not_in(named)).values(active=False)
        )
        scope = {"organization_id": run.organization_id, "store_id": run.store_id}
        rows = [
            {**scope, "external_id": one.external_id, "name": storable(one.name), "active": one.active}
            for one in locations
        ]
        statement = upsert(Location).values(rows)
        shown = {"name": statement.excluded.name, "active": statement.excluded.active, "updated_at": func.now()}
        keys = ["organization_id", "store_id", "external_id"]
        await self._session.execute(statement.on_conflict_do_update(index_elements=keys, set_=shown))

    async def remember_seen(self, run_id: uuid.UUID, seen: Mapping[str, Sequence[str]]) -> None:
        """Note which external ids of each kind a full walk has met; meeting them again changes nothing."""
        rows = [SyncSeen(run_id=run_id, kind=kind, external_ids=list(ids)) for kind, ids in seen.items() if ids]
        self._session.add_all(rows)
        await self._session.flush()

    async def seen_counts(self, run_id: uuid.UUID) -> dict[str, int]:
        """Return how many distinct things of each kind the walk has met."""
        met = select(SyncSeen.kind, func.unnest(SyncSeen.external_ids).label("id")).where(SyncSeen.run_id == run_id)
        ids = met.distinct().subquery()
        query = select(ids.c.kind, func.count()).group_by(ids.c.kind)
        return {kind: int(count) for kind, count in await self._session.execute(query)}

    async def forget_seen(self, run_id: uuid.UUID) -> None:
        """Drop what the walk has met."""
        await self._session.execute(delete(SyncSeen).where(SyncSeen.run_id == run_id))

    async def missing(self, run: SyncRun) -> MissingCount:
        """Count what a full walk did not meet, and what the store had."""
        async with self._as_sets():
            row = (await self._session.execute(text(merge_sql.COUNT_MISSING), _scope(run))).one()
        return MissingCount(*(int(count) for count in row))

    async def missing_ids(self, run: SyncRun) -> tuple[list[str], list[str]]:
        """Return the external ids of products and variants that a full walk did not meet."""
        async with self._as_sets():
            products = await self._session.execute(text(merge_sql.MISSING_PRODUCTS), _scope(run))
            variants = await self._session.execute(text(merge_sql.MISSING_VARIANTS), _scope(run))
        return list(products.scalars()), list(variants.scalars())

    async def mark_gone(self, run: SyncRun) -> tuple[int, int]:
        """Mark what a full walk did not meet as gone; return how many products and variants left the catalog."""
        # Of two stores that lose the same product at once, the later one has to see that it was the last.
        await take_turn(self._session, run.organization_id)
        async with self._as_sets():
            variants = await self._session.execute(text(merge_sql.MARK_VARIANTS_GONE), _scope(run))
            products = await self._session.execute(text(merge_sql.MARK_PRODUCTS_GONE), _scope(run))
        await self._session.execute(text(END_CONFLICTS), _scope(run))
        await self._session.execute(text(merge_sql.BUMP_LISTS), {"org": run.organization_id})
        return _count(products), _count(variants)

    async def mark_replaced(self, run: SyncRun, products: Iterable[PlatformProduct]) -> int:
        """Mark variants gone in whose place products are sold as something else now; return how many."""
        shown = list(products)
        if not shown:
            return 0
        values = {
            "products": [product.external_id for product in shown],
            "whole": [product.external_id for product in shown if product.variants],
            "kept": [variant.external_id for product in shown for variant in product.variants],
        }
        replaced = _count(await self._session.execute(text(merge_sql.MARK_REPLACED_GONE), {**_scope(run), **values}))
        if replaced:
            await self._session.execute(text(merge_sql.BUMP_LISTS), {"org": run.organization_id})
        return replaced

    async def left_out(self, organization_id: uuid.UUID, store_id: uuid.UUID) -> bool:
        """Tell whether the plan's limit kept products of a store out, in its last complete walk or since."""
        found = await self._session.execute(_LEFT_OUT, {"org": organization_id, "store": store_id})
        return bool(found.scalar_one())

    @asynccontextmanager
    async def _as_sets(self) -> AsyncIterator[None]:
        """Compare whole sets by hashing: just filled tables have no statistics, and a guess may loop row by row."""
        await self._session.execute(text("SET LOCAL enable_nestloop = off"))
        yield
        await self._session.execute(text("SET LOCAL enable_nestloop = on"))


def _scope(run: SyncRun) -> dict[str, Any]:
    return {"org": run.organization_id, "store": run.store_id, "run": run.id}


def _count(result: Any) -> int:
    touched: CursorResult[Any] = result
    return int(touched.rowcount)
