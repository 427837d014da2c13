"""Merge what a store shows into the catalog as sets: new rows in, changed rows over, unchanged rows left alone."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog import merge_sql as sql
from backend.domain.catalog.new_rows import NewRows, ensure_names, numbers
from backend.domain.catalog.staging import (
    Parented,
    Products,
    Variants,
    hashes,
    product_rows,
    resolve_known,
    stage,
    variant_rows,
)
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

    @property
    def changed(self) -> bool:
        """Tell whether the catalog is different now."""
        return bool(self.products_added or self.products_updated or self.variants_added or self.variants_updated)


class _ProductsDone(msgspec.Struct, kw_only=True):
    """What became of the products of a merge."""

    new: Mapping[str, int] = {}
    """External id to product id, as for `changed`."""
    changed: Mapping[str, int] = {}
    over_limit: int = 0


class _VariantsDone(msgspec.Struct, kw_only=True):
    """What became of the variants of a merge."""

    new: Mapping[str, Parented] = {}
    changed: Mapping[str, Parented] = {}
    orphans: tuple[str, ...] = ()


class StoreMerge:
    """Merges what one store shows. Two merges of one store take turns; repeating one changes nothing."""

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
        self._store_id = store_id
        self._currency = currency
        self._run_id = run_id
        self._where = (organization_id, store_id)
        self._scope = {"org": organization_id, "store": store_id}
        self._rows = NewRows(session, organization_id, currency)

    async def merge(
        self,
        products: Sequence[PlatformProduct],
        variants: Sequence[PlatformVariant] = (),
        *,
        product_limit: int | None = None,
    ) -> Merged:
        """Merge products (with the variants inside them) and variants that come apart from their product.

        Args:     product_limit: of the plan; what is new beyond it stays out and is counted in `over_limit`.
        """
        await self._run(sql.LOCK_STORE)
        shown_products = product_rows(products)
        shown_variants = variant_rows(products, variants, currency=self._currency)
        done = await self._merge_products(shown_products, product_limit)
        varied = await self._merge_variants(shown_variants, done)
        merged = _merged(shown_products, shown_variants, done, varied)
        if merged.changed:
            await self._run(sql.BUMP_REVISION)
        return merged

    async def _merge_products(self, shown: Products, product_limit: int | None) -> _ProductsDone:
        if not shown:
            return _ProductsDone()
        names, ids_or_none, were_gone = await self._arrays(sql.KNOWN_PRODUCTS, **hashes(shown))
        known = dict(zip(names, ids_or_none, strict=True))
        gone = {name for name, was_gone in zip(names, were_gone, strict=True) if was_gone}
        new = [external_id for external_id in shown if external_id not in known]
        changed = {external_id: product_id for external_id, product_id in known.items() if product_id is not None}
        dropped = await self._over_limit(sorted(gone, key=changed.__getitem__) + new, product_limit)
        changed = {external_id: product_id for external_id, product_id in changed.items() if external_id not in dropped}
        new = [external_id for external_id in new if external_id not in dropped]
        ids = dict(zip(new, await numbers(self._session, "products", len(new)), strict=True)) if new else {}
        await self._write_products(shown, ids, changed)
        return _ProductsDone(new=ids, changed=changed, over_limit=len(dropped))

    async def _write_products(self, shown: Products, new: Mapping[str, int], changed: Mapping[str, int]) -> None:
        if not new and not changed:
            return
        organization_id = self._scope["org"]
        names = await ensure_names(self._session, organization_id, (shown[one] for one in (*new, *changed)))
        if new:
            await self._rows.add_products(shown, new, names)
            await self._rows.add_product_links(self._store_id, shown, new)
        if changed:
            await stage(self._session, {one: shown[one] for one in changed}, {})
            await resolve_known(self._session, self._where, changed, {})
            await self._run(sql.UPDATE_PRODUCTS)
            await self._run(sql.UPDATE_PRODUCT_LINKS)

    async def _over_limit(self, fresh: Sequence[str], product_limit: int | None) -> set[str]:
        """Return which products the plan has no room for: new ones, and gone ones that come back."""
        if product_limit is None or not fresh:
            return set()
        await self._run(sql.LOCK_COUNT)
        held = (await self._run(sql.COUNT_LIVE, limit=product_limit)).scalar_one()
        return set(islice(fresh, max(0, product_limit - held), None))

    async def _merge_variants(self, shown: Variants, done: _ProductsDone) -> _VariantsDone:
        if not shown:
            return _VariantsDone()
        known = dict(zip(*await self._arrays(sql.KNOWN_VARIANTS, **hashes(shown)), strict=True))
        differing = [one for one in shown if one not in known or known[one] is not None]
        parents = await self._parents({shown[one].external_product_id for one in differing}, done)
        placed = [(one, parents.get(shown[one].external_product_id)) for one in differing]
        # Of products that the plan has no room for it is known already why they are missing.
        lost = () if done.over_limit else (one for one, product_id in placed if product_id is None)
        fresh = [(one, product_id) for one, product_id in placed if product_id is not None and one not in known]
        ids = await numbers(self._session, "variants", len(fresh)) if fresh else []
        new = {one: (variant_id, product_id) for (one, product_id), variant_id in zip(fresh, ids, strict=True)}
        changed = {
            one: (known[one], product_id) for one, product_id in placed if product_id is not None and one in known
        }
        await self._write_variants(shown, new, changed)
        return _VariantsDone(new=new, changed=changed, orphans=tuple(islice(lost, 20)))

    async def _parents(self, named: Iterable[str], done: _ProductsDone) -> dict[str, int]:
        """Return the product ids of the products that variants name, as far as the store shows them."""
        parents = {**done.new, **done.changed}
        elsewhere = [one for one in named if one not in parents]
        if elsewhere:
            parents.update(zip(*await self._arrays(sql.PARENTS, ids=elsewhere), strict=True))
        return parents

    async def _write_variants(
        self, shown: Variants, new: Mapping[str, Parented], changed: Mapping[str, Parented]
    ) -> None:
        if new:
            await self._rows.add_variants(shown, new)
            await self._rows.add_listings(self._store_id, shown, new)
        if changed:
            await stage(self._session, {}, {one: shown[one] for one in changed})
            await resolve_known(self._session, self._where, {}, changed)
            await self._run(sql.UPDATE_VARIANTS, currency=self._currency)
            await self._run(sql.WRITE_STOCK)
            if (await self._run(sql.HAS_PLACES)).scalar_one():
                await self._run(sql.DROP_STOCK)
            await self._run(sql.UPDATE_LISTINGS)

    async def _arrays(self, statement: str, **values: Any) -> Sequence[Sequence[Any]]:
        """Return the arrays of a statement's one row; empty ones where nothing was found."""
        row = (await self._run(statement, **values)).one()
        return [array or () for array in row]

    async def _run(self, statement: str, **values: Any) -> Any:
        return await self._session.execute(text(statement), {**self._scope, **values})


def _merged(products: Products, variants: Variants, done: _ProductsDone, varied: _VariantsDone) -> Merged:
    own = {*done.new.values(), *done.changed.values()}
    touched = {product_id for _, product_id in varied.changed.values()} - own
    unchanged = len(products) - len(own) - len(touched) - done.over_limit
    return Merged(
        products_added=len(done.new),
        products_updated=len(done.changed) + len(touched),
        products_unchanged=max(0, unchanged),
        variants_added=len(varied.new),
        variants_updated=len(varied.changed),
        variants_unchanged=len(variants) - len(varied.new) - len(varied.changed),
        over_limit=done.over_limit,
        orphans=varied.orphans,
    )
