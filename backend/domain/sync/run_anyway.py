"""Letting a run through that a guard held: a person says why, and an entry keeps who it was."""

import uuid
from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.access.rules import MANAGERS, ROLE_PLUGIN
from backend.domain.audit.service import AuditTrail
from backend.domain.stores.connected import visible_store
from backend.domain.sync.previews import Previews
from backend.domain.sync.repository import KIND, SyncRepository
from backend.domain.sync.start import SyncService
from backend.kit.errors import conflict, forbidden, invalid, not_found
from backend.kit.text import storable
from backend.models.sync import SyncRun
from backend.ports.actor import Actor

LEAST_REASON, MOST_REASON = 5, 500
_AS_MUCH: Mapping[str, tuple[str, ...]] = {"delta": ("delta", "full"), "sweep": ("sweep", "full"), "full": ("full",)}
"""Which modes do all that a mode does."""


class HeldRuns:
    """What can be done about held runs, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, sync: SyncService, previews: Previews) -> None:
        self._session = session
        self._runs = SyncRepository(session)
        self._audit = AuditTrail(session)
        self._sync = sync
        self._previews = previews

    async def run_anyway(self, actor: Actor, run_id: uuid.UUID, reason: str) -> SyncRun:
        """Read the store again, and let that run do what guards held the one before for.

        The store is read anew, so what came back meanwhile stays; a run that writes is applied as it was planned.
        Asked twice, the second gets a conflict.

        Args:     reason: 5 to 500 characters, kept with the run and in the audit trail.
        Raises:   forbidden INSUFFICIENT_ROLE; not_found; invalid REASON_INVALID; conflict RUN_NOT_HELD when the run was
                  not held, or another that read as much came after it; SYNC_BUSY while a run is under way;
                  STORE_NOT_CONNECTED.
        """
        if actor.role not in MANAGERS and actor.role != ROLE_PLUGIN:
            raise forbidden("INSUFFICIENT_ROLE", "Only an owner or an admin may let a held run through")
        said = storable(reason).strip()
        if not LEAST_REASON <= len(said) <= MOST_REASON:
            message = f"reason: say why in {LEAST_REASON} to {MOST_REASON} characters"
            raise invalid("REASON_INVALID", message, field="reason")
        held = await self._held(actor, run_id)
        if held.kind != KIND:
            return await self._previews.apply(actor, run_id, reason=said)
        store = await visible_store(self._session, actor, held.store_id)
        if await self._runs.unfinished(actor.tenant, held.store_id) is not None:
            raise conflict("SYNC_BUSY", "A run of this store is under way: wait for its end")
        run = await self._sync.request_pull(actor, held.store_id, mode=held.mode)
        if run.mode != held.mode:
            raise conflict("SYNC_BUSY", "A run of this store began just now: wait for its end")
        run.unguarded_reason = said
        await self._audit.record(
            actor=str(actor.user_id or (store.platform if actor.store_url else "operator")),
            action="sync.run_anyway",
            subject=str(held.store_id),
            organization_id=actor.tenant,
            facts={"held_run": str(held.id), "run": str(run.id), "guard": held.error_code, "reason": said},
        )
        return run

    async def _held(self, actor: Actor, run_id: uuid.UUID) -> SyncRun:
        run = await self._runs.visible_run(actor, run_id)
        if run is None:
            raise not_found("Sync run")
        await self._runs.lock(run.id)  # of two who ask at once, the second sees what the first did
        reads = run.kind == KIND
        if run.state != "held" or (reads and await self._runs.completed_since(run, _AS_MUCH[run.mode])):
            raise conflict("RUN_NOT_HELD", "This run is not held, or the store was read again since")
        return run
