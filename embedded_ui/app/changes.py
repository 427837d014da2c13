"""What the admin's page can have done to its store: previewed, applied, discarded, taken back, let through.

Only a script can ask: it needs an ID token. It is told which page shows what came of it.
"""

import uuid

import msgspec
from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.domain.stores.embedded_entry import EmbeddedVisit
from backend.domain.sync.previews import Previews
from backend.domain.sync.run_anyway import HeldRuns
from backend.domain.sync.start import SyncService
from backend.domain.sync.undo import Undo
from embedded_ui.app.entry import FETCHED
from embedded_ui.app.frame import Frame
from embedded_ui.app.runs import run_of_visit
from embedded_ui.forms import Form


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What a script is told."""

    page: str
    """Where to go on."""


@post("/preview", status_code=200, opt=FETCHED)
async def preview_changes(
    frame: NamedDependency[Frame], visit: NamedDependency[EmbeddedVisit], previews: NamedDependency[Previews]
) -> Response[Done]:
    """Plan what would be written to the shop now."""
    run = await previews.preview(visit.actor, visit.store.id)
    return _to_run(frame, run.id)


@post("/runs/{run_id:uuid}/apply", status_code=200, opt=FETCHED)
async def apply_run(
    frame: NamedDependency[Frame],
    visit: NamedDependency[EmbeddedVisit],
    sync: NamedDependency[SyncService],
    previews: NamedDependency[Previews],
    form: NamedDependency[Form],
    run_id: FromPath[uuid.UUID],
) -> Response[Done]:
    """Carry a change set out; guards that hold it want a reason."""
    run = await run_of_visit(visit, sync, run_id)
    await previews.apply(visit.actor, run.id, reason=form.text("reason"))
    return _to_run(frame, run.id)


@post("/runs/{run_id:uuid}/discard", status_code=200, opt=FETCHED)
async def discard_run(
    frame: NamedDependency[Frame],
    visit: NamedDependency[EmbeddedVisit],
    sync: NamedDependency[SyncService],
    previews: NamedDependency[Previews],
    run_id: FromPath[uuid.UUID],
) -> Response[Done]:
    """Leave a change set."""
    run = await run_of_visit(visit, sync, run_id)
    await previews.discard(visit.actor, run.id)
    return _to_run(frame, run.id)


@post("/runs/{run_id:uuid}/undo", status_code=200, opt=FETCHED)
async def undo_run(
    frame: NamedDependency[Frame],
    visit: NamedDependency[EmbeddedVisit],
    sync: NamedDependency[SyncService],
    undo: NamedDependency[Undo],
    run_id: FromPath[uuid.UUID],
) -> Response[Done]:
    """Plan to take a run back."""
    run = await run_of_visit(visit, sync, run_id)
    plan = await undo.plan(visit.actor, run.id)
    return _to_run(frame, plan.run.id)


@post("/runs/{run_id:uuid}/run-anyway", status_code=200, opt=FETCHED)
async def let_run_through(
    frame: NamedDependency[Frame],
    visit: NamedDependency[EmbeddedVisit],
    sync: NamedDependency[SyncService],
    held_runs: NamedDependency[HeldRuns],
    form: NamedDependency[Form],
    run_id: FromPath[uuid.UUID],
) -> Response[Done]:
    """Let a held run through, for a reason."""
    held = await run_of_visit(visit, sync, run_id)
    run = await held_runs.run_anyway(visit.actor, held.id, form.text("reason"))
    return _to_run(frame, run.id)


def _to_run(frame: Frame, run_id: uuid.UUID) -> Response[Done]:
    return frame.told(Done(page=frame.link(f"/app/runs/{run_id}")))
