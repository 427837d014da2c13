"""Several requests at once, their results as they come."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
AT_ONCE = 8
"""More than a shop's pace lets out, so that its turn is always used."""


async def as_they_end(jobs: Iterable[Callable[[], Awaitable[T]]], most: int = AT_ONCE) -> AsyncIterator[T]:
    """Run jobs, some at once, and yield what each returns.

    After a job fails no other begins; those that run come to their end and are yielded before the error is raised, so
    that nobody has to guess what became of them.
    """
    waiting, problem = deque(jobs), None
    running: set[asyncio.Future[T]] = set()
    try:
        while running or (waiting and problem is None):
            while waiting and problem is None and len(running) < most:
                running.add(asyncio.ensure_future(waiting.popleft()()))
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                error = one.exception()
                if error is None:
                    yield one.result()
                problem = problem or error
    finally:
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    if problem is not None:
        raise problem
