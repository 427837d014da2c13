"""Holding variants for a transaction and writing what changed: a handful of statements, however many there are.

Whoever changes pieces locks their places first, in one order, and then the listings, in one order: two transactions
that want the same variants wait for each other in no circle.
"""

import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.stock.held import HeldListing, HeldVariant

_LOCK_LEVELS = text("""
SELECT array_agg(DISTINCT variant_id) FROM (
    SELECT variant_id FROM stock_levels
    WHERE organization_id = :org AND variant_id = ANY(cast(:ids AS bigint[]))
    ORDER BY variant_id, location FOR UPDATE) locked
""")
_LOCK_LISTINGS = text("""
SELECT count(*) FROM (
    SELECT 1 FROM listings WHERE organization_id = :org AND variant_id = ANY(cast(:ids AS bigint[]))
    ORDER BY store_id, external_id FOR UPDATE) locked
""")

# The organization is not told to the planner: of one that came after statistics were taken it knows nothing, and would
# go through all its links for each variant.
_VARIANTS = text("""
SELECT v.id, v.product_id, v.sku, home.store_id AS home, k.location, k.on_hand, k.in_stock, k.backorder
FROM variants v
LEFT JOIN LATERAL (
    SELECT p.store_id FROM product_links p
    WHERE p.organization_id = v.organization_id AND p.product_id = v.product_id AND p.gone_at IS NULL
    ORDER BY p.created_at, p.store_id LIMIT 1
) home ON true
LEFT JOIN stock_levels k ON k.organization_id = v.organization_id AND k.variant_id = v.id
WHERE v.organization_id = (SELECT cast(:org AS uuid)) AND v.id = ANY(cast(:ids AS bigint[]))
ORDER BY v.id, k.location
""")
_LISTINGS = text("""
SELECT l.variant_id, l.store_id, l.external_id, l.gone_at IS NULL AS live, coalesce('stock' = ANY(l.due), false) AS due,
       coalesce(l.shown ? 'stock', false) AS beside, cast(l.shown ->> 'stock' AS int) AS shows,
       coalesce(s.settings #>> '{owners,stock}', 'newest') AS owner
FROM listings l LEFT JOIN stores s ON s.id = l.store_id
WHERE l.organization_id = :org AND l.variant_id = ANY(cast(:ids AS bigint[]))
ORDER BY l.store_id, l.external_id
""")

_WRITE_LEVELS = text("""
INSERT INTO stock_levels (organization_id, variant_id, location, on_hand, in_stock, backorder)
SELECT cast(:org AS uuid), told.* FROM unnest(cast(:variants AS bigint[]), cast(:places AS text[]),
    cast(:pieces AS int[]), cast(:in_stock AS boolean[]), cast(:backorder AS boolean[])) AS told
ON CONFLICT (organization_id, variant_id, location) DO UPDATE
SET on_hand = excluded.on_hand, in_stock = excluded.in_stock, backorder = excluded.backorder, updated_at = now()
""")
_DROP_LEVELS = text("""
DELETE FROM stock_levels k
USING unnest(cast(:variants AS bigint[]), cast(:places AS text[])) AS told(variant_id, location)
WHERE k.organization_id = :org AND k.variant_id = told.variant_id AND k.location = told.location
""")
# A row that its store did not take waits for a further change: here it is. `updated_at` tells a merge that what the
# store shows is not what it showed when the run began; being due is no such thing.
_WRITE_LISTINGS = text("""
UPDATE listings l
SET shown = nullif(CASE WHEN told.beside THEN coalesce(l.shown, '{}') || jsonb_build_object('stock', told.shows)
                        ELSE l.shown - 'stock' END, '{}'),
    due = nullif(array_remove(l.due, 'stock') || CASE WHEN told.due THEN ARRAY['stock'] ELSE '{}' END, '{}'),
    state = CASE WHEN told.due AND l.state = 'error' THEN 'pending' ELSE l.state END,
    error_code = CASE WHEN told.due AND l.state = 'error' THEN NULL ELSE l.error_code END,
    error_message = CASE WHEN told.due AND l.state = 'error' THEN NULL ELSE l.error_message END,
    failed_at = CASE WHEN told.due AND l.state = 'error' THEN NULL ELSE l.failed_at END,
    seen_hash = CASE WHEN told.moved THEN '' ELSE l.seen_hash END,
    seen_modified_at = CASE WHEN told.moved THEN greatest(l.seen_modified_at, cast(:moment AS timestamptz))
                            ELSE l.seen_modified_at END,
    updated_at = CASE WHEN told.moved THEN now() ELSE l.updated_at END
FROM unnest(cast(:stores AS uuid[]), cast(:ids AS text[]), cast(:beside AS boolean[]), cast(:shows AS int[]),
            cast(:due AS boolean[]), cast(:moved AS boolean[]))
     AS told(store_id, external_id, beside, shows, due, moved)
WHERE l.organization_id = :org AND l.store_id = told.store_id AND l.external_id = told.external_id
""")
_BUMP_REVISION = text("UPDATE organizations SET catalog_revision = catalog_revision + 1 WHERE id = :org")


class _Before(msgspec.Struct, frozen=True, kw_only=True):
    """A variant as it lies in the database."""

    levels: Mapping[str, int | None]
    flags: tuple[bool, bool]
    listings: Mapping[tuple[uuid.UUID, str], tuple[bool, int | None, bool]]


class HeldRepository:
    """Locks, reads and writes the pieces of one organization's variants."""

    def __init__(self, session: AsyncSession, organization_id: uuid.UUID) -> None:
        self._session = session
        self._org = organization_id
        self._before: dict[int, _Before] = {}

    async def hold(self, variant_ids: Collection[int]) -> dict[int, HeldVariant]:
        """Lock variants' pieces to the end of the transaction and return them by id; unknown ids are left out."""
        ids = sorted(set(variant_ids))
        if not ids:
            return {}
        await self._lock_levels(ids)
        await self._run(_LOCK_LISTINGS, ids=ids)
        held = _variants(await self._run(_VARIANTS, ids=ids))
        beside = _add_listings(held, await self._run(_LISTINGS, ids=ids))
        self._before.update({one.variant_id: _before(one, beside) for one in held.values()})
        return held

    async def _lock_levels(self, ids: list[int]) -> None:
        # Who waited for a place that was taken away holds nothing of the variant yet.
        for _ in range(3):
            locked = (await self._run(_LOCK_LEVELS, ids=ids)).scalar_one() or ()
            ids = sorted(set(ids) - set(locked))
            if not ids:
                return

    async def save(self, held: Iterable[HeldVariant], *, moment: datetime | None = None) -> None:
        """Write what is not as it was when it was held.

        Args:     moment: by the store's clock, when its own number moved without having been seen to.
        """
        levels: list[tuple[Any, ...]] = []
        dropped: list[tuple[int, str]] = []
        listings: list[tuple[Any, ...]] = []
        for one in held:
            before = self._before[one.variant_id]
            flags = (one.in_stock, one.backorder)
            levels += [
                (one.variant_id, place, pieces, *flags)
                for place, pieces in one.levels.items()
                if flags != before.flags or place not in before.levels or before.levels[place] != pieces
            ]
            dropped += [(one.variant_id, place) for place in before.levels if place not in one.levels]
            listings += _changed_listings(one, before)
        await self._write(_WRITE_LEVELS, ("variants", "places", "pieces", "in_stock", "backorder"), levels)
        await self._write(_DROP_LEVELS, ("variants", "places"), dropped)
        names = ("stores", "ids", "beside", "shows", "due", "moved")
        await self._write(_WRITE_LISTINGS, names, sorted(listings), moment=moment)

    async def bump_revision(self) -> None:
        """Tell feeds that what they say of stock is not so any more; the last thing a transaction does."""
        await self._session.execute(_BUMP_REVISION, {"org": self._org})

    async def _write(self, statement: Any, names: tuple[str, ...], rows: list[Any], **values: Any) -> None:
        if rows:
            columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
            await self._run(statement, **columns, **values)

    async def _run(self, statement: Any, **values: Any) -> Any:
        return await self._session.execute(statement, {"org": self._org, **values})


def _variants(rows: Iterable[Any]) -> dict[int, HeldVariant]:
    held: dict[int, HeldVariant] = {}
    for row in rows:
        one = held.get(row.id)
        if one is None:
            one = held[row.id] = HeldVariant(
                variant_id=row.id, product_id=row.product_id, sku=row.sku, home=row.home, in_stock=False
            )
        if row.location is not None:
            one.levels[row.location] = row.on_hand
            one.in_stock = one.in_stock or row.in_stock
            one.backorder = one.backorder or row.backorder
    return held


def _add_listings(held: Mapping[int, HeldVariant], rows: Iterable[Any]) -> set[tuple[uuid.UUID, str]]:
    """Add listings to their variants; return the keys of those that show something beside the hub's number."""
    beside = set()
    for row in rows:
        one = held.get(row.variant_id)
        if one is None:
            continue
        shows = row.shows if row.beside else one.hub
        one.listings.append(
            HeldListing(
                store_id=row.store_id,
                external_id=row.external_id,
                shows=shows,
                due=row.due,
                owner=row.owner,
                live=row.live,
            )
        )
        if row.beside:
            beside.add((row.store_id, row.external_id))
    return beside


def _before(one: HeldVariant, beside: Collection[tuple[uuid.UUID, str]]) -> _Before:
    listings = {
        (listing.store_id, listing.external_id): (
            (listing.store_id, listing.external_id) in beside,
            listing.shows,
            listing.due,
        )
        for listing in one.listings
    }
    return _Before(levels=dict(one.levels), flags=(one.in_stock, one.backorder), listings=listings)


def _changed_listings(one: HeldVariant, before: _Before) -> Iterable[tuple[Any, ...]]:
    hub = one.hub
    for listing in one.listings:
        key = (listing.store_id, listing.external_id)
        beside = listing.shows != hub
        was_beside, showed, was_due = before.listings[key]
        same = was_beside == beside and was_due == listing.due and (not beside or showed == listing.shows)
        if listing.live and (listing.moved or not same):
            yield (*key, beside, listing.shows, listing.due, listing.moved)
