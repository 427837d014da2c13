"""How a job's row is worked off: claim under a lease, run, renew, close. The only place that knows about retries."""

import asyncio
import contextlib
import random
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
import structlog

from backend.domain.jobs.repository import JobRepository
from backend.jobs.flows import Flows
from backend.kit.transaction import Transactions
from backend.ports.job_queue import JobSpec

log = structlog.get_logger()

JobFunction = Callable[..., Awaitable[None]]
GivenUp = Callable[..., Awaitable[None]]
"""`async def name(flows: Flows, error: Exception, **payload) -> None`: ends what a job that failed for good began."""


class WorkersDied(Exception):
    """Every worker that took the job died."""


class Later(Exception):
    """Raised by a job that has to wait (a throttled store): run again after *delay_s*, without losing a try."""

    def __init__(self, delay_s: float, reason: str) -> None:
        super().__init__(reason)
        self.delay_s = delay_s


class JobContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a job may want to know of itself."""

    job_id: int
    attempt: int
    """1 on the first try."""
    max_attempts: int

    @property
    def last_attempt(self) -> bool:
        """Tell whether no further try follows this one."""
        return self.attempt >= self.max_attempts


class JobDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """A function with what is declared beside it."""

    spec: JobSpec
    function: JobFunction
    given_up: GivenUp | None = None


def job(
    name: str, *, queue: str, attempts: int, timeout_s: float, given_up: GivenUp | None = None
) -> Callable[[JobFunction], JobDefinition]:
    """Declare a job: `async def verb_object(flows: Flows, ctx: JobContext, **payload) -> None`.

    Args:     given_up: called before the job is closed as failed, whatever ended it, also a time-out or a dead worker;
              may be called again when it fails itself.
    """

    def declare(function: JobFunction) -> JobDefinition:
        spec = JobSpec(name=name, queue=queue, attempts=attempts, timeout_s=timeout_s)
        return JobDefinition(spec=spec, function=function, given_up=given_up)

    return declare


class JobRunner:
    """Works off job rows. Two runners may be told of one row; the lease lets exactly one of them work."""

    def __init__(
        self, begin: Transactions, flows: Flows, definitions: Mapping[str, JobDefinition], *, lease_s: float
    ) -> None:
        self._begin = begin
        self._flows = flows
        self._definitions = definitions
        self._lease_s = lease_s
        self._owner = f"worker-{uuid.uuid4().hex[:12]}"

    async def run(self, job_id: int) -> None:
        """Work off one row if it is due and free; return quietly when it is not."""
        async with self._begin() as session:
            row = await JobRepository(session).claim(job_id, self._owner, self._lease_s)
            claimed = None if row is None else (row.name, dict(row.payload), row.attempts, row.max_attempts)
        if claimed is None:
            return
        name, payload, attempt, most = claimed
        context = JobContext(job_id=job_id, attempt=attempt, max_attempts=most)
        with structlog.contextvars.bound_contextvars(job=name, job_id=job_id, attempt=attempt):
            await self._work(name, payload, context)

    async def _work(self, name: str, payload: dict[str, Any], context: JobContext) -> None:
        definition = self._definitions.get(name)
        if definition is None:
            await self._close(context, "failed", f"no job is called {name}")
            return
        try:
            if context.attempt > context.max_attempts:
                raise WorkersDied("the worker died each time")
            await self._under_lease(definition, payload, context)
        except Later as later:
            await self._again(context, later.delay_s, str(later), keep_attempts=True)
        except asyncio.CancelledError:
            await asyncio.shield(self._again(context, 0, "interrupted", keep_attempts=True))
            raise
        except Exception as error:
            await self._failed(definition, payload, context, error)
        else:
            await self._close(context, "done", None)

    async def _under_lease(self, definition: JobDefinition, payload: dict[str, Any], context: JobContext) -> None:
        work = asyncio.ensure_future(definition.function(self._flows, context, **payload))
        keeper = asyncio.create_task(self._keep_lease(context.job_id, work))
        try:
            await asyncio.wait_for(work, definition.spec.timeout_s)
        finally:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper

    async def _keep_lease(self, job_id: int, work: "asyncio.Future[None]") -> None:
        while True:
            await asyncio.sleep(self._lease_s / 3)
            try:
                async with self._begin() as session:
                    held = await JobRepository(session).renew(job_id, self._owner, self._lease_s)
            except Exception as error:
                log.warning("job.lease_not_renewed", error=type(error).__name__)
                continue
            if not held:
                log.warning("job.lease_lost")
                work.cancel()
                return

    async def _failed(
        self, definition: JobDefinition, payload: dict[str, Any], context: JobContext, error: Exception
    ) -> None:
        reason = f"{type(error).__name__}: {error}"[:500]
        if context.last_attempt:
            log.error("job.failed", error=reason, exc_info=error)
            if definition.given_up is not None:
                await definition.given_up(self._flows, error, **payload)
            await self._close(context, "failed", reason)
            return
        log.warning("job.retry", error=reason, exc_info=error)
        await self._again(context, retry_delay_s(context.attempt), reason, keep_attempts=False)

    async def _again(self, context: JobContext, delay_s: float, reason: str, *, keep_attempts: bool) -> None:
        async with self._begin() as session:
            rows = JobRepository(session)
            await rows.requeue(context.job_id, self._owner, delay_s, reason, keep_attempts=keep_attempts)

    async def _close(self, context: JobContext, state: str, error: str | None) -> None:
        async with self._begin() as session:
            await JobRepository(session).finish(context.job_id, self._owner, state, error)


def retry_delay_s(attempt: int) -> float:
    """Return how long to wait after failed try number *attempt* (1..): 2, 4, 8 ... at most 600 s, with 20 % jitter."""
    return float(min(600, 2**attempt)) * random.uniform(0.8, 1.2)  # noqa: S311 - jitter, not a secret
