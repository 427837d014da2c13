"""What the guards say to a step of a pull before anything of it is stored."""

import uuid
from collections.abc import Callable, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.stores.settings import settings_of
from backend.domain.sync.guards import MergeHeld, StepCounts, check_merge, may_read, strange_codes
from backend.domain.sync.page_totals import format_counts
from backend.domain.sync.push_repository import PushRepository
from backend.domain.sync.repository import SyncRepository
from backend.models.stores import Store
from backend.models.sync import SyncRun
from backend.ports.store_platform import CatalogPage


async def check_pages(session: AsyncSession, run: SyncRun, pages: Sequence[CatalogPage]) -> None:
    """Let pages pass whose rows can be read as those of the last whole walk could.

    A store that was never walked has no other format: its rows are taken as far as they can be read.

    Raises:   MergeHeld.
    """
    stats = {**run.stats, **format_counts(run.stats, pages)}
    if run.unguarded_reason is not None or not strange_codes(stats):
        return
    last = await SyncRepository(session).last_whole_stats(run)
    held = may_read(stats, last) if last is not None else None
    if held is not None:
        raise MergeHeld(held.code, held.message)


def merge_check(run: SyncRun, store: Store) -> Callable[[StepCounts], None] | None:
    """Return what a merge asks before it writes; None: a person said why this run may do anything.

    What it raises, MergeHeld or SizeNeeded, has to leave the step's transaction.
    """
    if run.unguarded_reason is not None:
        return None
    settings, so_far = settings_of(store.settings), dict(run.stats)

    def check(counts: StepCounts) -> None:
        check_merge(settings, so_far, counts)

    return check


async def note_size(session: AsyncSession, run_id: uuid.UUID) -> None:
    """Note in a run's statistics how many listings its store has: counted once, and only when a share is asked for."""
    found = await SyncRepository(session).lock(run_id)
    if found is not None:
        run = found[0]
        size = await PushRepository(session).size(run.organization_id, run.store_id)
        run.stats = {**run.stats, "size_listings": size.listings, "size_counted": size.counted}
