"""A sweep: the ids that a store lists and nothing else, which finds what is gone, and what nobody told us of."""

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.sync.page_totals import totals_told
from backend.domain.sync.repository import SyncRepository
from backend.domain.sync.start import WANTS_FULL
from backend.domain.sync.step import StepContext
from backend.domain.sync.sweep_repository import UNKNOWN_LISTED, SweepRepository
from backend.models.sync import SyncRun
from backend.ports.store_platform import IdPage


async def store_ids(session: AsyncSession, context: StepContext, pages: list[IdPage]) -> bool:
    """Remember pages of ids as one step; False when the run was ended, taken over or its store disconnected."""
    runs = SyncRepository(session)
    found = await runs.lock_at(context.run_id, context.walk, context.after)
    if found is None:
        return False
    run, _ = found
    products = [one for page in pages for one in page.products]
    seen = {
        "product": products,
        # A product that is sold as it is may be listed under its own id.
        "variant": products + [one for page in pages if page.inside for one in page.variants],
        "apart": [one for page in pages if not page.inside for one in page.variants],
    }
    await runs.remember_seen(run.id, seen)
    run.cursor = pages[-1].cursor
    run.stats = {
        **run.stats,
        "pages": int(run.stats.get("pages", 0)) + len(pages),
        **totals_told(run.stats, pages),
    }
    return True


async def note_unknown(session: AsyncSession, run: SyncRun) -> None:
    """Have everything read when the store lists what the catalog does not have.

    Not when a whole walk was to bring the very same ids and could not, nor for what the plan has no room for: the store
    would be read whole every night.
    """
    rows = SweepRepository(session)
    unknown = await rows.unknown(run)
    if not unknown.named:
        return
    run.stats = {**run.stats, "unknown": unknown.products + unknown.variants}
    runs = SyncRepository(session)
    if await runs.left_out(run.organization_id, run.store_id):
        return
    stays = unknown.mark == await rows.mark_that_stayed(run)
    then = "a whole walk could not bring them either" if stays else "everything is read now"
    which = f"products: {unknown.products}, variants: {unknown.variants}"
    message = f"The store lists what the catalog does not have ({which}); {then}"
    facts = {"mark": unknown.mark, "named": unknown.named}
    await runs.add_issues(run, [{"code": UNKNOWN_LISTED, "message": message, "facts": facts}])
    if not stays:
        run.follow_up = True
        run.stats = {**run.stats, WANTS_FULL: 1}
