"""Queries on what a sweep met that the catalog does not have."""

from typing import NamedTuple

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.models.sync import SyncIssue, SyncRun

UNKNOWN_LISTED = "unknown_listed"
"""Code of the issue that names what the catalog does not have."""
_NAMED = 20

_MET = "SELECT unnest(s.external_ids) AS external_id FROM sync_seen s WHERE s.run_id = :run AND s.kind"
_LIVE = "l.organization_id = :org AND l.store_id = :store AND l.gone_at IS NULL AND l.external_id = met.external_id"
_UNKNOWN = text(f"""
WITH unknown AS (
    SELECT true AS product, met.external_id FROM (SELECT DISTINCT * FROM ({_MET} = 'product') listed) met
    WHERE NOT EXISTS (SELECT 1 FROM product_links l WHERE {_LIVE})
    UNION ALL
    SELECT false, met.external_id FROM ({_MET} IN ('variant', 'apart') EXCEPT {_MET} = 'product') met
    WHERE NOT EXISTS (SELECT 1 FROM listings l WHERE {_LIVE})
)
SELECT count(*) FILTER (WHERE product), count(*) FILTER (WHERE NOT product),
       md5(coalesce(string_agg(external_id, ',' ORDER BY product, external_id COLLATE "C"), '')),
       (array_agg(external_id ORDER BY product DESC, external_id COLLATE "C"))[1:{_NAMED}]
FROM unknown
""")


class Unknown(NamedTuple):
    """What a store lists and the catalog does not have."""

    products: int
    variants: int
    mark: str
    """The same for the same ids, and only for them."""
    named: list[str]
    """The first few, products before variants."""


class SweepRepository:
    """Reads what a sweep has met, beside what the catalog has of its store."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def unknown(self, run: SyncRun) -> Unknown:
        """Return what a sweep met that is not in the catalog."""
        scope = {"org": run.organization_id, "store": run.store_id, "run": run.id}
        # Sets are compared by hashing: a table that was just filled has no statistics.
        await self._session.execute(text("SET LOCAL enable_nestloop = off"))
        row = (await self._session.execute(_UNKNOWN, scope)).one()
        await self._session.execute(text("SET LOCAL enable_nestloop = on"))
        return Unknown(int(row[0]), int(row[1]), str(row[2]), list(row[3] or ()))

    async def mark_that_stayed(self, run: SyncRun) -> str | None:
        """Return what the last sweep with unknown ids met, if a whole walk after it was to bring them; else None."""
        of_store = (SyncRun.organization_id == run.organization_id, SyncRun.store_id == run.store_id)
        newest = (
            select(SyncRun.created_at, SyncIssue.facts["mark"].astext)
            .join(SyncIssue, SyncIssue.run_id == SyncRun.id)
            .where(
                *of_store,
                SyncRun.mode == "sweep",
                SyncRun.state == "completed",
                SyncIssue.organization_id == run.organization_id,
                SyncIssue.code == UNKNOWN_LISTED,
            )
            .order_by(SyncRun.created_at.desc())
            .limit(1)
        )
        last = (await self._session.execute(newest)).one_or_none()
        if last is None:
            return None
        walked = select(SyncRun.id).where(
            *of_store, SyncRun.mode == "full", SyncRun.state == "completed", SyncRun.created_at > last[0]
        )
        return str(last[1]) if (await self._session.execute(walked.limit(1))).first() is not None else None
