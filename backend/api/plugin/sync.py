"""How far an organization's stores are synced (contract row S2S-11)."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from msgspec import Meta

from backend.api.plugin.auth import FOR_PLUGIN
from backend.api.plugin.fields import WITH_TOKEN, refusals
from backend.domain.sync.status import SyncStatus, SyncStatusService
from backend.kit.clock import iso_z
from backend.ports.actor import Actor

Moment = Annotated[str, Meta(description="ISO 8601, UTC.", examples=["2024-03-15T14:30:00Z"])]
Count = Annotated[int, Meta(ge=0)]


class SyncStatusOut(msgspec.Struct):
    """Counts and times; the times are null before anything happened."""

    suppliers: Count
    feeds: Count
    products_synced: Count
    last_sync: Moment | None
    last_activity: Moment | None


def sync_status_out(status: SyncStatus) -> SyncStatusOut:
    """Present a status."""
    return SyncStatusOut(
        suppliers=status.suppliers,
        feeds=status.feeds,
        products_synced=status.products_synced,
        last_sync=_shown(status.last_sync_at),
        last_activity=_shown(status.last_activity_at),
    )


def _shown(moment: datetime | None) -> str | None:
    return iso_z(moment) if moment else None


@get(
    "/sync/status",
    opt=FOR_PLUGIN,
    security=WITH_TOKEN,
    operation_id="plugin.sync_status",
    summary="Sync status",
    tags=["Sync"],
    responses=refusals(401, 403),
)
async def show_sync_status(
    actor: NamedDependency[Actor], sync_status: NamedDependency[SyncStatusService]
) -> SyncStatusOut:
    """Tell how many suppliers, feeds and synced products there are, and when anything last happened."""
    return sync_status_out(await sync_status.read(actor))
