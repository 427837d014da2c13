"""Booking what a store shows: the difference to what it showed last happened there (decision 0025)."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.stock.entries import Entry, EntryWriter
from backend.domain.stock.held import HeldListing, HeldVariant, may_be_due
from backend.domain.stock.held_repository import HeldRepository
from backend.domain.stock.ledger import due_stores
from backend.domain.stock.oversell_repository import OversellRepository
from backend.domain.stock.rules import ONE_PLACE, Seen, Sent, has_arrived, judge_shown, spread
from backend.domain.stock.shown_repository import ShownRepository, Told
from backend.kit.clock import utc_now


class StockShown:
    """Books what one store shows into the hub's numbers, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, organization_id: uuid.UUID, store_id: uuid.UUID) -> None:
        self._store_id = store_id
        self._held = HeldRepository(session, organization_id)
        self._shown = ShownRepository(session, organization_id, store_id)
        self._entries = EntryWriter(session, organization_id)
        self._oversells = OversellRepository(session, organization_id)

    async def book(self, run_id: uuid.UUID | None = None) -> frozenset[uuid.UUID]:
        """Book the staged variants of a merge that are known and have changed; return the stores that are due now.

        To be called before the listings' own rows are brought up to date, for it looks at how they were.
        """
        differing = await self._shown.differing()
        if not differing:
            return frozenset()
        held = await self._held.hold(differing)
        told = await self._shown.told(differing, run_id)
        await self._shown.forget([one.external_id for one in told if one.outdated])
        return await self._book(held, [one for one in told if not one.outdated], run_id)

    async def tell(
        self,
        pieces: Mapping[str, int | None],
        run_id: uuid.UUID | None = None,
        *,
        sent: Mapping[str, Sent] | None = None,
        made: Collection[int] = (),
    ) -> frozenset[uuid.UUID]:
        """Book what the store showed when it was asked for some listings; return the stores that are due now.

        To be called before listings are locked. Repeating it changes nothing.

        Args:     pieces: external id to pieces in all places together; None: not counted. sent: numbers of ours that
                  may have reached the store, by external id. made: variants that we put up for sale there just now.
        """
        variants = await self._shown.variants(pieces)
        held = await self._held.hold({*variants.values(), *made})
        # What a pull has met here meanwhile came in with it.
        new_here = {one: held[one] for one in made if one in held and held[one].listing(self._store_id) is None}
        for variant in new_here.values():
            variant.come_into(self._store_id)
        told = [
            Told(
                variant_id=variant_id,
                external_id=external_id,
                pieces=pieces[external_id],
                sent=(sent or {}).get(external_id),
            )
            for external_id, variant_id in sorted(variants.items())
        ]
        shown = {one: held[one] for one in variants.values() if one in held}
        due = await self._book({**new_here, **shown}, told, run_id)
        return due | due_stores(new_here.values())

    async def _book(
        self, held: Mapping[int, HeldVariant], told: Iterable[Told], run_id: uuid.UUID | None
    ) -> frozenset[uuid.UUID]:
        entries, missing, levelled = [], {}, set[uuid.UUID]()
        for one in told:
            variant = held.get(one.variant_id)
            own = variant.listing(self._store_id, one.external_id) if variant else None
            if variant is None or own is None:
                continue
            before, due = variant.hub, due_stores([variant])
            missed = show(variant, own, one)
            levelled |= due_stores([variant]) - due - {self._store_id}
            if missed:
                missing[variant.variant_id] = missed
            entries.append(self._entry(variant, before, one, run_id))
        await self._held.save(held.values())
        await self._oversells.add_unnamed(self._store_id, missing)
        made = await self._entries.write(entries)
        return due_stores(entry.variant for entry in made) | due_stores(held[one] for one in missing) | levelled

    def _entry(self, variant: HeldVariant, before: int | None, told: Told, run_id: uuid.UUID | None) -> Entry:
        return Entry(
            variant=variant,
            before=before,
            after=variant.hub,
            reason="store",
            store_id=self._store_id,
            run_id=run_id,
            observed_at=_observed_at(told),
        )


def _observed_at(told: Told) -> datetime:
    # The store's clock may be ahead of ours.
    now = utc_now()
    return now if told.modified_at is None else max(now, told.modified_at)


def show(variant: HeldVariant, own: HeldListing, told: Told) -> int:
    """Take over what a store shows of a variant; return how many pieces are missing. Pure."""
    if told.given is not None:
        # What is missing of it was sold there since; orders of a product that nobody knew yet explain nothing.
        own.shows = told.given
        own.due = may_be_due(own, variant.hub)
    sent, last, now = told.sent, own.shows, told.pieces
    if sent is not None and last is not None and now is not None and has_arrived(sent, last, now):
        own.shows, own.moved = last + sent.by, True
        own.due = own.due or may_be_due(own, variant.hub)
    home = variant.at_home(own.store_id)
    if home and told.flags is not None:
        variant.in_stock, variant.backorder = told.flags
    seen = Seen(
        hub=variant.hub,
        last=own.shows,
        home=home,
        alone=variant.alone_in(own.store_id),
        owner=own.owner,
        backorder=variant.backorder,
        returned=told.returned,
    )
    judged = judge_shown(seen, told.pieces)
    variant.show(own, judged, told.pieces)
    if told.flags is None and seen.last != told.pieces:
        own.moved = True
    if home and told.flags is not None and judged.hub is not None and told.pieces is not None:
        places = told.levels if told.levels is not None else {ONE_PLACE: told.pieces}
        variant.levels = spread(places, judged.hub - told.pieces)
    return judged.missing
