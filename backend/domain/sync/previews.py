"""Looking at a change set before it is carried out, carrying it out, or leaving it."""

import uuid

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.access.rules import MANAGERS, ROLE_PLUGIN
from backend.domain.audit.service import AuditTrail
from backend.domain.jobs.service import JobRecorder
from backend.domain.stores.connected import connected_store, visible_store
from backend.domain.sync.change_sets import ChangeSet, ChangeSets
from backend.domain.sync.leaving import leave_as_shown
from backend.domain.sync.push_repository import MODE, PushRepository
from backend.domain.sync.push_soon import PUSH, PushRequests
from backend.kit.clock import utc_now
from backend.kit.errors import conflict, forbidden, invalid, not_found
from backend.kit.ids import uuid7
from backend.kit.text import storable
from backend.models.stores import Store
from backend.models.sync import SyncChange, SyncRun
from backend.ports.actor import Actor
from backend.ports.store_platform import Platforms

LEAST_REASON, MOST_REASON = 5, 500
WRITING = (PUSH, "stock", "undo", "restore")


class ChangePage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a run's change set."""

    run: SyncRun
    changes: list[SyncChange]
    counts: dict[str, int]
    """Changes by what became of them: `planned` (in all), `applied`, `skipped`, `failed`; and products they touch."""
    next_after: int | None
    """Give this as `after` for the next page; None on the last."""


class Previews:
    """Previews of pushes, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, jobs: JobRecorder, platforms: Platforms) -> None:
        self._session = session
        self._rows = PushRepository(session)
        self._requests = PushRequests(session, jobs)
        self._platforms = platforms

    async def preview(self, actor: Actor, store_id: uuid.UUID) -> SyncRun:
        """Plan what a push of a store would do now, as a run that does nothing until somebody applies it.

        A store has one preview at a time: an older one is discarded. When guards would hold it, the run says so in
        `error_code` and `error_message`, and applying it takes a reason.

        Raises:   not_found; conflict STORE_NOT_CONNECTED.
        """
        store = await connected_store(self._session, actor, store_id)
        found = await ChangeSets(self._session, store, self._platforms.get(store.platform).writes).preview()
        return await self.planned(actor, store, PUSH, found)

    async def planned(
        self, actor: Actor, store: Store, kind: str, found: ChangeSet, *, undoes: uuid.UUID | None = None
    ) -> SyncRun:
        """Keep a change set as a run in state `planned`, in place of the store's earlier preview of the kind."""
        await self._rows.discard_previews(store.organization_id, store.id, kind)
        run = SyncRun(
            id=uuid7(),
            organization_id=store.organization_id,
            store_id=store.id,
            kind=kind,
            mode=MODE,
            state="planned",
            stats={},
            walk=1,
            undoes=undoes,
            actor=str(actor.user_id or ""),
        )
        if found.held is not None:
            run.error_code, run.error_message = found.held.code, found.held.message
        await self._rows.add_run(run)
        await self._rows.add_changes(run, found.changes)
        return run

    async def changes(
        self, actor: Actor, run_id: uuid.UUID, *, after: int = 0, most: int = 100, state: str | None = None
    ) -> ChangePage:
        """Return one page of a run's change set; raise not_found."""
        run = await self._run(actor, run_id)
        rows = await self._rows.page(actor, run_id, after=after, most=most + 1, state=state)
        return ChangePage(
            run=run,
            changes=rows[:most],
            counts=await self._rows.counts(run),
            next_after=rows[most - 1].id if len(rows) > most else None,
        )

    async def apply(self, actor: Actor, run_id: uuid.UUID, *, reason: str = "") -> SyncRun:
        """Carry a planned or held change set out.

        Args:     reason: needed when guards hold it: 5 to 500 characters, kept with the run and in the audit trail.
        Raises:   not_found; forbidden INSUFFICIENT_ROLE; invalid REASON_INVALID; conflict RUN_NOT_PLANNED, SYNC_BUSY,
                  STORE_NOT_CONNECTED.
        """
        _may(actor)
        run = await self._run(actor, run_id, lock=True)
        if run.kind not in WRITING or run.state not in ("planned", "held"):
            raise conflict("RUN_NOT_PLANNED", f"This run is {run.state}: there is nothing to apply")
        store = await connected_store(self._session, actor, run.store_id)
        if run.error_code is not None:
            await self._let_through(actor, run, store, reason)
        if await self._rows.unfinished(run.organization_id, run.store_id, run.kind) is not None:
            raise conflict("SYNC_BUSY", "A run of this store is under way: wait for its end, then apply this one")
        run.state, run.finished_at = "queued", None
        run.actor = str(actor.user_id or "")
        await self._requests.record_job(run.id, run.organization_id, run.kind)
        return run

    async def _let_through(self, actor: Actor, run: SyncRun, store: Store, reason: str) -> None:
        said = storable(reason).strip()
        if not LEAST_REASON <= len(said) <= MOST_REASON:
            message = (
                f"reason: {run.error_message or 'guards hold this run'} Say why it is right, in 5 to 500 characters"
            )
            raise invalid("REASON_INVALID", message, field="reason")
        await AuditTrail(self._session).record(
            actor=str(actor.user_id or (store.platform if actor.store_url else "operator")),
            action="sync.run_anyway",
            subject=str(run.store_id),
            organization_id=run.organization_id,
            facts={"run": str(run.id), "guard": run.error_code, "reason": said},
        )
        run.unguarded_reason, run.error_code, run.error_message = said, None, None

    async def discard(self, actor: Actor, run_id: uuid.UUID) -> None:
        """Leave a change set: of a preview nothing happens; of a held run, what it would have written is not due any
        more, and the store keeps what it shows until the catalog changes again.

        Raises:   not_found; forbidden INSUFFICIENT_ROLE; conflict RUN_NOT_PLANNED.
        """
        _may(actor)
        run = await self._run(actor, run_id, lock=True)
        if run.kind not in WRITING or run.state not in ("planned", "held"):
            raise conflict("RUN_NOT_PLANNED", f"This run is {run.state}: there is nothing to discard")
        await visible_store(self._session, actor, run.store_id)
        if run.state == "held":
            await leave_as_shown(self._session, run)
        run.state, run.finished_at = "discarded", utc_now()

    async def _run(self, actor: Actor, run_id: uuid.UUID, *, lock: bool = False) -> SyncRun:
        run = await self._rows.visible_run(actor, run_id, lock=lock)
        if run is None:
            raise not_found("Sync run")
        return run


def _may(actor: Actor) -> None:
    # Whoever is inside a store's own admin manages that store, and sees no other.
    if actor.role not in MANAGERS and actor.role != ROLE_PLUGIN:
        raise forbidden("INSUFFICIENT_ROLE", "Only an owner or an admin may apply or discard changes")
