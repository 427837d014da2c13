"""The steps of a run that writes, each one transaction: start, take the next changes, note what became of them, end."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog.fields import read
from backend.domain.events.service import EventRecorder
from backend.domain.events.types import SyncCompleted, SyncStarted
from backend.domain.sync.change_sets import ChangeSets
from backend.domain.sync.creation_repository import GIVEN, CreationRepository, kept, kept_product
from backend.domain.sync.due_repository import DueRepository
from backend.domain.sync.outcome import AUC_14, end_run
from backend.domain.sync.plan import CREATE, DELETE, PRODUCT, STOCK, VARIANT, Change, Item, still_wanted
from backend.domain.sync.push_repository import Finished, PushRepository
from backend.domain.sync.push_soon import PUSH
from backend.domain.sync.push_soon import STOCK as STOCK_RUN
from backend.domain.sync.repository import SyncRepository
from backend.kit.clock import utc_now
from backend.models.stores import Store
from backend.models.sync import SyncChange, SyncRun
from backend.ports.store_platform import PlatformProduct
from backend.ports.store_writes import (
    ProductCreation,
    ProductRemoval,
    ProductWrite,
    StockWrite,
    StoreWrite,
    VariantWrite,
)

UNDO = "undo"
QUIET = (STOCK_RUN,)
"""Kinds of runs without events of their own: `inventory.updated` tells of pieces, each order would tell of a run."""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Changes that were taken for sending."""

    writes: tuple[StoreWrite, ...]
    repeated: bool
    """They may have been sent before."""


async def start(
    session: AsyncSession, run_id: uuid.UUID, writable: Mapping[str, frozenset[str]]
) -> tuple[SyncRun, Store] | None:
    """Begin a run or go on with it; None when there is nothing to send: it has ended, is held, or its store rests.

    Args:     writable: synced fields that can be written, by platform.
    """
    found = await SyncRepository(session).lock(run_id)
    if found is None or found[0].state not in ("queued", "running"):
        return None
    run, store = found
    if store.state != "active":
        message = f"The store is {store.state.replace('_', ' ')}"
        await end_run(session, run, state="failed", code="store_not_connected", message=message)
        return None
    if run.state == "queued":
        run.state, run.started_at = "running", run.started_at or utc_now()
        if run.kind not in QUIET:
            event = SyncStarted(sync_id=str(run.id), type=run.kind, store_id=str(store.id))
            await EventRecorder(session).record(run.organization_id, event)
        if not await _planned(session, run, store, writable[store.platform]):
            return None
        if run.kind in (PUSH, STOCK_RUN):
            await PushRepository(session).take_over(run)
    return run, store


async def _planned(session: AsyncSession, run: SyncRun, store: Store, writable: frozenset[str]) -> bool:
    """Plan a run that has no change set yet; False when guards hold it."""
    rows = PushRepository(session)
    if run.kind not in (PUSH, STOCK_RUN) or (await rows.counts(run))["planned"]:
        return True
    sets = ChangeSets(session, store, writable)
    found = await (sets.pieces() if run.kind == STOCK_RUN else sets.everything())
    await rows.add_changes(run, found.changes)
    if found.held is None or run.unguarded_reason is not None:
        return True
    await SyncRepository(session).add_issues(run, [{"code": found.held.code, "message": found.held.message}])
    await end_run(session, run, state="held", code=found.held.code, message=found.held.message)
    return False


async def take(session: AsyncSession, run_id: uuid.UUID, most: int) -> Batch | None:
    """Take the next changes for sending, those first that may have been sent already; None when none are left."""
    found = await SyncRepository(session).lock(run_id)
    if found is None or found[0].state != "running" or found[1].state != "active":
        return None
    run, store = found
    rows = PushRepository(session)
    while True:
        repeated = True
        changes = await rows.claim(run, state="sending", most=most)
        if not changes:
            repeated = False
            changes = await rows.claim(run, state="planned", most=most)
        if not changes:
            return None
        writes, skipped = await _writes(session, run, store, changes, repeated=repeated)
        await rows.finish(run, skipped)
        if writes:
            return Batch(writes=tuple(writes), repeated=repeated)


async def _writes(
    session: AsyncSession, run: SyncRun, store: Store, changes: Sequence[SyncChange], *, repeated: bool
) -> tuple[list[StoreWrite], list[Finished]]:
    """Turn changes into writes by what the catalog holds now; what is not wanted any more is skipped."""
    items = await items_of(session, store, changes)
    wanted = [change.product_id for change in changes if change.action == CREATE]
    creations = CreationRepository(session, run.organization_id, store.id)
    products = await creations.products(wanted, store.currency or "") if wanted else {}
    writes: list[StoreWrite] = []
    skipped: list[Finished] = []
    for change in changes:
        write: StoreWrite | None = None
        key = str(change.write_key)
        item = items.get((change.entity == PRODUCT, change.external_id))
        if change.action == CREATE:
            write = _creation(change, products.get(change.product_id), key, repeated=repeated)
        elif change.action == DELETE:
            write = ProductRemoval(
                key=key, external_product_id=change.external_product_id, delete=run.kind == UNDO and not change.fields
            )
        elif item is not None:
            write = _update(run, change, item, key, repeated=repeated)
        if write is None:
            skipped.append(Finished(change.id, "skipped", "changed_since", "It has changed since, or is gone"))
        else:
            writes.append(write)
    return writes, skipped


def _creation(
    change: SyncChange, product: PlatformProduct | None, key: str, *, repeated: bool
) -> ProductCreation | None:
    """Give the store the product as it is; as it was the first time when it may have been made already."""
    if product is None:
        return None
    before = kept_product(change.fields) if repeated else None
    if before is None:
        change.fields = {**change.fields, GIVEN: kept(product)}
    return ProductCreation(key=key, product=before or product)


def _update(run: SyncRun, change: SyncChange, item: Item, key: str, *, repeated: bool) -> StoreWrite | None:
    if change.entity == STOCK:
        return _pieces(change, item, key, repeated=repeated)
    fields = still_wanted(item, change.fields, taking_back=run.kind == UNDO, repeated=repeated)
    if not fields:
        return None
    values = {name: read(name, value) for name, value in fields.items()}
    if change.entity == PRODUCT:
        return ProductWrite(key=key, external_product_id=change.external_product_id, fields=values)
    return VariantWrite(
        key=key, external_product_id=change.external_product_id, external_id=change.external_id, fields=values
    )


def _pieces(change: SyncChange, item: Item, key: str, *, repeated: bool) -> StoreWrite | None:
    """Write the number as it is now, whatever it was when the run was planned: a later one is always right.

    Not so when a number may have arrived already: until the store has said which of the two it shows, no third one is
    sent. Where nothing is due any more the store is only asked.
    """
    target, believed = item.held.get(STOCK), item.shown.get(STOCK, item.held.get(STOCK))
    if target is None or believed is None:
        return None
    due = STOCK in item.due
    if repeated:
        target = believed + sent_by(change) if due else believed
    elif due:
        change.fields = {STOCK: [believed, target]}
    else:
        return None
    return StockWrite(
        key=key,
        external_product_id=item.external_product_id,
        external_id=item.external_id,
        inventory_id=item.inventory_id,
        believed=believed,
        target=target,
    )


def sent_by(change: SyncChange) -> int:
    """Return how far a number that was sent to a store moves what it shows, if it arrives."""
    before, sent = change.fields[STOCK]
    return int(sent) - int(before)


async def items_of(
    session: AsyncSession, store: Store, changes: Sequence[SyncChange], *, lock: bool = False
) -> dict[tuple[bool, str], Item]:
    """Return what changes are about as it stands now, by (is a product, external id)."""
    due = DueRepository(session, store.organization_id, store.id, store.currency or "")
    products = [one.external_id for one in changes if one.entity == PRODUCT and one.external_id]
    variants = [one.external_id for one in changes if one.entity != PRODUCT]
    found = {(True, name): item for name, item in (await due.named(PRODUCT, products, lock=lock)).items()}
    return found | {(False, name): item for name, item in (await due.named(VARIANT, variants, lock=lock)).items()}


async def finish(session: AsyncSession, run_id: uuid.UUID) -> bool:
    """End a run that has nothing left to send; tell whether something became due while it ran."""
    found = await SyncRepository(session).lock(run_id)
    if found is None or found[0].state != "running":
        return False
    run, store = found
    rows = PushRepository(session)
    if await rows.open_changes(run, target="store", most=1):
        return False
    counts = await rows.counts(run)
    run.stats = {**run.stats, **stats_of(counts)}
    run.state, run.finished_at = "completed", utc_now()
    run.error_code = run.error_message = None
    if run.kind not in QUIET:
        event = SyncCompleted(
            sync_id=str(run.id),
            type=run.kind,
            duration_seconds=round((run.finished_at - (run.started_at or run.finished_at)).total_seconds(), 3),
            stats={key: int(run.stats.get(key, 0)) for key in AUC_14},
            stores_updated=(str(store.id),) if counts["applied"] else (),
        )
        await EventRecorder(session).record(run.organization_id, event)
    follow, run.follow_up = run.follow_up, False
    return follow


def stats_of(counts: Mapping[str, int]) -> dict[str, Any]:
    """Return a run's statistics from its changes: the numbers of contract row AUC-14, and the changes themselves."""
    return {
        "products_added": counts["products_added"],
        "products_updated": counts["products_updated"],
        "products_removed": counts["products_removed"],
        "errors": counts["failed"],
        "changes_planned": counts["planned"],
        "changes_applied": counts["applied"],
        "changes_skipped": counts["skipped"],
    }


def change_of(row: SyncChange) -> Change:
    """Return a stored change as the pure rules know it."""
    return Change(
        action=row.action,
        entity=row.entity,
        product_id=row.product_id,
        variant_id=row.variant_id,
        external_product_id=row.external_product_id,
        external_id=row.external_id,
        label=row.label,
        fields=row.fields,
        target=row.target,
    )
