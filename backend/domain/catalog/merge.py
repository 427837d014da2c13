"""Merge what a store shows into the catalog as sets: new rows in, changed rows judged, unchanged rows left alone."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog import merge_sql as sql
from backend.domain.catalog.changes import take_turn
from backend.domain.catalog.judging_repository import JudgingRepository
from backend.domain.catalog.known_rows import KnownRows, MergeCheck, MergeCounts, Updated
from backend.domain.catalog.linking import Linked, LinkedVariants, Linking
from backend.domain.catalog.new_rows import NewRows, ensure_names, numbers
from backend.domain.catalog.product_events import tell_created
from backend.domain.catalog.staging import Parented, Products, ShownRows, Variants, hashes, shown_rows
from backend.ports.store_platform import PlatformProduct, PlatformVariant


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """What one merge did, in rows."""

    products_added: int = 0
    products_updated: int = 0
    """Changed themselves, or by a change of one of their variants."""
    products_unchanged: int = 0
    variants_added: int = 0
    variants_updated: int = 0
    variants_unchanged: int = 0
    over_limit: int = 0
    """New products that the plan has no room for."""
    orphans: tuple[str, ...] = ()
    """External ids of variants whose product is not in the catalog (at most 20 are named)."""
    zeroed: int = 0
    """Listings whose pieces went from some to none."""
    moved: int = 0
    """Listings whose price moved by more than `price_move`."""
    due_stores: frozenset[uuid.UUID] = frozenset()
    """Stores in which fields are due now, maybe this one."""
    stock_due_stores: frozenset[uuid.UUID] = frozenset()
    """Stores in which pieces are due now."""

    @property
    def changed(self) -> bool:
        """Tell whether the catalog is different now."""
        return bool(self.products_added or self.products_updated or self.variants_added or self.variants_updated)


class _ProductsDone(msgspec.Struct, kw_only=True):
    """What became of the products of a merge."""

    new: Mapping[str, int] = {}
    """External id to product id, as for `changed`."""
    changed: Mapping[str, int] = {}
    linked: Linked = Linked()
    updated: Updated = Updated()
    over_limit: int = 0


class _VariantsDone(msgspec.Struct, kw_only=True):
    """What became of the variants of a merge."""

    new: Mapping[str, Parented] = {}
    changed: Mapping[str, Parented] = {}
    linked: LinkedVariants = LinkedVariants()
    updated: Updated = Updated()
    orphans: tuple[str, ...] = ()
    back: bool = False
    """Some were gone from the store, and may have left the catalog."""


class StoreMerge:
    """Merges what one store shows. Two merges of one store take turns; repeating one changes nothing.

    Args:     run_id: the run that shows it; None: nothing is noted of a run.
    """

    def __init__(
        self,
        session: AsyncSession,
        *,
        organization_id: uuid.UUID,
        store_id: uuid.UUID,
        currency: str,
        run_id: uuid.UUID | None = None,
    ) -> None:
        self._session = session
        self._organization_id = organization_id
        self._store_id = store_id
        self._currency = currency
        self._run_id = run_id
        self._scope = {"org": organization_id, "store": store_id}
        self._rows = NewRows(session, organization_id, currency)
        self._linking = Linking(session, organization_id, store_id)

    async def merge(
        self,
        products: Sequence[PlatformProduct],
        variants: Sequence[PlatformVariant] = (),
        *,
        product_limit: int | None = None,
        check: MergeCheck | None = None,
        price_move: float = 0.5,
    ) -> Merged:
        """Merge products (with the variants inside them) and variants that come apart from their product.

        Args:     as for `merge_rows`.
        """
        shown = shown_rows(products, variants, currency=self._currency)
        return await self.merge_rows(shown, product_limit=product_limit, check=check, price_move=price_move)

    async def merge_rows(
        self,
        shown: ShownRows,
        *,
        product_limit: int | None = None,
        check: MergeCheck | None = None,
        price_move: float = 0.5,
    ) -> Merged:
        """Merge rows of the store's currency.

        Args:     product_limit: of the plan; what is new beyond it stays out and is counted in `over_limit`.
                  check: asked before known variants are written; what it raises has to end the transaction.
                  price_move: how far a price may move before it is counted in `moved`, as a share of the old one.
        """
        await self._run(sql.LOCK_STORE)
        place = (self._organization_id, self._store_id)
        context = await JudgingRepository(self._session, *place).context(self._run_id)
        known = KnownRows(self._session, *place, self._currency, context, self._run_id)
        done = await self._merge_products(shown.products, shown.variants, product_limit, known)
        varied = await self._merge_variants(shown.variants, done, known, check, price_move)
        await self._note_created(shown.products, shown.variants, done, varied)
        merged = _merged(shown.products, shown.variants, done, varied)
        if varied.linked.due:
            merged = msgspec.structs.replace(merged, due_stores=merged.due_stores | {self._store_id})
        if merged.changed:
            others = merged.products_added or merged.variants_added or varied.linked.removed or varied.back
            await self._run(sql.BUMP_LISTS if others else sql.BUMP_REVISION)
        return merged

    async def _merge_products(
        self, shown: Products, variants: Variants, product_limit: int | None, known_rows: KnownRows
    ) -> _ProductsDone:
        if not shown:
            return _ProductsDone()
        names, ids_or_none, were_gone = await self._arrays(sql.KNOWN_PRODUCTS, **hashes(shown))
        known = dict(zip(names, ids_or_none, strict=True))
        gone = {name for name, was_gone in zip(names, were_gone, strict=True) if was_gone}
        new = [external_id for external_id in shown if external_id not in known]
        changed = {external_id: product_id for external_id, product_id in known.items() if product_id is not None}
        linked = await self._linking.resolve_new(shown, variants, new) if new else Linked()
        new = [external_id for external_id in new if external_id not in linked.products]
        dropped = await self._over_limit(sorted(gone, key=changed.__getitem__) + new, product_limit)
        changed = {external_id: product_id for external_id, product_id in changed.items() if external_id not in dropped}
        new = [external_id for external_id in new if external_id not in dropped]
        ids = dict(zip(new, await numbers(self._session, "products", len(new)), strict=True)) if new else {}
        await self._add_products(shown, ids, linked)
        updated = Updated()
        if changed or linked.products:
            await take_turn(self._session, self._organization_id)
            updated = await known_rows.products(shown, {**changed, **linked.products})
        return _ProductsDone(new=ids, changed=changed, linked=linked, updated=updated, over_limit=len(dropped))

    async def _add_products(self, shown: Products, new: Mapping[str, int], linked: Linked) -> None:
        if new:
            names = await ensure_names(self._session, self._organization_id, (shown[one] for one in new))
            await self._rows.add_products(shown, new, names)
            await self._rows.add_product_links(self._store_id, shown, new)
            await self._linking.note_suggestions(new)
        if linked.products:
            await self._rows.add_product_links(self._store_id, shown, linked.products, met=False)

    async def _over_limit(self, fresh: Sequence[str], product_limit: int | None) -> set[str]:
        """Return which products the plan has no room for: new ones, and gone ones that come back."""
        if product_limit is None or not fresh:
            return set()
        await take_turn(self._session, self._organization_id)
        held = (await self._run(sql.COUNT_LIVE, limit=product_limit)).scalar_one()
        return set(islice(fresh, max(0, product_limit - held), None))

    async def _merge_variants(
        self, shown: Variants, done: _ProductsDone, known_rows: KnownRows, check: MergeCheck | None, price_move: float
    ) -> _VariantsDone:
        if not shown:
            return _VariantsDone()
        names, ids_or_none, back = await self._arrays(sql.KNOWN_VARIANTS, **hashes(shown))
        known = dict(zip(names, ids_or_none, strict=True))
        parent_of = {one: row.external_product_id for one, row in shown.items() if known.get(one, 0) is not None}
        parents = await self._parents(set(parent_of.values()), done)
        placed = [one for one, parent in parent_of.items() if parent in parents]
        orphans: tuple[str, ...] = ()
        # Of products that the plan has no room for it is known already why they are missing.
        if len(placed) < len(parent_of) and not done.over_limit:
            orphans = tuple(islice((one for one, parent in parent_of.items() if parent not in parents), 20))
        fresh = [one for one in placed if one not in known and one not in done.linked.variants]
        linked = await self._linking.resolve_variants(shown, fresh, parents) if fresh else LinkedVariants()
        parents.update(linked.parents)
        met = {**{one: ids for one, ids in done.linked.variants.items() if one in shown}, **linked.variants}
        changed = {one: (known[one], parents[parent_of[one]]) for one in placed if one in known}
        places = {one: parents[parent_of[one]] for one in fresh if one not in linked.variants}
        new = await self._add_variants(shown, places, met)
        updated = Updated()
        if changed or met:
            await take_turn(self._session, self._organization_id)
            updated = await known_rows.variants(shown, {**changed, **met}, check, price_move)
        return _VariantsDone(
            new=new,
            changed={**changed, **met},
            linked=linked,
            updated=updated,
            orphans=orphans,
            back=bool(back),
        )

    async def _add_variants(
        self, shown: Variants, fresh: Mapping[str, int], met: Mapping[str, Parented]
    ) -> dict[str, Parented]:
        ids = await numbers(self._session, "variants", len(fresh)) if fresh else []
        new = dict(zip(fresh, zip(ids, fresh.values(), strict=True), strict=True))
        if new:
            await self._rows.add_variants(shown, new)
            await self._rows.add_listings(self._store_id, shown, new)
        if met:
            await self._rows.add_listings(self._store_id, shown, met, met=False)
        return new

    async def _parents(self, named: Iterable[str], done: _ProductsDone) -> dict[str, int]:
        """Return the product ids of the products that variants name, as far as the store shows them."""
        parents = {**done.new, **done.changed, **done.linked.products}
        elsewhere = [one for one in named if one not in parents]
        if elsewhere:
            parents.update(zip(*await self._arrays(sql.PARENTS, ids=elsewhere), strict=True))
        return parents

    async def _note_created(
        self, products: Products, variants: Variants, done: _ProductsDone, varied: _VariantsDone
    ) -> None:
        """Tell of new products, and note for the run what it created."""
        created = _created(done, varied)
        await tell_created(
            self._session,
            self._organization_id,
            products=products,
            created=created,
            variants=variants,
            placed=varied.new,
        )
        if self._run_id is None:
            return
        ids = {"product": [*created.values()], "variant": [variant_id for variant_id, _ in varied.new.values()]}
        for kind, of_kind in ids.items():
            if of_kind:
                await self._run(sql.NOTE_CREATED, run=self._run_id, kind=kind, ids=of_kind)

    async def _arrays(self, statement: str, **values: Any) -> Sequence[Sequence[Any]]:
        """Return the arrays of a statement's one row; empty ones where nothing was found."""
        row = (await self._run(statement, **values)).one()
        return [array or () for array in row]

    async def _run(self, statement: str, **values: Any) -> Any:
        return await self._session.execute(text(statement), {**self._scope, **values})


def _created(done: _ProductsDone, varied: _VariantsDone) -> dict[str, int]:
    """Return the products that are new once the merge is over: one may have turned out to be another."""
    removed = set(varied.linked.removed)
    return {name: product_id for name, product_id in done.new.items() if product_id not in removed}


def _merged(products: Products, variants: Variants, done: _ProductsDone, varied: _VariantsDone) -> Merged:
    created = _created(done, varied)
    taken = {ids for name, ids in varied.changed.items() if name in varied.updated.taken}
    known = {**done.changed, **done.linked.products}
    updated = {product_id for name, product_id in known.items() if name in done.updated.taken}
    updated |= {product_id for _, product_id in taken} - set(created.values())
    unchanged = len(products) - len(created) - len(updated) - done.over_limit
    counts: MergeCounts = varied.updated.counts
    return Merged(
        products_added=len(created),
        products_updated=len(updated),
        products_unchanged=max(0, unchanged),
        variants_added=len(varied.new),
        variants_updated=len(taken),
        variants_unchanged=len(variants) - len(varied.new) - len(taken),
        over_limit=done.over_limit,
        orphans=varied.orphans,
        zeroed=counts.zeroed,
        moved=counts.moved,
        due_stores=done.updated.due | varied.updated.due,
        stock_due_stores=varied.updated.stock_due,
    )
