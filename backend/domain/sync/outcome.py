"""How a walk ends: verified and applied, walked again, or held; and how a run fails."""

import uuid
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.events.service import EventRecorder
from backend.domain.events.types import SyncCompleted, SyncFailed
from backend.domain.stores.settings import settings_of
from backend.domain.sync.guards import Held, MergeHeld, may_remove, walk_is_complete
from backend.domain.sync.push_repository import PushRepository
from backend.domain.sync.repository import KIND, MissingCount, SyncRepository
from backend.domain.sync.step import StepContext
from backend.domain.sync.sweep import note_unknown
from backend.kit.clock import utc_now
from backend.models.stores import Store
from backend.models.sync import SyncRun


class Missing(NamedTuple):
    """External ids that a walk did not meet."""

    products: list[str]
    variants: list[str]


class WalkEnd(NamedTuple):
    """Where a walk ended; when the run stands elsewhere, somebody else works on it."""

    run_id: uuid.UUID
    walk: int
    cursor: str | None
    refuted: bool
    """The store still lists something that the walk did not meet."""


WALKS = ("full", "sweep")
"""Modes that meet everything a store lists, and find by it what is gone."""
_OF_ONE_WALK = ("expected_", "total_", "read_", "issues_")
"""Beginnings of the statistics that each walk of a run counts anew."""
AUC_14 = ("products_added", "products_updated", "products_removed", "errors")


async def missing_after(session: AsyncSession, run_id: uuid.UUID) -> Missing | None:
    """Return what a walk that looks complete did not meet; None when there is nothing to remove."""
    runs = SyncRepository(session)
    found = await runs.lock(run_id)
    if found is None or found[0].state != "running" or found[0].mode not in WALKS:
        return None
    run, store = found
    if not await _verified(runs, run):
        return None
    missing = await runs.missing(run)
    if not (missing.products or missing.variants) or _held(run, store, missing) is not None:
        return None
    return Missing(*await runs.missing_ids(run))


async def finish_walk(session: AsyncSession, end: WalkEnd, *, most_walks: int) -> None:
    """Close a run whose walk reached its end, or send it back to the beginning when the walk proves nothing."""
    runs = SyncRepository(session)
    found = await runs.lock(end.run_id)
    if found is None or found[0].state != "running" or (found[0].walk, found[0].cursor) != (end.walk, end.cursor):
        return
    run, store = found
    if run.mode in WALKS:
        verified = not end.refuted and await _verified(runs, run)
        if not verified and run.walk < most_walks:
            run.walk, run.cursor = run.walk + 1, None
            run.stats = {key: value for key, value in run.stats.items() if not key.startswith(_OF_ONE_WALK)}
            await runs.forget_seen(run.id)
            return
        if verified:
            await _remove_gone(session, run, store)
        else:
            await _note_mismatch(runs, run)
    if run.mode == "sweep" and run.state == "running":
        await note_unknown(session, run)
    if run.state == "running":
        await _complete(session, run, store)


async def _verified(runs: SyncRepository, run: SyncRun) -> bool:
    if run.stats.get("total_moved"):
        return False
    seen = await runs.seen_counts(run.id)
    expected = {
        kind: int(run.stats[f"expected_{name}"])
        for kind, name in (("product", "products"), ("apart", "variants"))
        if f"expected_{name}" in run.stats
    }
    return walk_is_complete(expected=expected, seen=seen)


async def _note_mismatch(runs: SyncRepository, run: SyncRun) -> None:
    message = (
        f"The store's list changed during each of {run.walk} walks, so nothing was removed this time. "
        "New and changed products are in."
    )
    await runs.add_issues(run, [{"code": "count_mismatch", "message": message}])


async def _remove_gone(session: AsyncSession, run: SyncRun, store: Store) -> None:
    runs = SyncRepository(session)
    missing = await runs.missing(run)
    held = _held(run, store, missing)
    if held is not None:
        await hold_run(session, run, held.code, held.message)
    elif missing.products or missing.variants:
        removed, variants_removed = await runs.mark_gone(run)
        run.stats = {**run.stats, "products_removed": removed, "variants_removed": variants_removed}


def _held(run: SyncRun, store: Store, missing: MissingCount) -> Held | None:
    """Look at both: products may vanish while all their variations are still listed, and the other way round."""
    if run.unguarded_reason is not None:
        return None
    guards = settings_of(store.settings).guards
    return may_remove(listed=missing.variants_listed, missing=missing.variants, guards=guards) or may_remove(
        listed=missing.products_listed, missing=missing.products, guards=guards, what="products"
    )


async def hold_run(session: AsyncSession, run: SyncRun, code: str, message: str) -> None:
    """End a run as held by a guard, with the reason among its issues."""
    await SyncRepository(session).add_issues(run, [{"code": code, "message": message}])
    await end_run(session, run, state="held", code=code, message=message)


async def hold_step(session: AsyncSession, context: StepContext, held: MergeHeld) -> None:
    """End a run whose next step a guard refused, unless somebody else went on with it meanwhile."""
    found = await SyncRepository(session).lock_at(context.run_id, context.walk, context.after)
    if found is not None:
        await hold_run(session, found[0], held.code, held.message)


async def _complete(session: AsyncSession, run: SyncRun, store: Store) -> None:
    run.state, run.finished_at = "completed", utc_now()
    run.error_code = run.error_message = None
    await SyncRepository(session).forget_seen(run.id)
    if run.watermark_at is not None and run.started_at is not None:
        # What changed during the walk may lie on a page that was read before; what is stamped in the future proves
        # nothing. Both are read again.
        store.watermark_at = min(run.watermark_at, run.started_at)
    changed = any(run.stats.get(key) for key in ("products_added", "products_updated", "products_removed"))
    changed = changed or any(run.stats.get(f"variants_{what}") for what in ("added", "updated", "removed"))
    event = SyncCompleted(
        sync_id=str(run.id),
        type=run.mode,
        duration_seconds=_duration_s(run),
        stats={key: int(run.stats.get(key, 0)) for key in AUC_14},
        stores_updated=(str(store.id),) if changed else (),
    )
    await EventRecorder(session).record(run.organization_id, event)


async def end_run(session: AsyncSession, run: SyncRun, *, state: str, code: str, message: str) -> None:
    """End a run as `failed` or `held` with its reason."""
    run.state, run.finished_at, run.error_code, run.error_message = state, utc_now(), code, message
    await SyncRepository(session).forget_seen(run.id)
    if state == "failed" and run.kind != KIND:
        await PushRepository(session).leave_unanswered(run)
    if state == "held" and await SyncRepository(session).held_before(run):
        return  # the run before said the same: a store that is read every few minutes would say it as often
    event = SyncFailed(sync_id=str(run.id), type=run.mode, store_id=str(run.store_id), code=code, message=message)
    await EventRecorder(session).record(run.organization_id, event)


def _duration_s(run: SyncRun) -> float:
    ended: Any = run.finished_at
    return round((ended - run.started_at).total_seconds(), 3) if run.started_at else 0.0
