"""Which catalog product a product of a store is that it has not shown before (decision 0026).

What a merge calls, in this order, always, while it holds the store's lock:

1. `resolve_new` with the new products, before it counts them against the plan: what is linked adds no product.
2. It writes links and listings for what was found, and creates the other products with their variants.
3. `note_suggestions` with the products it created.
4. `resolve_variants` with the new variants that 1. did not place: they may come on a later page than their parents.
"""

import uuid
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog.staging import Parented, Products, Variants


class Linked(msgspec.Struct, frozen=True, kw_only=True):
    """What new products of a store are in the catalog; what is in neither map is new there, too."""

    products: Mapping[str, int] = {}
    """External id to product id: write a product link, and judge what it shows as at a first meeting."""
    variants: Mapping[str, Parented] = {}
    """External id of a variant to (variant id, product id): write a listing, and judge alike. A variant of a linked
    product that is missing here is a new variant of that product."""


class LinkedVariants(msgspec.Struct, frozen=True, kw_only=True):
    """What new variants of products that a store showed earlier are in the catalog."""

    variants: Mapping[str, Parented] = {}
    """As in `Linked`; what is missing is a new variant of its parent."""
    parents: Mapping[str, int] = {}
    """External id of a product to the product it turned out to be, other than the caller said: its link was moved,
    new variants belong to this one."""
    removed: tuple[int, ...] = ()
    """Products without a variant that were made for those parents; they are gone, nothing points to them."""


class Linking:
    """Links new products of one store, inside the caller's transaction. One for each merge."""

    def __init__(self, session: AsyncSession, organization_id: uuid.UUID, store_id: uuid.UUID) -> None:
        self._session = session
        self._scope = {"org": organization_id, "store": store_id}

    async def resolve_new(self, products: Products, variants: Variants, new: Sequence[str]) -> Linked:
        """Decide which catalog products new products of the store are; only what is certain is linked.

        Where the organization has other stores, merges that add products take turns from here to their end: two
        stores that show the same new article at once would both bring it. It is the lock that counts products
        against the plan, so the order of locks stays store, then organization.

        Args:     products: staged ones. variants: all staged ones of this merge, also those of other products.
                  new: external ids of products that have no product link in this store, not even a gone one.
        """
        return Linked()

    async def note_suggestions(self, created: Mapping[str, int]) -> None:
        """Put what `resolve_new` was not certain of into the review queue; a pair that is there already is left alone.

        Args:     created: external id to product id of all products that the merge created after `resolve_new`.
                  What is not in it (the plan had no room) is suggested nothing.
        """

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
        return LinkedVariants()
