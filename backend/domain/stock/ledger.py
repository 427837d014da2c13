"""The ledger of pieces: adjustments that somebody makes, what there is, and how it came to be."""

import uuid
from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.stock.entries import Entry, EntryWriter
from backend.domain.stock.held import HeldVariant
from backend.domain.stock.held_repository import HeldRepository
from backend.domain.stock.ledger_repository import LedgerRepository, Level
from backend.kit.errors import conflict, invalid, not_found
from backend.models.stock import StockAdjustment
from backend.ports.actor import Actor

MOST_PIECES = 1_000_000_000
"""A number beyond it is a mistake."""
_MOST_ID = 2**63 - 1


class Adjustment(msgspec.Struct, frozen=True, kw_only=True):
    """A change of one variant's pieces that somebody wants."""

    variant_id: int
    delta: int | None = None
    """So many more, or fewer."""
    count: int | None = None
    """So many there are: makes a variant counted that was not. One of the two is given."""
    reason: str
    """As `StockAdjustment.reason`: `count`, `correction`, `undo`, `import`."""
    reference: str = ""
    store_id: uuid.UUID | None = None
    """The store it has to do with."""
    allow_negative: bool = False
    """Fewer than none may be left."""


class StockDone(msgspec.Struct, frozen=True, kw_only=True):
    """What adjustments did."""

    changed: frozenset[int] = frozenset()
    """Variants that have another number of pieces now."""
    due_stores: frozenset[uuid.UUID] = frozenset()
    """Stores that have to be told: ask for pushes of kind `stock`."""


class StockLedger:
    """Adjusts and shows the acting organization's stock, inside the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session
        self._rows = LedgerRepository(session)

    async def adjust(
        self, actor: Actor, adjustments: Sequence[Adjustment], *, run_id: uuid.UUID | None = None
    ) -> StockDone:
        """Make adjustments, all of them or none; several of one variant follow one another.

        Args:     run_id: the run that they belong to.
        Raises:   not_found for an unknown variant; invalid ADJUSTMENT_INVALID; conflict STOCK_NOT_COUNTED for more or
                  fewer of what is not counted, STOCK_BELOW_ZERO when fewer than none would be left.
        """
        for one in adjustments:
            _check(one)
        held_rows = HeldRepository(self._session, actor.tenant)
        held = await held_rows.hold({one.variant_id for one in adjustments})
        entries = [_adjusted(held, one, actor, run_id) for one in adjustments]
        await held_rows.save(held.values())
        made = await EntryWriter(self._session, actor.tenant).write(entries)
        if made:
            await held_rows.bump_revision()
        changed = frozenset(entry.variant.variant_id for entry in made)
        return StockDone(changed=changed, due_stores=due_stores(held[one] for one in changed))

    async def levels(
        self, actor: Actor, *, variant_ids: Sequence[int] | None = None, above: int = 0, limit: int = 100
    ) -> list[Level]:
        """Return what there is of variants by place, in the order of their ids.

        Args:     variant_ids: these alone; None: all. above: variants with a greater id. limit: of variants.
        """
        return await self._rows.levels(actor, variant_ids, above, limit)

    async def history(
        self, actor: Actor, variant_id: int, *, below: int | None = None, limit: int = 50
    ) -> Sequence[StockAdjustment]:
        """Return a variant's changes, newest first.

        Args:     below: changes with a smaller id, to go on behind a page.
        """
        return await self._rows.history(actor, variant_id, below, limit)


def due_stores(variants: Iterable[HeldVariant]) -> frozenset[uuid.UUID]:
    """Return the stores to which a number of these variants is to be written."""
    return frozenset(listing.store_id for one in variants for listing in one.listings if listing.live and listing.due)


def _check(adjustment: Adjustment) -> None:
    if (adjustment.delta is None) == (adjustment.count is None):
        raise invalid("ADJUSTMENT_INVALID", "Give either a difference or a count", field="delta")
    if not 0 < adjustment.variant_id <= _MOST_ID:
        raise not_found("Variant")
    if abs(adjustment.delta or adjustment.count or 0) > MOST_PIECES:
        raise invalid("ADJUSTMENT_INVALID", f"At most {MOST_PIECES} pieces", field="delta")


def _adjusted(held: dict[int, HeldVariant], one: Adjustment, actor: Actor, run_id: uuid.UUID | None) -> Entry:
    variant = held.get(one.variant_id)
    if variant is None:
        raise not_found("Variant")
    before = variant.hub
    after = _number(one, before)
    if abs(after) > MOST_PIECES:
        raise invalid("ADJUSTMENT_INVALID", f"At most {MOST_PIECES} pieces", field="delta")
    if after < min(before or 0, 0) and not (one.allow_negative or variant.backorder):
        raise conflict("STOCK_BELOW_ZERO", "So many pieces are not there", variant_id=one.variant_id, on_hand=before)
    variant.move(after)
    return Entry(
        variant=variant,
        before=before,
        after=after,
        reason=one.reason,
        reference=one.reference,
        store_id=one.store_id,
        run_id=run_id,
        actor=str(actor.user_id or ""),
    )


def _number(adjustment: Adjustment, before: int | None) -> int:
    if adjustment.count is not None:
        return adjustment.count
    if before is None:
        raise conflict(
            "STOCK_NOT_COUNTED", "The variant is not counted: count it first", variant_id=adjustment.variant_id
        )
    return before + (adjustment.delta or 0)
