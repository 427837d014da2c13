"""What stores say became of writes: beside which listings nothing is due any more, which failed, and what they show."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog.fields import AMOUNTS, COPIED, GROUP_OF, PRODUCT_FIELDS, VARIANT_FIELDS, spelled
from backend.domain.events.service import EventRecorder
from backend.domain.events.types import ListingError
from backend.domain.stock.rules import Sent
from backend.domain.stock.shown import StockShown
from backend.domain.stores.settings import STORE, Ownership, settings_of
from backend.domain.sync.advice import advice_for
from backend.domain.sync.creation_repository import GIVEN, CreationRepository
from backend.domain.sync.due_repository import DueRepository, Settled
from backend.domain.sync.listing_requests_repository import ListingRequestRepository
from backend.domain.sync.plan import CREATE, DELETE, PRODUCT, STOCK, VARIANT, Item, after_write, shows
from backend.domain.sync.push_repository import Finished, PushRepository
from backend.domain.sync.push_step import UNDO, items_of, sent_by
from backend.domain.sync.repository import SyncRepository
from backend.models.stores import Store
from backend.models.sync import SyncChange, SyncRun
from backend.ports.store_platform import PlatformProduct, PlatformVariant
from backend.ports.store_writes import (
    FAILED,
    REFUSED,
    STALE,
    UNCHANGED,
    CreatedProduct,
    ProductCreation,
    StockWrite,
    StoreWrite,
    WriteResult,
)

ADOPTED = "adopted"
"""Code of a creation that found the product in the store already."""
_BAD = (REFUSED, FAILED)


class PushResults:
    """Notes results of one run inside the caller's transaction. Noting one twice changes nothing."""

    def __init__(self, session: AsyncSession, run: SyncRun, store: Store) -> None:
        self._session = session
        self._run = run
        self._store = store
        self._due = DueRepository(session, store.organization_id, store.id, store.currency or "")

    async def note(
        self, writes: Mapping[str, StoreWrite], results: Sequence[WriteResult], *, repeated: bool = False
    ) -> frozenset[uuid.UUID]:
        """Note what became of writes, by their keys; return stores whose pieces are due because of it.

        Args:     repeated: the writes may have been sent before.
        """
        rows = PushRepository(self._session)
        changes = {str(row.write_key): row for row in await rows.by_keys(self._run, [one.key for one in results])}
        told = [
            (change, _seen(one, writes[one.key], change, repeated=repeated))
            for one in results
            if (change := changes.get(one.key)) is not None
        ]
        moved = await self._book_pieces(told, repeated=repeated)
        items = await items_of(self._session, self._store, [change for change, _ in told], lock=True)
        later = await self._settle(told, items, writes)
        due = moved | later | await self._note_products(told, writes)
        await rows.finish(self._run, [_finished(change, result) for change, result in told])
        await self._tell_errors(told)
        return due

    async def unclear(self, writes: Mapping[str, StoreWrite], results: Sequence[WriteResult]) -> frozenset[str]:
        """Return the keys of repeated writes of pieces of which it is clearer in a moment whether they had arrived."""
        keys = [one.key for one in results if isinstance(writes[one.key], StockWrite) and one.outcome == UNCHANGED]
        changes = await PushRepository(self._session).by_keys(self._run, keys) if keys else []
        items = await items_of(self._session, self._store, changes)
        last = {
            str(change.write_key): shows(item, STOCK)
            for change in changes
            if (item := items.get((False, change.external_id))) is not None
        }
        return frozenset(
            one.key
            for one in results
            if isinstance(write := writes[one.key], StockWrite) and is_unclear(one, write, last.get(one.key))
        )

    async def _settle(
        self,
        told: Sequence[tuple[SyncChange, WriteResult]],
        items: Mapping[tuple[bool, str], Item],
        writes: Mapping[str, StoreWrite],
    ) -> frozenset[uuid.UUID]:
        """Note what stands beside listings now; return stores whose pieces have changed while they were written."""
        settled: dict[str, dict[str, Settled]] = {PRODUCT: {}, VARIANT: {}}
        known = dict(items)
        for change, result in told:
            place = (change.entity == PRODUCT, change.external_id)
            item = known.get(place)
            if item is None or result.outcome == STALE or change.action == CREATE:
                continue
            after = self._after(change, result, item, writes[result.key])
            settled[PRODUCT if place[0] else VARIANT][change.external_id] = after
            # Pieces and fields of one variant are two changes: the second builds on the first.
            known[place] = msgspec.structs.replace(item, shown=after.shown or {}, due=tuple(after.due or ()))
        for entity, rows in settled.items():
            await self._due.settle(entity, list(rows.values()))
        again = any(STOCK in (one.due or ()) and one.code is None for one in settled[VARIANT].values())
        return frozenset({self._store.id}) if again else frozenset()

    def _after(self, change: SyncChange, result: WriteResult, item: Item, write: StoreWrite) -> Settled:
        if result.outcome in _BAD:
            shown, due = dict(item.shown) or None, sorted(item.due) or None
            code, message = result.code or result.outcome, result.message
            return Settled(external_id=item.external_id, shown=shown, due=due, code=code, message=message)
        sent = _sent(change, write)
        echo = {name: spelled(name, value) for name, value in result.shown.items() if name in sent}
        if result.pieces is not None:
            echo[STOCK] = result.pieces
        if isinstance(write, StockWrite):
            # Orders that were heard of since the number was taken came after it.
            since = (shows(item, STOCK) or 0) - write.believed
            sent[STOCK] += since
            echo = {name: value + since for name, value in echo.items()}
        keep = self._run.kind == UNDO or change.action == DELETE
        shown, due = after_write(item, sent, echo, keep=keep)
        return Settled(external_id=item.external_id, shown=shown, due=due)

    async def _note_products(
        self, told: Sequence[tuple[SyncChange, WriteResult]], writes: Mapping[str, StoreWrite]
    ) -> frozenset[uuid.UUID]:
        """Link what was created, and note what was asked for as done or refused; return stores whose pieces are due."""
        due: set[uuid.UUID] = set()
        requests = ListingRequestRepository(self._session, self._store.organization_id, self._store.id)
        creations = CreationRepository(self._session, self._store.organization_id, self._store.id)
        for change, result in told:
            if change.action not in (CREATE, DELETE):
                continue
            change.fields = {name: pair for name, pair in change.fields.items() if name != GIVEN}
            if result.outcome in _BAD:
                await requests.fail(change.product_id, result.code or result.outcome, result.message)
                continue
            if result.created is not None:
                known = await creations.known(result.created)
                await creations.link(change.product_id, result.created)
                if await self._note_given(result.created, writes[result.key], known):
                    due.add(self._store.id)
            if change.action == DELETE and self._run.kind == UNDO and not change.fields:
                await creations.unlink(change.product_id)
            await requests.done(change.product_id)
        return frozenset(due)

    async def _note_given(self, created: CreatedProduct, write: StoreWrite, known: frozenset[str]) -> bool:
        """Note what of a new product has changed in the catalog since it was given; tell whether its pieces have.

        Args:     known: external ids of variants that a pull has met since they were made.
        """
        if not isinstance(write, ProductCreation):
            return False
        ids = {one.own_id: one.external_id for one in created.variants}
        given = {
            PRODUCT: {created.external_product_id: given_values(write.product, PRODUCT_FIELDS)},
            VARIANT: {
                ids[one.external_id]: given_values(one, (*VARIANT_FIELDS, STOCK))
                for one in write.product.variants
                if one.external_id in ids
            },
        }
        owners = settings_of(self._store.settings).owners
        settled: list[Settled] = []
        for entity, values in given.items():
            items = await self._due.named(entity, sorted(values), lock=True)
            met = known if entity == VARIANT else frozenset(values if known else ())
            settled = [
                (after_meeting if name in met else after_creation)(item, values[name], owners)
                for name, item in items.items()
            ]
            await self._due.settle(entity, [one for one in settled if one.shown or items[one.external_id].shown])
        return any(STOCK in (one.due or ()) for one in settled)

    async def _book_pieces(
        self, told: Sequence[tuple[SyncChange, WriteResult]], *, repeated: bool
    ) -> frozenset[uuid.UUID]:
        """Book what the store shows beside what we believed: pieces were sold or counted there meanwhile.

        Other stores that sold below zero while they sold alone what was made here are levelled.

        Args:     repeated: the writes may have arrived before, and what was believed be of before they did.
        """
        found = [(change, result) for change, result in told if change.entity == STOCK and result.outcome == STALE]
        keeps_its_own = settings_of(self._store.settings).owners.stock == STORE
        created = [] if keeps_its_own else [result.created for _, result in told if result.created is not None]
        made = {int(variant.own_id) for one in created for variant in one.variants}
        if not found and not made:
            return frozenset()
        shown = StockShown(self._session, self._store.organization_id, self._store.id)
        sent = {
            change.external_id: Sent(by=sent_by(change), arrived=result.arrived)
            for change, result in found
            if repeated or result.arrived is not None
        }
        return await shown.tell(
            {change.external_id: result.pieces for change, result in found}, self._run.id, sent=sent, made=made
        )

    async def _tell_errors(self, told: Sequence[tuple[SyncChange, WriteResult]]) -> None:
        events = EventRecorder(self._session)
        issues: list[dict[str, Any]] = []
        for change, result in told:
            if result.outcome not in _BAD:
                continue
            code = result.code or result.outcome
            event = ListingError(
                store_id=str(self._store.id),
                product_id=str(change.product_id),
                variant_id=None if change.variant_id is None else str(change.variant_id),
                external_id=change.external_id,
                code=code,
                message=result.message,
                advice=advice_for(code),
            )
            await events.record(self._store.organization_id, event)
            issues.append({"code": code, "message": result.message, "external_id": change.external_id})
        await SyncRepository(self._session).add_issues(self._run, issues[:500])


def _seen(result: WriteResult, write: StoreWrite, change: SyncChange, *, repeated: bool) -> WriteResult:
    # A store that shows the target before it was sent sold or counted pieces by itself: the target knows nothing of
    # those, and taking it for done would lose them.
    if not isinstance(write, StockWrite) or result.outcome != UNCHANGED or result.pieces is None:
        return result
    expected = write.believed
    if result.arrived or (repeated and result.arrived is None and result.pieces != expected):
        expected += sent_by(change)
    return result if result.pieces == expected else msgspec.structs.replace(result, outcome=STALE)


def after_meeting(item: Item, given: Mapping[str, Any], owners: Ownership) -> Settled:
    """Return what stands beside a new listing that was read before its creation was noted.

    What the store shows is known better than from what it was given; what it still shows of that is due. What it shows
    otherwise was changed there since: it is judged when it is read again, from what the store was given. Pieces were
    judged so when they were read.
    """
    ours = {name for name in item.shown if name != STOCK and getattr(owners, GROUP_OF[name]) != STORE}
    if item.foreign_money:
        ours -= AMOUNTS
    shown = dict(item.shown)
    for name in (ours & given.keys()) - COPIED:
        if shown[name] != given[name]:
            shown[name] = given[name]
            if given[name] == item.held.get(name):
                del shown[name]
    stale = {name for name, value in shown.items() if given.get(name) == value}
    return Settled(external_id=item.external_id, shown=shown or None, due=sorted({*item.due, *(stale & ours)}) or None)


def is_unclear(result: WriteResult, write: StockWrite, last: int | None) -> bool:
    """Tell whether a repeated write of pieces may have arrived or not, by all that is known so far.

    Orders that explain what the store shows come a moment later than what they lead to; and of one that was heard of
    since the write was made ready nobody knows whether the store was read before or after it.

    Args:     last: what the store shows without the write, by now.
    """
    if result.arrived is not None or result.pieces is None:
        return False
    if result.outcome == UNCHANGED:
        return last is not None and last != write.believed
    return result.outcome == STALE and result.pieces not in (write.believed, write.target)


def given_values(given: PlatformProduct | PlatformVariant, fields: Iterable[str]) -> dict[str, Any]:
    """Return the synced fields of something that a store was given, spelled as in the history."""
    return {name: spelled(name, getattr(given, name)) for name in fields}


def after_creation(item: Item, given: Mapping[str, Any], owners: Ownership) -> Settled:
    """Return what stands beside a new listing: what has changed in the catalog since the store was given it."""
    compared = given.keys() - AMOUNTS if item.foreign_money else given.keys()
    changed = {name: given[name] for name in sorted(compared) if given[name] != item.held.get(name)}
    shown, _ = after_write(item, changed, {})
    due = [name for name in changed if getattr(owners, GROUP_OF[name]) != STORE]
    return Settled(external_id=item.external_id, shown=shown, due=due or None)


def _sent(change: SyncChange, write: StoreWrite) -> dict[str, Any]:
    fields: Mapping[str, Any] = getattr(write, "fields", {})
    if change.entity == STOCK:
        return {"stock": getattr(write, "target", None)}
    if change.action == DELETE:
        return {name: new for name, (_, new) in change.fields.items()}
    return {name: spelled(name, value) for name, value in fields.items()}


def _finished(change: SyncChange, result: WriteResult) -> Finished:
    if result.outcome in _BAD:
        return Finished(change.id, "failed", result.code or result.outcome, result.message)
    if result.outcome == STALE:
        message = f"The store shows {result.pieces} pieces: the difference was booked, and the number is written anew"
        return Finished(change.id, "skipped", STALE, message)
    adopted = result.created is not None and result.created.adopted
    return Finished(change.id, "applied", ADOPTED if adopted else result.code or result.outcome, result.message)
