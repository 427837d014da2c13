"""One step of a pull: a few pages, their rows, statistics, issues and the cursor behind them, in one transaction."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog.merge import Merged, StoreMerge
from backend.domain.catalog.staging import together
from backend.domain.jobs.service import JobRecorder
from backend.domain.stores.settings import settings_of
from backend.domain.sync.page_totals import format_counts, totals_told
from backend.domain.sync.push_soon import STOCK, PushRequests
from backend.domain.sync.ready import ReadyPage, ready
from backend.domain.sync.repository import SyncRepository
from backend.domain.sync.step_guards import check_pages, merge_check
from backend.models.stores import Store
from backend.models.sync import SyncRun
from backend.ports.actor import system_actor
from backend.ports.store_platform import PARENT_MISSING, CatalogPage, PlatformProduct, PlatformVariant, RowIssue

MOST_ISSUES = 500
"""Issues kept per run; all of them count."""


class StepContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a step has to know besides its pages."""

    run_id: uuid.UUID
    walk: int
    after: str | None
    """Walk and cursor this step builds on; when the run stands elsewhere, somebody else works on it."""
    product_limit: int | None
    jobs: Callable[[AsyncSession], JobRecorder] | None = None
    """For pushes of what is due in other stores because of these pages; None: left to whoever looks for what is due."""


async def store_pages(session: AsyncSession, context: StepContext, pages: list[ReadyPage]) -> bool:
    """Store pages; False when the run was ended, taken over or its store disconnected (nothing is stored).

    Raises:   MergeHeld: a guard wants a person to look first; SizeNeeded: it has to know how large the store is.
    """
    runs = SyncRepository(session)
    found = await runs.lock_at(context.run_id, context.walk, context.after)
    if found is None:
        return False
    run, store = found
    await check_pages(session, run, [one.page for one in pages])
    currency = store.currency or ""
    # Of a store that changed its currency since its pages were made ready.
    pages = [one if one.currency == currency else ready(one.page, currency) for one in pages]
    products = [product for one in pages for product in one.products]
    apart = [variant for one in pages for variant in one.variants]
    issues = [issue for one in pages for issue in one.issues]
    merge = StoreMerge(
        session,
        organization_id=run.organization_id,
        store_id=store.id,
        currency=currency,
        run_id=run.id,
    )
    merged = await merge.merge_rows(
        together(one.rows for one in pages),
        product_limit=context.product_limit,
        check=merge_check(run, store),
        price_move=settings_of(store.settings).guards.price_move,
    )
    await _ask_for_pushes(session, context, run, merged)
    for one in pages:
        await runs.put_locations(run, one.page.locations)
    removed = 0
    if run.mode == "full":
        await _remember(runs, run.id, products, apart, issues)
    else:
        removed = await runs.mark_replaced(run, products)
    await _note_issues(runs, run, issues, merged, context.product_limit)
    run.cursor = pages[-1].cursor
    run.stats = _counted(run.stats, [one.page for one in pages], merged, issues=len(issues), removed=removed)
    run.watermark_at = _newest(run, store, products, apart)
    return True


async def _ask_for_pushes(session: AsyncSession, context: StepContext, run: SyncRun, merged: Merged) -> None:
    if context.jobs is None or not (merged.due_stores or merged.stock_due_stores):
        return
    requests, actor = PushRequests(session, context.jobs(session)), system_actor(run.organization_id)
    await requests.soon(actor, merged.due_stores)
    await requests.soon(actor, merged.stock_due_stores, kind=STOCK)


async def _remember(
    runs: SyncRepository,
    run_id: uuid.UUID,
    products: list[PlatformProduct],
    apart: list[PlatformVariant],
    issues: list[RowIssue],
) -> None:
    # The store counts variations of which nothing can be made, too.
    unplaced = [issue.external_id for issue in issues if issue.code == PARENT_MISSING]
    seen = {
        "product": [product.external_id for product in products],
        "variant": [variant.external_id for product in products for variant in product.variants],
        "apart": [variant.external_id for variant in apart] + unplaced,
    }
    await runs.remember_seen(run_id, seen)


def _counted(
    stats: Mapping[str, Any], pages: list[CatalogPage], merged: Merged, *, issues: int, removed: int
) -> dict[str, Any]:
    counts = {
        "products_added": merged.products_added,
        "products_updated": merged.products_updated,
        "products_unchanged": merged.products_unchanged,
        "variants_added": merged.variants_added,
        "variants_updated": merged.variants_updated,
        "variants_unchanged": merged.variants_unchanged,
        "variants_removed": removed,
        "over_limit": merged.over_limit,
        "errors": issues + merged.over_limit,
        "pages": len(pages),
        "stock_zeroed": merged.zeroed,
        "prices_moved": merged.moved,
    }
    summed = {key: int(stats.get(key, 0)) + value for key, value in counts.items()}
    return {**stats, **summed, **totals_told(stats, pages), **format_counts(stats, pages)}


async def _note_issues(
    runs: SyncRepository, run: SyncRun, issues: list[RowIssue], merged: Merged, limit: int | None
) -> None:
    rows = [_issue_row(issue) for issue in issues]
    # A product that the plan has no room for leaves its variations behind: that is told once, below.
    left_out = merged.orphans and limit is not None and await runs.left_out(run.organization_id, run.store_id)
    rows += [
        {"code": "parent_unknown", "message": "The store lists this variation without its product", "external_id": one}
        for one in (() if left_out else merged.orphans)
    ]
    if rows:
        room = MOST_ISSUES - await runs.issue_count(run.id)
        await runs.add_issues(run, rows[: max(0, room)])
    if merged.over_limit and not await runs.issue_count(run.id, "PIM_PRODUCT_LIMIT"):
        message = f"The plan's {limit} products are used up: further products of this store stay out of the catalog"
        await runs.add_issues(run, [{"code": "PIM_PRODUCT_LIMIT", "message": message, "facts": {"limit": limit}}])


def _issue_row(issue: RowIssue) -> dict[str, Any]:
    facts = {"field": issue.field} if issue.field else {}
    return {"code": issue.code, "message": issue.message, "external_id": issue.external_id, "facts": facts}


def _newest(
    run: SyncRun, store: Store, products: Iterable[PlatformProduct], apart: Iterable[PlatformVariant]
) -> datetime | None:
    stamps = [product.modified_at for product in products] + [variant.modified_at for variant in apart]
    stamps += [run.watermark_at, store.watermark_at]
    return max((stamp for stamp in stamps if stamp is not None), default=None)
