"""One page of what a run changes, whichever kind it is: the change set of what writes, the history of what reads."""

import msgspec

from backend.domain.catalog.history_repository import ChangeHistory
from backend.domain.sync.previews import WRITING, Previews
from backend.models.sync import SyncRun
from backend.ports.actor import Actor
from embedded_ui.panel.change_views import (
    FILTERS,
    PER_PAGE,
    Address,
    ChangesShown,
    history_changes,
    run_changes,
)

_MOST_DIGITS = 18


class ChangesPage(msgspec.Struct, frozen=True, kw_only=True):
    """What a page shows of a run's changes."""

    changes: ChangesShown
    count: int
    """Of the change set in all; of a run that reads, of this page."""


async def page_of_changes(
    actor: Actor,
    run: SyncRun,
    previews: Previews,
    change_history: ChangeHistory,
    address: Address,
    *,
    state: str = "",
    after: int = 0,
    below: int | None = None,
) -> ChangesPage:
    """Read one page of what a run changes.

    Args:     state: one of `FILTERS`; anything else shows all. after: of a run that writes. below: of one that reads.
    """
    if run.kind in WRITING:
        chosen = state if state in FILTERS else None
        page = await previews.changes(actor, run.id, after=after, most=PER_PAGE, state=chosen)
        shown = run_changes(page, address, after=after, state=chosen)
        return ChangesPage(changes=shown, count=page.counts["planned"])
    rows = await change_history.of_run(actor, run.id, below=below, limit=PER_PAGE + 1)
    return ChangesPage(changes=history_changes(rows, address, below=below), count=len(rows))


def key_of(text: str) -> int | None:
    """Read a key of an address; what is none leads to the first page."""
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= _MOST_DIGITS else None
