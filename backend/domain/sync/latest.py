"""The newest run of each store, and what its issues say in sum."""

import uuid
from collections import defaultdict

import msgspec
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.sync.repository import KIND
from backend.models.sync import SyncRun
from backend.ports.actor import Actor

_ISSUES = text("""
SELECT run_id, code, count(*) AS how_many, (array_agg(message ORDER BY id))[1] AS message
FROM sync_issues WHERE organization_id = :org AND run_id = ANY(:runs)
GROUP BY run_id, code ORDER BY min(id)
""")


class IssueSum(msgspec.Struct, frozen=True, kw_only=True):
    """All issues of one code in one run."""

    code: str
    message: str
    """Of the first one."""
    how_many: int


class LatestRun(msgspec.Struct, frozen=True, kw_only=True):
    """A store's newest run."""

    run: SyncRun
    issues: list[IssueSum]


class LatestRuns:
    """Reads the newest runs inside the caller's transaction: two statements, however many stores there are."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def by_store(self, actor: Actor) -> dict[uuid.UUID, LatestRun]:
        """Return the newest run of each store that has one."""
        query = (
            select(SyncRun)
            .ext(distinct_on(SyncRun.store_id))
            .where(SyncRun.organization_id == actor.tenant, SyncRun.kind == KIND)
            .order_by(SyncRun.store_id, SyncRun.created_at.desc(), SyncRun.id.desc())
        )
        runs = list((await self._session.execute(query)).scalars())
        issues = await self._issues(actor, [run.id for run in runs])
        return {run.store_id: LatestRun(run=run, issues=issues[run.id]) for run in runs}

    async def waiting(self, actor: Actor) -> dict[uuid.UUID, SyncRun]:
        """Return the newest run of each store that would write and that guards hold until a person decides."""
        query = (
            select(SyncRun)
            .ext(distinct_on(SyncRun.store_id))
            .where(SyncRun.organization_id == actor.tenant, SyncRun.kind != KIND, SyncRun.state == "held")
            .order_by(SyncRun.store_id, SyncRun.created_at.desc(), SyncRun.id.desc())
        )
        return {run.store_id: run for run in (await self._session.execute(query)).scalars()}

    async def issues_of(self, actor: Actor, run_id: uuid.UUID) -> list[IssueSum]:
        """Return what the issues of one run say in sum; empty for a run of somebody else."""
        return (await self._issues(actor, [run_id]))[run_id]

    async def _issues(self, actor: Actor, runs: list[uuid.UUID]) -> defaultdict[uuid.UUID, list[IssueSum]]:
        sums: defaultdict[uuid.UUID, list[IssueSum]] = defaultdict(list)
        for row in await self._session.execute(_ISSUES, {"org": actor.tenant, "runs": runs}):
            sums[row.run_id].append(IssueSum(code=row.code, message=row.message, how_many=int(row.how_many)))
        return sums
