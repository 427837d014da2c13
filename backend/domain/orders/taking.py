"""What an order takes from stock, in the transaction that hears of it (decision 0025)."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.orders.repository import OrderStockRepository, TakenLine
from backend.domain.orders.rules import KnownLine, SoldLine, begins_after, is_outdated, sold_lines
from backend.domain.orders.shown_order import ShownOrder
from backend.domain.stock.entries import Entry, EntryWriter
from backend.domain.stock.held import HeldVariant
from backend.domain.stock.held_repository import HeldRepository
from backend.domain.stock.ledger import due_stores
from backend.domain.stock.ledger_repository import LedgerRepository, Unexplained
from backend.domain.stock.oversell_repository import LineMissing, OversellRepository
from backend.domain.stock.rules import LineState, Taking, Witness, explained_by, to_take
from backend.domain.stores.settings import STORE
from backend.ports.actor import Actor


class TakenDone(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one version of an order."""

    taken: int = 0
    """Pieces taken from the hub's numbers; below zero: given back."""
    missing: int = 0
    """Pieces that the order needs and nobody has, over all its lines."""
    unknown: tuple[str, ...] = ()
    """What the store sold that is not in the catalog: its external ids."""
    outdated: bool = False
    """A later version was known already: nothing was done."""
    due_stores: frozenset[uuid.UUID] = frozenset()
    """Stores that have to be told: ask for pushes of kind `stock`."""


class _Progress(msgspec.Struct, kw_only=True):
    """What the lines of an order have done so far."""

    entries: list[Entry] = []
    lines: list[TakenLine] = []
    missing: list[LineMissing] = []
    explained: dict[int, int] = {}
    named: dict[int, int] = {}
    lost: dict[int, int] = {}
    taken: int = 0
    short: int = 0


class OrderTaking:
    """Takes stock for orders inside the caller's transaction: the same version again takes nothing."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def take_order(self, actor: Actor, store_id: uuid.UUID, order: ShownOrder) -> TakenDone:
        """Take what a version of an order needs more than the one before, and give back what it needs no more.

        Of any number of orders for the last piece, in whichever stores, one gets it; the others become oversells.
        """
        rows = OrderStockRepository(self._session, actor.tenant, store_id)
        known = await rows.lock(order.order_id)
        if is_outdated(order, known.values()):
            return TakenDone(outdated=True)
        listings = await rows.listings({line.external_variant_id for line in order.lines})
        lines = sold_lines(order, known, listings)
        unknown = sorted({one.external_variant_id for one in order.lines if one.quantity > 0} - set(listings))
        if not lines:
            return TakenDone(unknown=tuple(unknown))
        work = _OrderWork(self._session, actor.tenant, store_id, order)
        done = await work.take(lines, known)
        await rows.put(order.order_id, order.modified_at, done.lines)
        return TakenDone(
            taken=done.taken,
            missing=done.short,
            unknown=tuple(unknown),
            due_stores=due_stores(entry.variant for entry in done.entries),
        )


class _OrderWork:
    """One version of one order, with the variants of its lines held."""

    def __init__(
        self, session: AsyncSession, organization_id: uuid.UUID, store_id: uuid.UUID, order: ShownOrder
    ) -> None:
        self._org, self._store_id, self._order = organization_id, store_id, order
        self._held_rows = HeldRepository(session, organization_id)
        self._ledger = LedgerRepository(session)
        self._oversells = OversellRepository(session, organization_id)
        self._entries = EntryWriter(session, organization_id)

    async def take(self, lines: Sequence[SoldLine], known: Mapping[str, KnownLine]) -> _Progress:
        """Take what the lines need, and write all that follows from it."""
        variant_ids = sorted({line.variant_id for line in lines})
        held = await self._held_rows.hold(variant_ids)
        since = begins_after(self._order, known.values())
        changes = await self._ledger.unexplained(self._org, self._store_id, variant_ids, since)
        unnamed = await self._oversells.unnamed(self._store_id, variant_ids)
        missing = await self._oversells.of_order(self._store_id, self._order.order_id)
        done = _Progress()
        for line in lines:
            variant = held.get(line.variant_id)
            before = _state(known.get(line.line_id), missing.get(line.line_id, 0))
            witness = _witness(line.variant_id, changes, unnamed, done)
            taking = self._taking(line, variant, before, witness)
            self._note(line, variant, before, taking, changes, done)
        await self._write(held, done)
        return done

    def _taking(self, line: SoldLine, variant: HeldVariant | None, before: LineState, witness: Witness) -> Taking:
        hub = None if variant is None or self._keeps_its_own(variant) else variant.hub
        if line.shown_already and hub is not None:
            return Taking(line=LineState(wanted=line.wanted, taken=line.wanted), hub=hub)
        return to_take(before, line.wanted, hub, witness, backorder=bool(variant and variant.backorder))

    def _keeps_its_own(self, variant: HeldVariant) -> bool:
        """Tell whether what this store sells of it is no business of the hub's."""
        own = variant.listing(self._store_id)
        return own is not None and own.owner == STORE and not variant.at_home(self._store_id)

    def _note(
        self,
        line: SoldLine,
        variant: HeldVariant | None,
        before: LineState,
        taking: Taking,
        changes: Sequence[Unexplained],
        done: _Progress,
    ) -> None:
        after = taking.line
        done.lines.append(
            TakenLine(line_id=line.line_id, variant_id=line.variant_id, wanted=after.wanted, taken=after.taken)
        )
        done.taken += 0 if line.shown_already else after.taken - before.taken
        done.short += after.missing
        if after.missing != before.missing:
            done.missing.append(LineMissing(line_id=line.line_id, variant_id=line.variant_id, missing=after.missing))
        falls = after.wanted > before.wanted
        matching = _matching(line.variant_id, changes, done.explained, falls=falls)
        _add(done.explained, explained_by(matching, taking.explained))
        _add(done.named, {line.variant_id: taking.named})
        _add(done.lost, {line.variant_id: taking.lost})
        if variant is not None and taking.hub is not None and not line.shown_already:
            done.entries.append(self._moved(line, variant, taking, falls=falls))

    def _moved(self, line: SoldLine, variant: HeldVariant, taking: Taking, *, falls: bool) -> Entry:
        before = variant.hub
        own = variant.listing(self._store_id, line.external_id) if line.external_id else None
        variant.move(taking.hub, own or variant.listing(self._store_id), taking.shift)
        return Entry(
            variant=variant,
            before=before,
            after=taking.hub,
            reason="order" if falls else "cancel",
            reference=f"order:{self._store_id}:{self._order.number or self._order.order_id}",
            store_id=self._store_id,
        )

    async def _write(self, held: Mapping[int, HeldVariant], done: _Progress) -> None:
        await self._held_rows.save(held.values(), moment=self._moment())
        await self._ledger.explain(self._org, done.explained)
        await self._oversells.name(self._store_id, _some(done.named))
        await self._oversells.add_unnamed(self._store_id, _some(done.lost))
        await self._oversells.put(self._store_id, self._order.order_id, self._order.number, done.missing)
        if await self._entries.write(done.entries):
            await self._held_rows.bump_revision()

    def _moment(self) -> datetime:
        return self._order.modified_at or self._order.created_at


def _state(known: KnownLine | None, missing: int) -> LineState:
    return LineState() if known is None else LineState(wanted=known.wanted, taken=known.taken, missing=missing)


def _witness(variant_id: int, changes: Sequence[Unexplained], unnamed: Mapping[int, int], done: _Progress) -> Witness:
    return Witness(
        fallen=sum(left for _, left in _matching(variant_id, changes, done.explained, falls=True)),
        risen=sum(left for _, left in _matching(variant_id, changes, done.explained, falls=False)),
        unnamed=unnamed.get(variant_id, 0) - done.named.get(variant_id, 0),
    )


def _matching(
    variant_id: int, changes: Sequence[Unexplained], explained: Mapping[int, int], *, falls: bool
) -> list[tuple[int, int]]:
    return [
        (one.id, one.left - explained.get(one.id, 0))
        for one in changes
        if one.variant_id == variant_id and (one.delta < 0) == falls
    ]


def _add(sums: dict[int, int], more: Mapping[int, int]) -> None:
    for key, pieces in more.items():
        sums[key] = sums.get(key, 0) + pieces


def _some(pieces: Mapping[int, int]) -> dict[int, int]:
    return {key: value for key, value in pieces.items() if value}
