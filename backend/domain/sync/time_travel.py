"""The history of products and variants for people, and what they were at a time."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog.history_repository import ChangeHistory, HistoryRow
from backend.domain.sync.people_repository import People
from backend.domain.sync.plan import Difference, Fields, labelled
from backend.domain.sync.time_travel_repository import LedgerRow, TimeTravelRepository
from backend.domain.sync.time_travel_rules import Place, newest_first, state_at
from backend.kit.clock import utc_now
from backend.kit.errors import invalid, not_found
from backend.ports.actor import Actor

MOST_PAGE = 250
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Before it there were no stores; no database has to be asked."""
_MOST_ID = 2**63 - 1


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What changed in a product or variant at one moment, told to people."""

    at: datetime
    product_id: int
    variant_id: int | None
    """None: the product's own fields."""
    label: str
    """As it is called now."""
    changes: Difference
    """Field to `[old, new]`; `stock` of pieces."""
    origin: str
    """As `FieldChange.origin`; of pieces as `StockAdjustment.reason`."""
    store_id: uuid.UUID | None
    store: str
    """The store's name; "" without one."""
    run_id: uuid.UUID | None
    actor: str
    """Who did it: an e-mail, or `operator`; "" when nobody in person did."""
    reason: str
    """What they said of it; of pieces what caused it, such as an order."""


class HistoryPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a history, newest first."""

    entries: list[HistoryEntry]
    next_below: str | None
    """Give this as `below` for the next page; None on the last."""


class VariantThen(msgspec.Struct, frozen=True, kw_only=True):
    """A variant as it was; those that came later are left out."""

    variant_id: int
    label: str
    deleted: bool
    fields: Fields
    """All synced fields, and `stock`."""


class ProductThen(msgspec.Struct, frozen=True, kw_only=True):
    """A product as it was."""

    product_id: int
    at: datetime
    existed: bool
    """Whether the catalog knew it; when not, all else is empty."""
    deleted: bool = False
    """It had left the catalog."""
    fields: Fields = {}
    variants: tuple[VariantThen, ...] = ()


class TimeTravel:
    """Looks back in the acting organization's catalog, inside the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._changes = ChangeHistory(session)
        self._rows = TimeTravelRepository(session)
        self._people = People(session)

    async def of_product(
        self, actor: Actor, product_id: int, *, below: str | None = None, limit: int = 50
    ) -> HistoryPage:
        """Return one page of the history of a product and all its variants.

        Args:     below: of the page before. limit: 1..250.
        Raises:   not_found; invalid BELOW_INVALID.
        """
        if not await self._rows.knows(actor, _number(product_id)):
            raise not_found("Product")
        return await self._page(actor, product_id, None, below, limit)

    async def of_variant(
        self, actor: Actor, variant_id: int, *, below: str | None = None, limit: int = 50
    ) -> HistoryPage:
        """Return one page of the history of one variant; arguments and errors as of `of_product`."""
        product_id = await self._rows.product_of(actor, _number(variant_id))
        if product_id is None:
            raise not_found("Variant")
        return await self._page(actor, product_id, variant_id, below, limit)

    async def state(self, actor: Actor, product_id: int, at: datetime) -> ProductThen:
        """Return a product with all its variants as they were at a time.

        Raises:   not_found; invalid TIME_INVALID.
        """
        at = past(at)
        places = await self._rows.places(actor, [_number(product_id)], at)
        if not places:
            raise not_found("Product")
        since = await self._rows.since(actor, [product_id], at)
        for key, pair in (await self._rows.pieces_since(actor, product_id, at)).items():
            since[key] = {**since.get(key, {}), "stock": pair}
        return _then(places, since, at)

    async def _page(
        self, actor: Actor, product_id: int, variant_id: int | None, below: str | None, limit: int
    ) -> HistoryPage:
        most = max(1, min(limit, MOST_PAGE))
        change, piece = _read(below)
        changes = await self._changes.of_product(actor, product_id, variant_id=variant_id, below=change, limit=most + 1)
        pieces = await self._rows.ledger(actor, product_id, variant_id, below=piece, most=most + 1)
        found = newest_first(changes, pieces, most + 1)
        shown = found[:most]
        for row in shown:
            if isinstance(row, HistoryRow):
                change = row.id
            else:
                piece = row.id
        entries = await self._told(actor, shown)
        return HistoryPage(entries=entries, next_below=f"{change}-{piece}" if len(found) > most else None)

    async def _told(self, actor: Actor, rows: Iterable[HistoryRow | LedgerRow]) -> list[HistoryEntry]:
        rows = list(rows)
        stores = await self._rows.store_names(actor)
        names = await self._people.names(row.actor for row in rows)
        return [
            _of_pieces(row, stores, names) if isinstance(row, LedgerRow) else _of_fields(row, stores, names)
            for row in rows
        ]


def past(at: datetime) -> datetime:
    """Return a time that has been; raise invalid TIME_INVALID."""
    if at.tzinfo is None:
        raise invalid("TIME_INVALID", "at: a time with its zone, such as 2024-03-15T12:00:00Z", field="at")
    if not EARLIEST <= at <= utc_now():
        raise invalid("TIME_INVALID", "at: a time that has been", field="at")
    return at


def _number(key: int) -> int:
    return max(0, min(key, _MOST_ID))


def _read(below: str | None) -> tuple[int, int]:
    """Return below which change and which adjustment a page begins."""
    if below is None:
        return _MOST_ID, _MOST_ID
    change, dash, piece = below.partition("-")
    if not (dash and all(part.isascii() and part.isdigit() and len(part) < 20 for part in (change, piece))):
        raise invalid("BELOW_INVALID", "below: as the page before said", field="below")
    return _number(int(change)), _number(int(piece))


def _then(places: Iterable[Place], since: Mapping[tuple[int, int | None], Difference], at: datetime) -> ProductThen:
    product, *variants = places
    was = state_at(product, [since.get((product.product_id, None), {})], at)
    if was is None:
        return ProductThen(product_id=product.product_id, at=at, existed=False)
    then = [(place, state_at(place, [since.get((place.product_id, place.variant_id), {})], at)) for place in variants]
    return ProductThen(
        product_id=product.product_id,
        at=at,
        existed=True,
        deleted=was.deleted,
        fields=was.fields,
        variants=tuple(
            VariantThen(variant_id=place.variant_id or 0, label=place.label, deleted=one.deleted, fields=one.fields)
            for place, one in then
            if one is not None
        ),
    )


def _of_fields(row: HistoryRow, stores: Mapping[uuid.UUID, str], names: Mapping[str, str]) -> HistoryEntry:
    return HistoryEntry(
        at=row.at,
        product_id=row.product_id,
        variant_id=row.variant_id,
        label=labelled(row.title, row.variant, ""),
        changes=row.changes,
        origin=row.origin,
        store_id=row.store_id,
        store=stores.get(row.store_id, "") if row.store_id else "",
        run_id=row.run_id,
        actor=names[row.actor],
        reason=row.reason,
    )


def _of_pieces(row: LedgerRow, stores: Mapping[uuid.UUID, str], names: Mapping[str, str]) -> HistoryEntry:
    return HistoryEntry(
        at=row.at,
        product_id=row.product_id,
        variant_id=row.variant_id,
        label=labelled(row.title, row.variant_title, row.sku),
        changes={"stock": [(row.balance or 0) - row.delta, row.balance]},
        origin=row.reason,
        store_id=row.store_id,
        store=stores.get(row.store_id, "") if row.store_id else "",
        run_id=row.run_id,
        actor=names[row.actor],
        reason=row.reference,
    )
