"""The run behind a run: what changed while a store was read is read again."""

import uuid
from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.jobs.service import JobRecorder
from backend.domain.sync.repository import UNFINISHED, SyncRepository
from backend.domain.sync.start import WANTS_FULL, SyncService
from backend.kit.transaction import Transactions
from backend.ports.actor import system_actor

PAUSE_S = 3.0
"""What follows a run waits a little: who changed something is probably still at it."""


class FollowUps:
    """Starts the run that a finished one asks for. Safe to repeat: the wish is taken with the run that grants it."""

    def __init__(self, begin: Transactions, jobs: Callable[[AsyncSession], JobRecorder]) -> None:
        self._begin = begin
        self._jobs = jobs

    async def follow(self, run_id: uuid.UUID) -> None:
        """Start another run if this one has ended and something changed while it ran."""
        async with self._begin() as session:
            found = await SyncRepository(session).lock(run_id)
            if found is None or not found[0].follow_up or found[0].state in UNFINISHED:
                return
            run, store = found
            run.follow_up = False
            if store.state == "active":
                service = SyncService(session, self._jobs(session))
                mode = "full" if run.stats.get(WANTS_FULL) else "delta"
                await service.pull_soon(system_actor(store.organization_id), store.id, delay_s=PAUSE_S, mode=mode)
