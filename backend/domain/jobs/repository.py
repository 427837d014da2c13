"""Every query on job rows."""

from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, Result, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.models.jobs import Job

UNFINISHED = ("queued", "running")


class JobRepository:
    """Reads and writes `jobs`; all times come from the database's clock, which all workers share."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def insert(self, values: dict[str, Any], delay_s: float = 0) -> int | None:
        """Insert a job that is due in *delay_s*; return its id, or None when an unfinished one has its unique key."""
        statement = (
            insert(Job)
            .values(run_at=func.now() + timedelta(seconds=delay_s), **values)
            .on_conflict_do_nothing(index_elements=["unique_key"], index_where=text("state IN ('queued', 'running')"))
            .returning(Job.id)
        )
        return (await self._session.execute(statement)).scalar_one_or_none()

    async def unfinished_with_key(self, unique_key: str) -> int | None:
        """Return the id of the unfinished job that holds *unique_key*."""
        query = select(Job.id).where(Job.unique_key == unique_key, Job.state.in_(UNFINISHED))
        return (await self._session.execute(query)).scalar_one_or_none()

    async def hasten(self, unique_key: str) -> tuple[int, str] | None:
        """Make a waiting job due at once; return its id and queue, None when none waits under this key."""
        statement = (
            update(Job)
            .where(Job.unique_key == unique_key, Job.state == "queued", Job.run_at > func.now())
            .values(run_at=func.now())
            .returning(Job.id, Job.queue)
        )
        row = (await self._session.execute(statement)).one_or_none()
        return None if row is None else (row.id, row.queue)

    async def claim(self, job_id: int, owner: str, lease_s: float) -> Job | None:
        """Take a job that is due and free (queued, or running with a lease that ran out); None when it is not.

        More attempts than `max_attempts` mean that every worker that took it died: it has to be given up.
        """
        query = select(Job).where(Job.id == job_id, Job.run_at <= func.now(), _free()).with_for_update(skip_locked=True)
        job = (await self._session.execute(query)).scalar_one_or_none()
        if job is None:
            return None
        lease_until = await self._now() + timedelta(seconds=lease_s)
        job.state, job.lease_owner, job.lease_until = "running", owner, lease_until
        job.attempts += 1
        return job

    async def renew(self, job_id: int, owner: str, lease_s: float) -> bool:
        """Prolong a lease; False when somebody else holds the job by now."""
        statement = (
            update(Job)
            .where(Job.id == job_id, Job.lease_owner == owner, Job.state == "running")
            .values(lease_until=func.now() + timedelta(seconds=lease_s))
        )
        return bool(_touched(await self._session.execute(statement)))

    async def finish(self, job_id: int, owner: str, state: str, error: str | None) -> None:
        """Close a job as `done` or `failed`, if *owner* still holds it."""
        statement = (
            update(Job)
            .where(Job.id == job_id, Job.lease_owner == owner, Job.state == "running")
            .values(state=state, last_error=error, finished_at=func.now(), lease_until=None, lease_owner=None)
        )
        await self._session.execute(statement)

    async def requeue(self, job_id: int, owner: str, delay_s: float, error: str | None, *, keep_attempts: bool) -> None:
        """Give a job back to be run again after *delay_s*; `keep_attempts` takes the try back (shutdown, patience)."""
        statement = (
            update(Job)
            .where(Job.id == job_id, Job.lease_owner == owner, Job.state == "running")
            .values(
                state="queued",
                run_at=func.now() + timedelta(seconds=delay_s),
                attempts=Job.attempts - 1 if keep_attempts else Job.attempts,
                last_error=error,
                lease_until=None,
                lease_owner=None,
            )
        )
        await self._session.execute(statement)

    async def due(self, queue: str, most: int) -> list[tuple[int, int, float]]:
        """Return (id, attempts so far, seconds since it could be taken) of jobs that are due and free, oldest first."""
        since = func.greatest(Job.run_at, func.coalesce(Job.lease_until, Job.run_at))
        query = (
            select(Job.id, Job.attempts, func.extract("epoch", func.now() - since).label("waited_s"))
            .where(Job.queue == queue, Job.run_at <= func.now(), _free())
            .order_by(Job.run_at)
            .limit(most)
        )
        return [(row.id, row.attempts, float(row.waited_s)) for row in await self._session.execute(query)]

    async def delete_finished_before(self, moment: datetime, most: int = 10_000) -> int:
        """Forget old finished jobs; return how many."""
        statement = text(
            "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE state IN ('done', 'failed')"
            " AND finished_at < :moment LIMIT :most)"
        )
        result = await self._session.execute(statement, {"moment": moment, "most": most})
        return _touched(result)

    async def has_ended(self, job_id: int) -> bool:
        """Tell whether a job is over or a try of it failed: nobody who waits should wait on."""
        query = select(Job.state.in_(UNFINISHED) & Job.last_error.is_(None)).where(Job.id == job_id)
        return not (await self._session.execute(query)).scalar_one_or_none()

    async def _now(self) -> datetime:
        return (await self._session.execute(select(func.now()))).scalar_one()


def _touched(result: Result[Any]) -> int:
    return int(cast("CursorResult[Any]", result).rowcount)


def _free() -> Any:
    return (Job.state == "queued") | ((Job.state == "running") & (Job.lease_until < func.now()))
