"""The numbers of contract row S2S-11."""

from datetime import datetime

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.ports.actor import Actor


class SyncStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What an organization has synced, and when anything last happened."""

    suppliers: int
    feeds: int
    products_synced: int
    """Products that are in at least one connected store."""
    last_sync_at: datetime | None
    last_activity_at: datetime | None


_QUERY = text("""
SELECT (SELECT count(*) FROM feeds WHERE organization_id = :org),
       (SELECT count(*) FROM products p WHERE p.organization_id = :org AND p.deleted_at IS NULL AND EXISTS (
            SELECT 1 FROM product_links l WHERE l.organization_id = :org AND l.product_id = p.id
              AND l.gone_at IS NULL)),
       (SELECT max(finished_at) FROM sync_runs WHERE organization_id = :org AND state = 'completed'),
       (SELECT max(occurred_at) FROM events WHERE organization_id = :org)
""")


class SyncStatusService:
    """Reads the status in one statement."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def read(self, actor: Actor) -> SyncStatus:
        """Return the acting organization's status; raise forbidden for an unproven token."""
        row = (await self._session.execute(_QUERY, {"org": actor.tenant})).one()
        return SyncStatus(
            # Suppliers have no tables before supplier files can be merged: an organization has none.
            suppliers=0,
            feeds=int(row[0]),
            products_synced=int(row[1]),
            last_sync_at=row[2],
            last_activity_at=row[3],
        )
