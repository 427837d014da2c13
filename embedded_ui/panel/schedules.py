"""When a store is read without anybody asking: a page for owners and admins."""

import uuid
from datetime import datetime
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.domain.stores.service import StoreService
from backend.domain.sync.schedules import SyncSchedules
from backend.kit.errors import invalid
from backend.ports.actor import Actor
from embedded_ui.forms import Form
from embedded_ui.panel.views import every
from embedded_ui.session import MANAGER
from embedded_ui.shell import Shell, go_to

_LABELS = {
    "delta": "Read what changed",
    "sweep": "Look for what was deleted",
    "full": "Read everything, and compare",
}
_CHOICES = {
    "delta": (60, 300, 900, 3_600, 21_600, 0),
    "sweep": (21_600, 86_400, 604_800, 0),
    "full": (21_600, 86_400, 604_800, 0),
}


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One choice of the form."""

    mode: str
    label: str
    every_s: int
    next_at: datetime | None
    choices: list[tuple[int, str]]


@get("/stores/{store_id:uuid}/schedule", opt=MANAGER)
async def show_schedule(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    stores: NamedDependency[StoreService],
    sync_schedules: NamedDependency[SyncSchedules],
    store_id: FromPath[uuid.UUID],
) -> Response[Any]:
    """Show how often a store is read."""
    store = await stores.store(actor, store_id)
    rows = {row.mode: row for row in await sync_schedules.of_store(actor, store_id)}
    fields = [
        _field(mode, rows[mode].every_s if mode in rows else 0, rows[mode].next_at if mode in rows else None)
        for mode in _LABELS
    ]
    return shell.page("store_schedule", store=store, fields=fields, problem=None)


@post("/stores/{store_id:uuid}/schedule", status_code=303, opt=MANAGER)
async def change_schedule(
    actor: NamedDependency[Actor],
    form: NamedDependency[Form],
    sync_schedules: NamedDependency[SyncSchedules],
    store_id: FromPath[uuid.UUID],
) -> Response[Any]:
    """Read a store as often as the form says."""
    for mode in _LABELS:
        typed = form.text(mode)
        if not (typed.isascii() and typed.isdigit() and len(typed) < 9):
            raise invalid("SCHEDULE_INVALID", f"{mode}: choose how often", field=mode)
        await sync_schedules.change(actor, store_id, mode, int(typed))
    return go_to(f"/panel?done=schedule_changed#store-{store_id}")


def _field(mode: str, every_s: int, next_at: datetime | None) -> Field:
    seconds = [*sorted({*_CHOICES[mode], every_s} - {0}), 0]
    choices = [(one, every(one).capitalize() if one else "Never") for one in seconds]
    return Field(mode=mode, label=_LABELS[mode], every_s=every_s, next_at=next_at, choices=choices)
