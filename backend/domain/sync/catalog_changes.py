"""Carry out what a run changes in the catalog itself: an undo of a pull, or a restore of an earlier state."""

import uuid
from collections.abc import Callable, Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog.edits import CatalogEdits, FieldEdit
from backend.domain.catalog.revival_repository import RevivalRepository
from backend.domain.jobs.service import JobRecorder
from backend.domain.sync.push_repository import Finished, PushRepository
from backend.domain.sync.push_soon import PushRequests
from backend.domain.sync.repository import SyncRepository
from backend.kit.ids import parse_uuid
from backend.kit.transaction import Transactions
from backend.models.sync import SyncChange, SyncRun
from backend.ports.actor import Actor, system_actor

DELETED = "deleted"
"""In the history and in change sets: whether a product or variant has left the catalog."""
STEP = 500
"""Changes made in one transaction."""


class CatalogChanges:
    """Makes a run's changes of the catalog. Safe to repeat: what the catalog holds already is no edit."""

    def __init__(self, begin: Transactions, jobs: Callable[[AsyncSession], JobRecorder]) -> None:
        self._begin = begin
        self._jobs = jobs

    async def apply(self, run_id: uuid.UUID) -> None:
        """Make all that is still to be done, some in each transaction, and ask for the pushes it calls for."""
        while await self._step(run_id):
            pass

    async def _step(self, run_id: uuid.UUID) -> bool:
        async with self._begin() as session:
            found = await SyncRepository(session).lock(run_id)
            if found is None or found[0].state != "running":
                return False
            run = found[0]
            rows = PushRepository(session)
            changes = await rows.open_changes(run, target="catalog", most=STEP)
            if not changes:
                return False
            reason = run.unguarded_reason or ""
            await RevivalRepository(session).revive(
                _acting(run), revived_by(changes), origin=run.kind, run_id=run.id, reason=reason
            )
            result = await CatalogEdits(session).apply(
                _acting(run), edits_of(changes), origin=run.kind, run_id=run.id, reason=reason
            )
            refused = {(one.edit.product_id, one.edit.variant_id) for one in result.refused}
            await rows.finish(run, [_finished(change, refused) for change in changes])
            await PushRequests(session, self._jobs(session)).soon(_acting(run), result.due_stores)
        return True


def edits_of(changes: Sequence[SyncChange]) -> list[FieldEdit]:
    """Return the edits that a run's changes are: each only if the catalog still holds what it held."""
    return [
        FieldEdit(product_id=row.product_id, variant_id=row.variant_id, field=name, value=new, expected=old)
        for row in changes
        for name, (old, new) in row.fields.items()
        if name != DELETED
    ]


def revived_by(changes: Sequence[SyncChange]) -> list[tuple[int, int | None]]:
    """Return the products and variants that a run's changes bring back into the catalog."""
    return [(row.product_id, row.variant_id) for row in changes if row.fields.get(DELETED) == [True, False]]


def _finished(change: SyncChange, refused: set[tuple[int, int | None]]) -> Finished:
    if (change.product_id, change.variant_id) in refused:
        return Finished(change.id, "skipped", "changed_since", "The catalog has changed since, at least in a field")
    return Finished(change.id, "applied")


def _acting(run: SyncRun) -> Actor:
    return msgspec.structs.replace(system_actor(run.organization_id), user_id=parse_uuid(run.actor))
