"""Oversells as people look at them and settle them."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.audit.service import AuditTrail
from backend.domain.stock.oversell_repository import OversellRepository
from backend.kit.clock import utc_now
from backend.kit.errors import not_found
from backend.kit.text import clipped, storable
from backend.models.stock import Oversell
from backend.ports.actor import Actor

MOST_NOTE = 500
_MOST_ID = 2**63 - 1


class OversellService:
    """Lists and settles the acting organization's cases, inside the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def open(self, actor: Actor, *, above: int = 0, limit: int = 50) -> Sequence[Oversell]:
        """Return open cases, oldest first.

        Args:     above: cases with a greater id, to go on behind a page.
        """
        return await OversellRepository(self._session, actor.tenant).page(actor, above=above, limit=limit)

    async def settle(self, actor: Actor, oversell_id: int, note: str = "") -> Oversell:
        """Close a case that a person has dealt with; one that is closed stays as it is. Leaves an audit entry.

        Raises:   not_found.
        """
        known = 0 < oversell_id <= _MOST_ID
        found = await OversellRepository(self._session, actor.tenant).locked(actor, oversell_id) if known else None
        if found is None:
            raise not_found("Oversell")
        if found.state == "settled":
            return found
        found.state, found.note = "settled", clipped(storable(note), MOST_NOTE)
        found.settled_at, found.settled_by = utc_now(), str(actor.user_id or "operator")
        await AuditTrail(self._session).record(
            actor=found.settled_by,
            action="stock.settle_oversell",
            subject=f"oversell:{found.id}",
            organization_id=actor.tenant,
            facts={"store_id": str(found.store_id), "order_id": found.order_id, "missing": found.missing},
        )
        return found
