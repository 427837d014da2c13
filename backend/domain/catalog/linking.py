"""Which catalog product a product of a store is that it has not shown before (decision 0026).

What a merge calls, in this order, always, while it holds the store's lock:

1. `resolve_new` with the new products, before it counts them against the plan: what is linked adds no product.
2. It writes links and listings for what was found, and creates the other products with their variants.
3. `note_suggestions` with the products it created.
4. `resolve_variants` with the new variants that 1. did not place: they may come on a later page than their parents.
"""

import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog.linking_moves import LinkMoves
from backend.domain.catalog.linking_repository import LinkingRepository
from backend.domain.catalog.linking_rules import (
    PARTLY,
    Decision,
    Doubt,
    Found,
    ShownVariant,
    decide_all,
    place,
    sku_key,
)
from backend.domain.catalog.staging import Parented, Products, StagedVariant, Variants

_options = msgspec.json.Decoder(dict[str, str]).decode


class Linked(msgspec.Struct, frozen=True, kw_only=True):
    """What new products of a store are in the catalog; what is in neither map is new there, too."""

    products: Mapping[str, int] = {}
    """External id to product id: write a product link, and judge what it shows as at a first meeting."""
    variants: Mapping[str, Parented] = {}
    """External id of a variant to (variant id, product id): write a listing, and judge alike. A variant of a linked
    product that is missing here is a new variant of that product, or has a listing already: it came from another one.
    """


class LinkedVariants(msgspec.Struct, frozen=True, kw_only=True):
    """What new variants of products that a store showed earlier are in the catalog."""

    variants: Mapping[str, Parented] = {}
    """As in `Linked`; what is missing is a new variant of its parent."""
    parents: Mapping[str, int] = {}
    """External id of a product to the product it turned out to be, other than the caller said: its link was moved,
    new variants belong to this one."""
    removed: tuple[int, ...] = ()
    """Products without a variant that were made for those parents; they are gone, nothing points to them."""
    due: bool = False
    """The hub owns what one of those parents shows otherwise: the store has something to be written."""


class Linking:
    """Links new products of one store, inside the caller's transaction. One for each merge."""

    def __init__(self, session: AsyncSession, organization_id: uuid.UUID, store_id: uuid.UUID) -> None:
        self._rows = LinkingRepository(session, organization_id, store_id)
        self._moves = LinkMoves(session, organization_id, store_id)
        self._shared: bool | None = None
        self._decided: set[str] = set()
        self._doubts: dict[str, Sequence[Doubt]] = {}

    async def resolve_new(self, products: Products, variants: Variants, new: Sequence[str]) -> Linked:
        """Decide which catalog products new products of the store are; only what is certain is linked.

        Where the organization has other stores, merges that add products take turns from here to their end: two
        stores that show the same new article at once would both bring it. It is the lock that counts products
        against the plan, so the order of locks stays store, then organization.

        Args:     products: staged ones. variants: all staged ones of this merge, also those of other products.
                  new: external ids of products that have no product link in this store, not even a gone one.
        """
        if not new or not await self._may_link():
            return Linked()
        shown = _by_parent(variants.values(), {one for one in new if one in products})
        if not shown:
            return Linked()
        decisions = decide_all(shown, await self._found(shown, variants))
        self._decided.update(decisions)
        self._doubts.update({name: decision.doubts for name, decision in decisions.items() if decision.doubts})
        linked = {name: one.product_id for name, one in decisions.items() if one.product_id is not None}
        placed = await self._placed(shown, linked)
        listed = await self._rows.listed(placed)
        return Linked(products=linked, variants={one: ids for one, ids in placed.items() if one not in listed})

    async def note_suggestions(self, created: Mapping[str, int]) -> None:
        """Put what `resolve_new` was not certain of into the review queue; a pair that is there already is left alone.

        Args:     created: external id to product id of all products that the merge created after `resolve_new`.
                  What is not in it (the plan had no room) is suggested nothing.
        """
        await self._rows.suggest({name: doubts for name, doubts in self._doubts.items() if name in created}, created)
        self._doubts = {}

    async def resolve_variants(
        self, variants: Variants, new: Sequence[str], parents: Mapping[str, int]
    ) -> LinkedVariants:
        """Decide which catalog variants new variants of known products are.

        A parent that has no variant in the catalog yet, and shows just what the catalog holds of it, is decided now: it
        may turn out to be another product. Then its link is moved, and the product made for it is deleted.

        Args:     variants: staged ones. new: external ids of variants that have no listing in this store and no place
                  in `Linked.variants`. parents: external product id to product id of all their parents, also of
                  products that this merge created or linked.
        """
        if not new or not await self._may_link():
            return LinkedVariants()
        shown = _by_parent((variants[one] for one in new), parents.keys() - self._decided)
        if not shown:
            return LinkedVariants()
        bare, shared = await self._rows.parent_states(shown)
        placed = await self._placed(shown, {name: parents[name] for name in shown if name not in bare})
        alone = {
            name: of_one for name, of_one in shown.items() if name not in shared and not placed.keys() & _ids(of_one)
        }
        decisions = decide_all(alone, await self._found(alone, variants)) if alone else {}
        await self._rows.suggest({name: _doubts(one, name in bare) for name, one in decisions.items()}, parents)
        moved = {name: one.product_id for name, one in decisions.items() if name in bare and one.product_id is not None}
        if not moved:
            return LinkedVariants(variants=placed)
        removed = {name: parents[name] for name in moved}
        due = await self._moves.replace(removed, moved)
        placed |= await self._placed(shown, moved)
        return LinkedVariants(variants=placed, parents=moved, removed=tuple(removed.values()), due=due)

    async def _may_link(self) -> bool:
        """Tell whether there is anything to link with; the organization's lock is held then."""
        if self._shared is None:
            self._shared = await self._rows.is_shared()
            if self._shared:
                await self._rows.lock()
        return self._shared

    async def _found(self, shown: Mapping[str, Sequence[ShownVariant]], variants: Variants) -> Found:
        of_all = [one for of_one in shown.values() for one in of_one]
        return Found(
            skus=await self._rows.by_sku(one.sku for one in of_all),
            gtins=await self._rows.by_gtin(one.barcode for one in of_all),
            shown=Counter(sku_key(variant.sku) for variant in variants.values()),
        )

    async def _placed(
        self, shown: Mapping[str, Sequence[ShownVariant]], products: Mapping[str, int]
    ) -> dict[str, Parented]:
        """Return which variants of the given products the shown ones are."""
        held = await self._rows.unplaced(products.values())
        return {
            external_id: (one.id, one.product_id)
            for name, product_id in products.items()
            for external_id, one in place(shown[name], held.get(product_id, ())).items()
        }


def _by_parent(variants: Iterable[StagedVariant], parents: Collection[str]) -> dict[str, list[ShownVariant]]:
    shown: dict[str, list[ShownVariant]] = {}
    for one in variants:
        if one.external_product_id in parents:
            plain = ShownVariant(one.external_id, one.sku, one.barcode, _options(one.options))
            shown.setdefault(one.external_product_id, []).append(plain)
    return shown


def _ids(shown: Iterable[ShownVariant]) -> set[str]:
    return {one.external_id for one in shown}


def _doubts(decision: Decision, bare: bool) -> Sequence[Doubt]:
    """Return the doubts of a decision on variants that came later; of a product that has others it decides nothing."""
    if decision.product_id is None or bare:
        return decision.doubts
    return (Doubt(decision.product_id, PARTLY),)
