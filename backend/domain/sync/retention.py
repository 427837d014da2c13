"""How long runs and events are kept: what a run did can be looked at and taken back for 90 days."""

import time
from datetime import timedelta

from backend.domain.sync.retention_repository import RetentionRepository
from backend.kit.clock import utc_now
from backend.kit.transaction import Transactions

RUNS_KEPT = timedelta(days=90)
"""After its end, with its issues and its change set. The newest completed pull of each store and mode stays."""
PREVIEWS_KEPT = timedelta(days=1)
EVENTS_KEPT = timedelta(days=30)
MOST_RUNS, MOST_CHANGES, MOST_EVENTS = 100, 20_000, 10_000
PAUSE_S = 3_600.0
"""Nothing was old: it is looked again so much later."""


class SyncRetention:
    """Forgets old runs, previews and events, a batch of each at a time. Safe to repeat, and to do twice at once."""

    def __init__(self, begin: Transactions) -> None:
        self._begin = begin
        self._rests_until = 0.0

    async def forget_old(self) -> int:
        """Delete a part of what is old; return how many rows, 0 when nothing was or while it rests."""
        if time.monotonic() < self._rests_until:
            return 0
        now, forgotten = utc_now(), 0
        async with self._begin() as session:
            rows = RetentionRepository(session)
            for runs in (
                await rows.old_runs(now - RUNS_KEPT, MOST_RUNS),
                await rows.old_previews(now - PREVIEWS_KEPT, MOST_RUNS),
            ):
                forgotten += await rows.forget_runs(runs, MOST_CHANGES) if runs else 0
        async with self._begin() as session:
            forgotten += await RetentionRepository(session).forget_events(now - EVENTS_KEPT, MOST_EVENTS)
        if not forgotten:
            self._rests_until = time.monotonic() + PAUSE_S
        return forgotten
