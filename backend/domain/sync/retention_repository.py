"""Queries that forget old runs with all that hangs on them, and old events."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.kit.ids import first_uuid7

_LOOK_BACK = timedelta(days=7)
"""Previews that were not forgotten for so long go with the other runs."""

# Ids grow with time, so that a range of the primary key stands for one of time.
_OLD_RUNS = text("""
SELECT r.id FROM sync_runs r
WHERE r.id < :first_kept
  AND (r.finished_at < :before OR r.state IN ('planned', 'discarded'))
  AND NOT (r.kind = 'pull' AND r.state = 'completed' AND NOT EXISTS (
    SELECT 1 FROM sync_runs n
    WHERE n.organization_id = r.organization_id AND n.store_id = r.store_id AND n.kind = r.kind AND n.mode = r.mode
      AND n.state = 'completed' AND (n.created_at, n.id) > (r.created_at, r.id)))
ORDER BY r.id LIMIT :most FOR UPDATE SKIP LOCKED
""")
_OLD_PREVIEWS = text("""
SELECT r.id FROM sync_runs r
WHERE r.id >= :first AND r.id < :first_kept AND r.state IN ('planned', 'discarded') AND r.error_code IS NULL
ORDER BY r.id LIMIT :most FOR UPDATE SKIP LOCKED
""")
_CHANGES_OF_THEM = text("""
DELETE FROM sync_changes c USING (
    SELECT o.organization_id, o.run_id, o.id FROM sync_changes o JOIN sync_runs r
        ON r.organization_id = o.organization_id AND r.id = o.run_id
    WHERE r.id = ANY(cast(:runs AS uuid[])) LIMIT :most) old
WHERE c.organization_id = old.organization_id AND c.run_id = old.run_id AND c.id = old.id
""")
_ISSUES_OF_THEM = text("""
DELETE FROM sync_issues i USING sync_runs r
WHERE r.id = ANY(cast(:runs AS uuid[])) AND i.organization_id = r.organization_id AND i.run_id = r.id
""")
_CREATED_BY_THEM = text("DELETE FROM sync_created WHERE run_id = ANY(cast(:runs AS uuid[]))")
_RUNS = text("DELETE FROM sync_runs WHERE id = ANY(cast(:runs AS uuid[]))")

# The newest event of an organization tells when anything last happened there.
_OLD_EVENTS = text("""
DELETE FROM events WHERE id IN (
    SELECT o.id FROM (SELECT id, organization_id, occurred_at FROM events ORDER BY id LIMIT :most) o
    WHERE o.occurred_at < :before
      AND EXISTS (SELECT 1 FROM events n WHERE n.organization_id = o.organization_id AND n.id > o.id))
""")


class RetentionRepository:
    """Deletes in batches; a batch that others hold is left to them."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def old_runs(self, before: datetime, most: int) -> list[uuid.UUID]:
        """Return runs that ended before a moment, the newest completed pull of each store and mode aside; locked."""
        values = {"before": before, "first_kept": first_uuid7(before), "most": most}
        return list((await self._session.execute(_OLD_RUNS, values)).scalars())

    async def old_previews(self, before: datetime, most: int) -> list[uuid.UUID]:
        """Return previews that were made before a moment and neither applied nor ever held; locked."""
        values = {"first": first_uuid7(before - _LOOK_BACK), "first_kept": first_uuid7(before), "most": most}
        return list((await self._session.execute(_OLD_PREVIEWS, values)).scalars())

    async def forget_runs(self, runs: Sequence[uuid.UUID], most_changes: int) -> int:
        """Delete runs with their issues and change sets; return how many rows of either went.

        A change set larger than a batch goes in several: its run is the last to go.
        """
        changes = await self._run(_CHANGES_OF_THEM, runs=list(runs), most=most_changes)
        if changes == most_changes:
            return changes
        for statement in (_ISSUES_OF_THEM, _CREATED_BY_THEM):
            await self._run(statement, runs=list(runs))
        return changes + await self._run(_RUNS, runs=list(runs))

    async def forget_events(self, before: datetime, most: int) -> int:
        """Delete events that happened before a moment, the newest of each organization aside; return how many."""
        return await self._run(_OLD_EVENTS, before=before, most=most)

    async def _run(self, statement: Any, **values: Any) -> int:
        result: Any = await self._session.execute(statement, values)
        return int(result.rowcount)
