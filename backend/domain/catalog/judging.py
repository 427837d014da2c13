"""Judging the rows of a merge that the catalog does not take whole, field by field (decision 0024)."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog.conflict_repository import Conflict, ConflictRepository, Settlement
from backend.domain.catalog.fields import AMOUNTS, COPIED, PRODUCT_FIELDS, VARIANT_FIELDS
from backend.domain.catalog.judging_repository import Beside, Context, JudgingRepository
from backend.domain.catalog.staged_values import kept_product, kept_variant, product_values, variant_values
from backend.domain.catalog.staging import Parented, Products, StagedProduct, StagedVariant, Variants
from backend.domain.catalog.three_way import Sides, Verdict, after, asks_history, judge, with_sale
from backend.domain.stores.settings import HUB, NEWEST, STORE

Row = TypeVar("Row", StagedProduct, StagedVariant)


class Judged(msgspec.Struct, Generic[Row], kw_only=True):
    """What a merge does instead with rows that were judged."""

    rows: dict[str, Row] = {}
    """Staged rows with the catalog's value where it takes nothing."""
    kept: set[str] = set()
    """Rows of which the catalog takes nothing at all."""
    parents: dict[str, Parented] = {}
    """Variants that stay with the product the catalog has them in."""
    beside: list[Beside] = []
    conflicts: list[Conflict] = []
    settlements: list[Settlement] = []

    @property
    def due(self) -> bool:
        """Tell whether something is to be written to the store."""
        return any(one.due for one in self.beside)


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One contested row: what is known of both sides."""

    found: Any
    """Its row of `judging_sql`."""
    variant_id: int | None
    now: Mapping[str, Any]
    store_at: datetime | None
    foreign: bool = False
    """Its amounts are in another currency than the store's."""


class Judging:
    """Judges rows of one store inside the caller's transaction, while nobody else changes the catalog."""

    def __init__(
        self, session: AsyncSession, organization_id: uuid.UUID, store_id: uuid.UUID, currency: str, context: Context
    ) -> None:
        self._rows = JudgingRepository(session, organization_id, store_id)
        self._currency = currency
        self._context = context
        self._conflicts = ConflictRepository(session, organization_id, store_id)

    async def products(self, shown: Products, changed: Iterable[str]) -> Judged[StagedProduct]:
        """Judge changed products."""
        asked = [
            _Asked(found=row, variant_id=None, now=product_values(staged, row.held), store_at=staged.modified_at)
            for row in await self._rows.contested_products(self._context, changed)
            for staged in (shown[row.external_id],)
        ]

        def kept(one: _Asked, verdicts: Mapping[str, Verdict]) -> StagedProduct:
            return kept_product(shown[one.found.external_id], one.found, verdicts)

        return await self._judged(asked, PRODUCT_FIELDS, kept)

    async def variants(self, shown: Variants, changed: Iterable[str]) -> Judged[StagedVariant]:
        """Judge changed variants."""
        asked = [
            _Asked(
                found=row,
                variant_id=row.variant_id,
                now=variant_values(staged),
                store_at=staged.modified_at,
                foreign=row.currency != self._currency and (not row.home or self._context.owners.price == HUB),
            )
            for row in await self._rows.contested_variants(self._context, changed)
            for staged in (shown[row.external_id],)
        ]

        def kept(one: _Asked, verdicts: Mapping[str, Verdict]) -> StagedVariant:
            return kept_variant(shown[one.found.external_id], one.found, verdicts, foreign=one.foreign)

        judged = await self._judged(asked, VARIANT_FIELDS, kept)
        judged.parents = {
            one.found.external_id: (one.found.variant_id, one.found.product_id) for one in asked if not one.found.home
        }
        return judged

    async def keep(self, judged: Judged[Any], *, products: bool) -> None:
        """Write what stands beside listings, and the conflicts."""
        await self._rows.keep(judged.beside, products=products)
        await self._conflicts.write(judged.conflicts, judged.settlements)

    async def _judged(
        self,
        asked: Sequence[_Asked],
        fields: Mapping[str, str],
        kept: Callable[[_Asked, Mapping[str, Verdict]], Row],
    ) -> Judged[Row]:
        judged: Judged[Row] = Judged()
        if not asked:
            return judged
        opened = await self._conflicts.open_fields(one.found.external_id for one in asked)
        sides = [self._sides(one, fields, opened) for one in asked]
        await self._add_history(asked, sides)
        for one, of_one in zip(asked, sides, strict=True):
            verdicts = {name: judge(each) for name, each in of_one.items()}
            if one.variant_id is not None:
                verdicts = with_sale(of_one, verdicts)
            name = one.found.external_id
            judged.rows[name] = kept(one, verdicts)
            takes = any(each.takes or each is Verdict.ENDED for each in verdicts.values())
            if not (takes or one.found.home or one.found.tombstone):
                judged.kept.add(name)
            beside = _beside(name, of_one, verdicts)
            if (beside.shown, beside.due) != _stood(one, fields):
                judged.beside.append(beside)
            for field, verdict in verdicts.items():
                _note_conflict(judged, one, field, of_one[field], verdict)
        return judged

    def _sides(self, one: _Asked, fields: Mapping[str, str], opened: set[tuple[str, str]]) -> dict[str, Sides]:
        row, shown, due = one.found, one.found.shown or {}, one.found.due or ()
        sides = {}
        for name, group in fields.items():
            foreign = one.foreign and name in AMOUNTS
            held, now = row.held[name], one.now[name]
            # What it showed before it was gone means nothing any more; a tombstone has no other side.
            last = now if row.was_gone and not row.tombstone else held if row.tombstone else shown.get(name, held)
            sides[name] = Sides(
                held=held,
                last=last,
                now=now,
                due=name in due and not row.was_gone,
                owner=STORE if foreign else getattr(self._context.owners, group),
                home=row.home and not foreign,
                copied=name in COPIED,
                beside=name in shown and not row.was_gone,
                open=(row.external_id, name) in opened,
                store_at=one.store_at,
                touched_at=row.touched_at,
            )
        return sides

    async def _add_history(self, asked: Sequence[_Asked], sides: Sequence[dict[str, Sides]]) -> None:
        wanted = [
            (one.found.product_id, one.variant_id, name)
            for one, of_one in zip(asked, sides, strict=True)
            for name, each in of_one.items()
            if asks_history(each)
        ]
        if not wanted:
            return
        known = await self._rows.hub_changes(wanted)
        for one, of_one in zip(asked, sides, strict=True):
            for name, each in of_one.items():
                hub = known.get((one.found.product_id, one.variant_id, name), ())
                of_one[name] = msgspec.structs.replace(each, hub=tuple(hub))


def _beside(name: str, sides: Mapping[str, Sides], verdicts: Mapping[str, Verdict]) -> Beside:
    then = {field: after(sides[field], verdict) for field, verdict in verdicts.items()}
    return Beside(
        external_id=name,
        shown={field: each.shown for field, each in then.items() if each.differs},
        due=[field for field, each in then.items() if each.due],
    )


def _stood(one: _Asked, fields: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Return what stands beside a listing now, of these fields."""
    shown, due = one.found.shown or {}, one.found.due or ()
    return {name: shown[name] for name in fields if name in shown}, [name for name in fields if name in due]


def _note_conflict(judged: Judged[Any], one: _Asked, field: str, sides: Sides, verdict: Verdict) -> None:
    if verdict.conflict:
        chosen = {Verdict.HUB_NEWER: "hub", Verdict.STORE_NEWER: "store"}.get(verdict)
        latest = sides.hub[0] if sides.hub else None
        conflict = Conflict(
            product_id=one.found.product_id,
            variant_id=one.variant_id,
            external_id=one.found.external_id,
            field=field,
            hub_value={"value": sides.held},
            hub_at=latest.at if latest else None,
            hub_actor=latest.actor if latest else "",
            store_value={"value": sides.now},
            store_at=sides.store_at,
            chosen=chosen,
        )
        judged.conflicts.append(conflict)
    elif sides.open:
        agreed = verdict is Verdict.AGREE
        settlement = Settlement(
            external_id=one.found.external_id,
            field=field,
            chosen="hub" if agreed or verdict in (Verdict.DUE, Verdict.ENDED) else "store",
            settled_by="agreed" if agreed else NEWEST if verdict is Verdict.ENDED else "owner",
        )
        judged.settlements.append(settlement)
