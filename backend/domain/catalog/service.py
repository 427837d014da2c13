"""Looking at the catalog: pages of products, and one product with everything about it."""

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog.repository import CatalogRepository, ProductPlace, ProductRow, VariantRow
from backend.kit.errors import not_found
from backend.kit.text import clipped, storable
from backend.models.catalog import Product
from backend.ports.actor import Actor

MOST_VARIANTS = 500
"""Variants shown of one product; Shopify allows 2,048, people read fewer."""
MOST_SEARCH = 200
_MOST_ID = 2**63 - 1


class ProductPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a list, newest first."""

    rows: list[ProductRow]
    older: int | None
    """Give this as `below` for the next page; None on the last."""
    newer: int | None
    """Give this as `above` for the page before; None on the first."""


class ProductView(msgspec.Struct, frozen=True, kw_only=True):
    """One product with everything about it."""

    product: Product
    brand: str
    variants: list[VariantRow]
    places: list[ProductPlace]


class CatalogService:
    """Reads the acting organization's catalog inside the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._rows = CatalogRepository(session)

    async def count(self, actor: Actor) -> int:
        """Return how many products there are: what a plan's limit counts."""
        return await self._rows.count(actor)

    async def page(
        self, actor: Actor, *, search: str = "", below: int | None = None, above: int | None = None, limit: int = 50
    ) -> ProductPage:
        """Return one page, found by key: deep pages cost what the first one costs.

        Args:     search: part of a title or of a sku, without case; empty: everything.
                  below, above: from the page before or after; `above` wins. limit: 1..250.
        """
        text = clipped(" ".join(storable(search).split()), MOST_SEARCH)
        below, above = _in_range(below), _in_range(above)
        ids = await self._rows.ids(actor, search=text, below=below, above=above, most=limit + 1)
        more = len(ids) > limit
        if above is not None:
            ids = ids[-limit:]
            older, newer = (ids[-1] if ids else None), (ids[0] if more else None)
        else:
            ids = ids[:limit]
            older, newer = (ids[-1] if more else None), (ids[0] if below is not None and ids else None)
        return ProductPage(rows=await self._rows.rows(actor, ids), older=older, newer=newer)

    async def product(self, actor: Actor, product_id: int) -> ProductView:
        """Return one product; raise not_found."""
        known = 0 < product_id <= _MOST_ID
        found = await self._rows.product(actor, product_id) if known else None
        if found is None:
            raise not_found("Product")
        return ProductView(
            product=found[0],
            brand=found[1],
            variants=await self._rows.variants(actor, product_id, MOST_VARIANTS),
            places=await self._rows.places(actor, product_id),
        )


def _in_range(key: int | None) -> int | None:
    return None if key is None else max(0, min(key, _MOST_ID))
