"""Recording jobs in the caller's transaction, and working them off under a lease."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.jobs.repository import JobRepository
from backend.kit.transaction import after_commit
from backend.ports.job_queue import Doorbell, JobSpec


class JobRecorder:
    """Writes job rows in the transaction that needs the work done, and rings the doorbell once it is committed."""

    def __init__(self, session: AsyncSession, specs: Mapping[str, JobSpec], doorbell: Doorbell) -> None:
        self._session = session
        self._rows = JobRepository(session)
        self._specs = specs
        self._doorbell = doorbell

    async def record(
        self,
        name: str,
        payload: Mapping[str, Any],
        *,
        organization_id: uuid.UUID | None,
        unique_key: str | None = None,
        delay_s: float = 0,
    ) -> int:
        """Record a job and return its id; with a *unique_key* that an unfinished job holds, that job's id.

        Args:     name: a key of `backend.jobs.JOBS`. payload: ids and plain values only, never rows or secrets.
                  delay_s: it is not run before so many seconds have passed.
        """
        spec = self._specs[name]
        values = {
            "name": name,
            "queue": spec.queue,
            "payload": dict(payload),
            "unique_key": unique_key,
            "organization_id": organization_id,
            "max_attempts": spec.attempts,
        }
        job_id = await self._rows.insert(values, delay_s)
        if job_id is None:
            found = await self._rows.unfinished_with_key(unique_key or "")
            # It finished between the two statements: then the work asked for here is still to be done.
            job_id = found if found is not None else await self._rows.insert(values, delay_s)
            if job_id is None:
                raise RuntimeError(f"job {name} could not be recorded")
        chosen = job_id
        later = {"delay_s": delay_s} if delay_s else {}
        after_commit(self._session, lambda: self._doorbell.ring(spec.queue, chosen, **later))
        return job_id

    async def hasten(self, unique_key: str) -> bool:
        """Have a job that waits for its time run at once; False when none waits under this key."""
        found = await self._rows.hasten(unique_key)
        if found is None:
            return False
        job_id, queue = found
        after_commit(self._session, lambda: self._doorbell.ring(queue, job_id))
        return True
