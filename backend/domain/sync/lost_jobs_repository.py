"""The query for unfinished runs that nobody works on: their job is gone, so they would stand in the way for ever."""

import uuid
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

AFTER_S = 30
"""How long a job has to be over before its run counts as left behind: one that fails each time comes back slowly."""

# A run and its job are recorded together, and a run ends before its job does.
_LEFT_BEHIND = text("""
SELECT r.id, r.organization_id, r.kind
FROM sync_runs r CROSS JOIN LATERAL (
    SELECT CASE WHEN r.kind = 'pull' THEN 'sync.pull:' ELSE 'sync.push:' END || r.id AS key) own
WHERE r.state IN ('queued', 'running') AND (r.kind = 'pull') = :pulls
  AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.unique_key = own.key AND j.state IN ('queued', 'running'))
  AND NOT EXISTS (
    SELECT 1 FROM jobs j WHERE j.state IN ('done', 'failed') AND j.unique_key = own.key
      AND j.finished_at > now() - make_interval(secs => :after_s))
ORDER BY r.created_at LIMIT 1000
""")


class LeftBehind(NamedTuple):
    """An unfinished run without a job."""

    run_id: uuid.UUID
    organization_id: uuid.UUID
    kind: str


class LostJobsRepository:
    """Finds runs whose job is gone; across organizations, for the clock."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def runs(self, *, pulls: bool) -> list[LeftBehind]:
        """Return unfinished runs that no job works on, oldest first: pulls, or else those that write."""
        found = await self._session.execute(_LEFT_BEHIND, {"pulls": pulls, "after_s": AFTER_S})
        return [LeftBehind(*row) for row in found]
