"""Several pieces of work at a time, whose results are given on as they come."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")
Job = Callable[[], Awaitable[None]]


async def run(jobs: Iterable[Job], most: int, done: list[T]) -> AsyncIterator[Sequence[T]]:
    """Run jobs, at most so many at a time, and yield what they put into *done*, which is emptied.

    After a failure none begins any more; it is raised when those that run have ended and their results are given on.
    """
    waiting = deque(jobs)
    problem: BaseException | None = None
    running: set[asyncio.Future[None]] = set()
    try:
        while done or running or (waiting and problem is None):
            if done:
                results, done[:] = list(done), []
                yield results
            while waiting and problem is None and len(running) < most:
                running.add(asyncio.ensure_future(waiting.popleft()()))
            if running:
                ended, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                # All are looked at: an error that nobody looks at is reported as lost.
                errors = [error for one in ended if (error := one.exception()) is not None]
                problem = problem or next(iter(errors), None)
    finally:
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    if problem is not None:
        raise problem
