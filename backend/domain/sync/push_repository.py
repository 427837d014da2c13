"""Queries on runs that write: which stores have something due, their change sets, and what became of each change."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.sync.advice import TEMPORARY
from backend.domain.sync.plan import Change
from backend.domain.sync.push_guards import StoreSize
from backend.domain.sync.repository import UNFINISHED
from backend.models.sync import SyncChange, SyncRun
from backend.ports.actor import Actor

MODE = "changes"
REST_AFTER_FAILURE_S = 300
"""A store whose last push failed is asked again after so many seconds."""
RETRY_ITEMS_AFTER_S = 600

_DUE_STORES = text("""
WITH due AS (
    SELECT organization_id, store_id, 'stock' AS kind FROM listings
    WHERE due IS NOT NULL AND gone_at IS NULL AND state <> 'error' AND 'stock' = ANY(due)
    UNION
    SELECT organization_id, store_id, 'push' FROM listings
    WHERE due IS NOT NULL AND gone_at IS NULL AND state <> 'error' AND due <> '{stock}'
    UNION
    SELECT organization_id, store_id, 'push' FROM product_links
    WHERE due IS NOT NULL AND gone_at IS NULL AND error_code IS NULL
    UNION
    SELECT organization_id, store_id, 'push' FROM listing_requests WHERE state = 'pending'
)
SELECT due.organization_id, due.store_id, due.kind
FROM due JOIN stores s ON s.id = due.store_id AND s.state = 'active'
LEFT JOIN LATERAL (
    SELECT r.state, r.finished_at FROM sync_runs r
    WHERE r.organization_id = due.organization_id AND r.store_id = due.store_id AND r.kind = due.kind
      AND r.state NOT IN ('planned', 'discarded')
    ORDER BY r.created_at DESC, r.id DESC LIMIT 1
) last ON true
WHERE (cast(:store AS uuid) IS NULL OR due.store_id = :store)
  AND (due.kind = 'stock' OR coalesce(s.settings ->> 'push', 'auto') = 'auto')
  AND (last.state IS NULL OR last.state = 'completed'
       OR cast(:store AS uuid) IS NOT NULL AND last.state IN ('queued', 'running')
       OR last.state = 'failed' AND last.finished_at < now() - make_interval(secs => :rest_s))
""")

_RETRY_LISTINGS = text("""
UPDATE listings SET state = 'pending', error_code = NULL, error_message = NULL, failed_at = NULL
WHERE state = 'error' AND error_code = ANY(:codes) AND failed_at < now() - make_interval(secs => :after_s)
""")

_SIZE = text("""
SELECT count(*) AS listings, count(*) FILTER (WHERE EXISTS (
    SELECT 1 FROM stock_levels k WHERE k.organization_id = l.organization_id AND k.variant_id = l.variant_id
      AND k.on_hand IS NOT NULL)) AS counted
FROM listings l WHERE l.organization_id = :org AND l.store_id = :store AND l.gone_at IS NULL
""")

_CLAIM = text("""
UPDATE sync_changes c SET state = 'sending', write_key = coalesce(c.write_key, gen_random_uuid())
FROM (SELECT id FROM sync_changes WHERE organization_id = :org AND run_id = :run AND target = 'store' AND state = :state
      ORDER BY id LIMIT :most) next
WHERE c.organization_id = :org AND c.run_id = :run AND c.id = next.id
RETURNING c.id
""")

_FINISH = text("""
UPDATE sync_changes c
SET state = told.state, code = nullif(told.code, ''), message = nullif(told.message, ''), applied_at = now()
FROM unnest(cast(:ids AS bigint[]), cast(:states AS text[]), cast(:codes AS text[]), cast(:messages AS text[]))
     AS told(id, state, code, message)
WHERE c.organization_id = :org AND c.run_id = :run AND c.id = told.id
""")

_COUNTS = text("""
SELECT count(*) FILTER (WHERE state = 'applied') AS applied, count(*) FILTER (WHERE state = 'failed') AS failed,
       count(*) FILTER (WHERE state = 'skipped') AS skipped, count(*) AS planned,
       count(*) FILTER (WHERE action = 'create') AS "create", count(*) FILTER (WHERE action = 'update') AS "update",
       count(*) FILTER (WHERE action = 'delete') AS "delete",
       count(DISTINCT product_id) FILTER (WHERE state = 'applied' AND action = 'create') AS products_added,
       count(DISTINCT product_id) FILTER (WHERE state = 'applied' AND action = 'update') AS products_updated,
       count(DISTINCT product_id) FILTER (WHERE state = 'applied' AND action = 'delete') AS products_removed
FROM sync_changes WHERE organization_id = :org AND run_id = :run
""")

_UNANSWERED = "(c.entity = 'stock' OR c.action = 'create')"
"""Writes that must not be sent again as if they were new: what they did is looked for first."""

_MAKE_DUE = text(f"""
UPDATE listings l SET due = l.due || ARRAY['stock']
FROM sync_changes c
WHERE c.organization_id = :org AND c.run_id = :run AND c.state = 'sending' AND {_UNANSWERED}
  AND l.organization_id = :org AND l.store_id = :store AND l.external_id = c.external_id AND l.gone_at IS NULL
  AND coalesce(NOT 'stock' = ANY(l.due), true)
""")

_TAKE_OVER = text(f"""
WITH taken AS (
    UPDATE sync_changes c SET run_id = :run
    FROM sync_runs w
    WHERE w.organization_id = :org AND w.store_id = :store AND w.kind = :kind AND w.state = 'failed'
      AND c.organization_id = :org AND c.run_id = w.id AND c.state = 'sending' AND {_UNANSWERED}
    RETURNING c.action, c.entity, c.product_id, c.external_id
)
DELETE FROM sync_changes c USING taken
WHERE c.organization_id = :org AND c.run_id = :run AND c.state = 'planned' AND c.action = taken.action
  AND c.entity = taken.entity AND c.product_id = taken.product_id AND c.external_id = taken.external_id
""")


class DueStore(NamedTuple):
    """A store that has something due, and for which kind of run."""

    organization_id: uuid.UUID
    store_id: uuid.UUID
    kind: str


class Finished(NamedTuple):
    """What became of one change."""

    change_id: int
    state: str
    """`applied`, `skipped` or `failed`."""
    code: str = ""
    message: str = ""


class PushRepository:
    """Reads and writes runs that write, and `sync_changes`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def open_run(self, values: Mapping[str, Any]) -> uuid.UUID | None:
        """Insert a queued run; None when its store has an unfinished one of the kind."""
        statement = (
            upsert(SyncRun)
            .values({"state": "queued", "stats": {}, "walk": 1, "mode": MODE, **values})
            .on_conflict_do_nothing(
                index_elements=["store_id", "kind"], index_where=text("state IN ('queued', 'running')")
            )
            .returning(SyncRun.id)
        )
        return (await self._session.execute(statement)).scalar_one_or_none()

    async def add_run(self, run: SyncRun) -> None:
        """Insert a run that does nothing yet (a preview)."""
        self._session.add(run)
        await self._session.flush()

    async def unfinished(self, organization_id: uuid.UUID, store_id: uuid.UUID, kind: str) -> SyncRun | None:
        """Return the store's unfinished run of a kind."""
        return (await self._session.execute(_unfinished(organization_id, store_id, kind))).scalar_one_or_none()

    async def unfinished_at_rest(self, organization_id: uuid.UUID, store_id: uuid.UUID, kind: str) -> SyncRun | None:
        """Return the store's unfinished run of a kind, locked for this transaction, unless somebody is at it now.

        Never waits: who holds pieces or listings must not wait for a run that may want the same.
        """
        query = _unfinished(organization_id, store_id, kind).with_for_update(skip_locked=True)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def visible_run(self, actor: Actor, run_id: uuid.UUID, *, lock: bool = False) -> SyncRun | None:
        """Return a run of the acting organization; `lock` holds its row to the end of the transaction."""
        query = select(SyncRun).where(SyncRun.organization_id == actor.tenant, SyncRun.id == run_id)
        query = query.with_for_update() if lock else query
        return (await self._session.execute(query)).scalar_one_or_none()

    async def undo_of(self, actor: Actor, run_id: uuid.UUID) -> SyncRun | None:
        """Return the run that took another back or is about to; None when nobody undid it."""
        query = select(SyncRun).where(
            SyncRun.organization_id == actor.tenant,
            SyncRun.undoes == run_id,
            SyncRun.state.not_in(("discarded", "failed")),
        )
        return (await self._session.execute(query.limit(1))).scalar_one_or_none()

    async def discard_previews(self, organization_id: uuid.UUID, store_id: uuid.UUID, kind: str) -> None:
        """Discard older previews of a kind: a store has one at a time."""
        statement = (
            update(SyncRun)
            .where(
                SyncRun.organization_id == organization_id,
                SyncRun.store_id == store_id,
                SyncRun.kind == kind,
                SyncRun.state == "planned",
            )
            .values(state="discarded", finished_at=func.now())
        )
        await self._session.execute(statement)

    async def due_stores(self, store_id: uuid.UUID | None = None) -> list[DueStore]:
        """Return the stores that have something due and nothing under way; across organizations, for the clock.

        Args:     store_id: this one alone.
        """
        found = await self._session.execute(_DUE_STORES, {"rest_s": REST_AFTER_FAILURE_S, "store": store_id})
        return [DueStore(*row) for row in found]

    async def retry_temporary_errors(self) -> None:
        """Make listings due again whose store may take them by now; across organizations, for the clock."""
        await self._session.execute(_RETRY_LISTINGS, {"codes": list(TEMPORARY), "after_s": RETRY_ITEMS_AFTER_S})

    async def size(self, organization_id: uuid.UUID, store_id: uuid.UUID) -> StoreSize:
        """Return how much a store shows."""
        row = (await self._session.execute(_SIZE, {"org": organization_id, "store": store_id})).one()
        return StoreSize(listings=int(row.listings), counted=int(row.counted))

    async def add_changes(self, run: SyncRun, changes: Sequence[Change]) -> None:
        """Write a run's change set."""
        scope = {"organization_id": run.organization_id, "run_id": run.id}
        rows = [
            {
                **scope,
                "target": change.target,
                "action": change.action,
                "entity": change.entity,
                "product_id": change.product_id,
                "variant_id": change.variant_id,
                "external_product_id": change.external_product_id,
                "external_id": change.external_id,
                "label": change.label,
                "fields": change.fields,
            }
            for change in changes
        ]
        for start in range(0, len(rows), 1_000):
            await self._session.execute(insert(SyncChange), rows[start : start + 1_000])

    async def take_over(self, run: SyncRun) -> None:
        """Move what failed runs of the kind sent without an answer to a run; it is planned there no more."""
        values = {"org": run.organization_id, "store": run.store_id, "run": run.id, "kind": run.kind}
        await self._session.execute(_TAKE_OVER, values)

    async def leave_unanswered(self, run: SyncRun) -> None:
        """See to it that a further run looks for what one that failed sent without an answer."""
        values = {"org": run.organization_id, "store": run.store_id, "run": run.id}
        await self._session.execute(_MAKE_DUE, values)

    async def claim(self, run: SyncRun, *, state: str, most: int) -> list[SyncChange]:
        """Take the next changes of a run for sending, in order; those in state `sending` may have been sent before."""
        values = {"org": run.organization_id, "run": run.id, "state": state, "most": most}
        ids = list((await self._session.execute(_CLAIM, values)).scalars())
        return await self.changes(run, ids)

    async def changes(self, run: SyncRun, ids: Sequence[int]) -> list[SyncChange]:
        """Return changes of a run by their ids, in order."""
        query = select(SyncChange).where(
            SyncChange.organization_id == run.organization_id, SyncChange.run_id == run.id, SyncChange.id.in_(ids)
        )
        return list((await self._session.execute(query.order_by(SyncChange.id))).scalars())

    async def by_keys(self, run: SyncRun, keys: Sequence[str]) -> list[SyncChange]:
        """Return the changes of a run that are being sent, by the keys of their writes."""
        query = select(SyncChange).where(
            SyncChange.organization_id == run.organization_id,
            SyncChange.run_id == run.id,
            SyncChange.state == "sending",
            SyncChange.write_key.in_([uuid.UUID(key) for key in keys]),
        )
        return list((await self._session.execute(query.order_by(SyncChange.id))).scalars())

    async def open_changes(self, run: SyncRun, *, target: str, most: int) -> list[SyncChange]:
        """Return changes that are still to be done, in order."""
        query = select(SyncChange).where(
            SyncChange.organization_id == run.organization_id,
            SyncChange.run_id == run.id,
            SyncChange.target == target,
            SyncChange.state.in_(("planned", "sending")),
        )
        return list((await self._session.execute(query.order_by(SyncChange.id).limit(most))).scalars())

    async def page(
        self, actor: Actor, run_id: uuid.UUID, *, after: int, most: int, state: str | None = None
    ) -> list[SyncChange]:
        """Return one page of a run's change set, found by key."""
        query = select(SyncChange).where(
            SyncChange.organization_id == actor.tenant, SyncChange.run_id == run_id, SyncChange.id > after
        )
        query = query if state is None else query.where(SyncChange.state == state)
        return list((await self._session.execute(query.order_by(SyncChange.id).limit(most))).scalars())

    async def finish(self, run: SyncRun, finished: Sequence[Finished]) -> None:
        """Note what became of changes."""
        if not finished:
            return
        values = {
            "org": run.organization_id,
            "run": run.id,
            "ids": [one.change_id for one in finished],
            "states": [one.state for one in finished],
            "codes": [one.code for one in finished],
            "messages": [one.message for one in finished],
        }
        await self._session.execute(_FINISH, values)

    async def counts(self, run: SyncRun) -> dict[str, int]:
        """Count a run's changes by what became of them, and the products they concern."""
        row = (await self._session.execute(_COUNTS, {"org": run.organization_id, "run": run.id})).mappings().one()
        return {name: int(value) for name, value in row.items()}


def _unfinished(organization_id: uuid.UUID, store_id: uuid.UUID, kind: str) -> Select[SyncRun]:
    return select(SyncRun).where(
        SyncRun.organization_id == organization_id,
        SyncRun.store_id == store_id,
        SyncRun.kind == kind,
        SyncRun.state.in_(UNFINISHED),
    )
