"""The queue as the business sees it: a doorbell. The job's row is the truth."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class JobSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What is declared beside a job's function."""

    name: str
    """`area.verb_object`."""
    queue: str
    """`fast` (seconds) or `long` (minutes): a crash is noticed after the longest time-out of its queue."""
    attempts: int
    """How often it is tried before it is given up, 1..100."""
    timeout_s: float
    """One try is cancelled after this; the next goes on from what was stored."""


class Doorbell(Protocol):
    """Tells a worker that a job's row waits. May be lost: a sweeper rings again."""

    async def ring(self, queue: str, job_id: int, *, delay_s: float = 0) -> None:
        """Ring for one job, at once or later; must not raise when the bell is out of order."""
        ...

    async def ring_for_all(self, queue: str, job_ids: Sequence[int]) -> None:
        """Ring for many jobs that were just recorded, as `ring` does and cheaper."""
        ...
