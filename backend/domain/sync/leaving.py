"""Leaving what stores show as it is: what a discarded run would have written is not due any more."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.sync.due_repository import DueRepository, Settled
from backend.domain.sync.plan import PRODUCT, UPDATE, VARIANT, Item
from backend.domain.sync.push_repository import Finished, PushRepository
from backend.domain.sync.push_step import items_of
from backend.models.stores import Store
from backend.models.sync import SyncChange, SyncRun

STEP = 1_000


async def leave_as_shown(session: AsyncSession, run: SyncRun) -> None:
    """Make nothing of a run's open changes due any more; they become due again when the catalog changes again."""
    store = await session.get(Store, run.store_id)
    rows = PushRepository(session)
    while store is not None:
        changes = await rows.open_changes(run, target="store", most=STEP)
        if not changes:
            return
        items = await items_of(session, store, changes, lock=True)
        due = DueRepository(session, store.organization_id, store.id, store.currency or "")
        for entity in (PRODUCT, VARIANT):
            await due.settle(entity, _left(entity, changes, items))
        await rows.finish(run, [Finished(change.id, "skipped", "discarded") for change in changes])


def _left(entity: str, changes: Sequence[SyncChange], items: dict[tuple[bool, str], Item]) -> list[Settled]:
    fields: dict[str, set[str]] = {}
    for change in changes:
        if (change.entity == PRODUCT) == (entity == PRODUCT) and change.action == UPDATE:
            fields.setdefault(change.external_id, set()).update(change.fields)
    found = [(items.get((entity == PRODUCT, name)), names) for name, names in fields.items()]
    return [
        Settled(external_id=item.external_id, shown=dict(item.shown) or None, due=sorted(set(item.due) - names) or None)
        for item, names in found
        if item is not None
    ]
