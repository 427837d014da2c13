"""Previewing what a store would be written, applying it, discarding it, and taking runs back."""

import uuid
from typing import Any

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.domain.sync.previews import Previews
from backend.domain.sync.undo import Undo
from backend.ports.actor import Actor
from embedded_ui.forms import Form
from embedded_ui.session import MANAGER
from embedded_ui.shell import go_to


@post("/stores/{store_id:uuid}/preview", status_code=303)
async def preview_changes(
    actor: NamedDependency[Actor], previews: NamedDependency[Previews], store_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Plan what would be written to a store now, and show it."""
    run = await previews.preview(actor, store_id)
    return go_to(f"/panel/runs/{run.id}")


@post("/runs/{run_id:uuid}/apply", status_code=303, opt=MANAGER)
async def apply_run(
    actor: NamedDependency[Actor],
    previews: NamedDependency[Previews],
    form: NamedDependency[Form],
    run_id: FromPath[uuid.UUID],
) -> Response[Any]:
    """Carry a change set out; guards that hold it want a reason."""
    run = await previews.apply(actor, run_id, reason=form.text("reason"))
    return go_to(f"/panel/runs/{run.id}?done=run_applied")


@post("/runs/{run_id:uuid}/discard", status_code=303, opt=MANAGER)
async def discard_run(
    actor: NamedDependency[Actor], previews: NamedDependency[Previews], run_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Leave a change set."""
    await previews.discard(actor, run_id)
    return go_to(f"/panel/runs/{run_id}?done=run_discarded")


@post("/runs/{run_id:uuid}/undo", status_code=303)
async def undo_run(
    actor: NamedDependency[Actor], undo: NamedDependency[Undo], run_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Plan to take a run back, and show what that would do and what stays."""
    plan = await undo.plan(actor, run_id)
    return go_to(f"/panel/runs/{plan.run.id}")
