"""What happens to a run when its store fails it: noted once, and in the end given up with the named cause."""

import uuid
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.sync.outcome import end_run
from backend.domain.sync.repository import SyncRepository
from backend.kit.transaction import Transactions
from backend.models.stores import Store
from backend.ports.platform_errors import Cause, PlatformError

NEEDS_REAUTH = frozenset(
    {
        Cause.KEY_REVOKED,
        Cause.WRONG_SECRET,
        Cause.READ_ONLY_KEY,
        Cause.WRITE_ONLY_KEY,
        Cause.USER_DEMOTED,
        Cause.AUTH_STRIPPED,
        Cause.SCOPE_MISSING,
        Cause.APP_UNINSTALLED,
    }
)
"""Causes that only the merchant can mend: the store rests until it is connected again."""


class ReauthMarker(Protocol):
    """Marks a store as refused, once."""

    async def __call__(self, session: AsyncSession, store: Store, cause: str, message: str) -> None:
        """Set the store to `needs_reauth` with its reason."""
        ...


class RunTrouble:
    """Notes trouble in the run and ends it when trying again is pointless. Safe to repeat."""

    def __init__(self, begin: Transactions, mark_needs_reauth: ReauthMarker) -> None:
        self._begin = begin
        self._mark = mark_needs_reauth

    async def note(self, run_id: uuid.UUID, error: PlatformError) -> None:
        """Record the cause as an issue, once per run and cause; the run stays resumable."""
        async with self._begin() as session:
            runs = SyncRepository(session)
            found = await runs.lock(run_id)
            if found and found[0].state == "running" and not await runs.issue_count(run_id, str(error.cause)):
                facts = {"evidence": error.evidence, "status": error.status}
                await runs.add_issues(found[0], [{"code": str(error.cause), "message": error.message, "facts": facts}])

    async def give_up(self, run_id: uuid.UUID, code: str, message: str, cause: Cause | None = None) -> None:
        """End the run as failed; a refused credential also sends its store to rest."""
        async with self._begin() as session:
            found = await SyncRepository(session).lock(run_id)
            if found is None or found[0].state not in ("queued", "running"):
                return
            run, store = found
            await end_run(session, run, state="failed", code=code, message=message)
            if cause in NEEDS_REAUTH:
                await self._mark(session, store, str(cause), message)
