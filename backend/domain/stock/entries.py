"""The ledger's entries: what is noted of each change, and the event that tells of it."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.events.service import EventRecorder
from backend.domain.events.types import InventoryUpdated
from backend.domain.stock.held import HeldVariant
from backend.models.stock import StockAdjustment


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A change of one variant's number that has been made."""

    variant: HeldVariant
    before: int | None
    after: int | None
    reason: str
    reference: str = ""
    store_id: uuid.UUID | None = None
    run_id: uuid.UUID | None = None
    actor: str = ""
    observed_at: datetime | None = None

    @property
    def changes(self) -> bool:
        """Tell whether the number is another one."""
        return self.before != self.after


class EntryWriter:
    """Writes entries and their events in the caller's transaction."""

    def __init__(self, session: AsyncSession, organization_id: uuid.UUID) -> None:
        self._session = session
        self._events = EventRecorder(session)
        self._org = organization_id

    async def write(self, entries: Iterable[Entry]) -> Sequence[Entry]:
        """Note the entries that change something; return them."""
        made = [entry for entry in entries if entry.changes]
        self._session.add_all(self._row(entry) for entry in made)
        for entry in made:
            await self._events.record(self._org, _event(entry))
        if made:
            await self._session.flush()
        return made

    def _row(self, entry: Entry) -> StockAdjustment:
        return StockAdjustment(
            organization_id=self._org,
            variant_id=entry.variant.variant_id,
            delta=(entry.after or 0) - (entry.before or 0),
            balance=entry.after,
            reason=entry.reason,
            reference=entry.reference,
            store_id=entry.store_id,
            run_id=entry.run_id,
            actor=entry.actor,
            observed_at=entry.observed_at,
        )


def _event(entry: Entry) -> InventoryUpdated:
    variant = entry.variant
    return InventoryUpdated(
        variant_id=variant.variant_id,
        product_id=variant.product_id,
        sku=variant.sku,
        old=entry.before,
        new=entry.after,
        reason=entry.reason,
        location=next(iter(variant.levels)) if len(variant.levels) == 1 else "",
    )
