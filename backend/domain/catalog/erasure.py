"""Taking things out of the catalog: one product that a store does not sell any more, or all that a store brought.

Rows go children first and always within their organization; no foreign key is relied on.
"""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog.changes import take_turn
from backend.domain.catalog.gone_sql import END_CONFLICTS, products_gone, variants_gone
from backend.domain.catalog.merge_sql import BUMP_LISTS, LOCK_STORE

BATCH = 2_000
"""Products per transaction: locks stay short and an interrupted erasure loses little."""

_MARK_PRODUCT_GONE = text(
    products_gone(
        "l.organization_id = :org AND l.store_id = :store AND l.external_id = :external_id AND l.gone_at IS NULL"
    )
)
_MARK_ITS_VARIANTS_GONE = text(
    variants_gone(
        "l.organization_id = :org AND l.store_id = :store AND l.external_product_id = :external_id"
        " AND l.gone_at IS NULL"
    )
)
_BUMP_LISTS = text(BUMP_LISTS)

_LINKS = text("""
DELETE FROM product_links WHERE organization_id = :org AND store_id = :store AND external_id IN (
    SELECT external_id FROM product_links WHERE organization_id = :org AND store_id = :store
    ORDER BY external_id LIMIT :most)
RETURNING external_id, product_id
""")
_LISTINGS = text("""
DELETE FROM listings WHERE organization_id = :org AND store_id = :store
  AND external_product_id = ANY(cast(:external_ids AS text[]))
RETURNING variant_id
""")
# What an other store shows, or showed, is that store's too.
_VARIANTS = """
SELECT v.id FROM variants v WHERE v.organization_id = :org AND v.id = ANY(cast(:variants AS bigint[]))
  AND NOT EXISTS (SELECT 1 FROM listings o WHERE o.organization_id = :org AND o.variant_id = v.id)
UNION
SELECT v.id FROM variants v WHERE v.organization_id = :org AND v.product_id = ANY(cast(:products AS bigint[]))
  AND NOT EXISTS (SELECT 1 FROM product_links o WHERE o.organization_id = :org AND o.product_id = v.product_id)
  AND NOT EXISTS (SELECT 1 FROM listings o WHERE o.organization_id = :org AND o.variant_id = v.id)
"""
_STOCK_OF_THEM = text(f"DELETE FROM stock_levels WHERE organization_id = :org AND variant_id IN ({_VARIANTS})")
_DELETE_VARIANTS = text(f"""
DELETE FROM variants WHERE organization_id = :org AND id IN ({_VARIANTS}) RETURNING id, product_id
""")
_DELETE_PRODUCTS = text("""
DELETE FROM products p WHERE p.organization_id = :org AND p.id = ANY(cast(:products AS bigint[]))
  AND NOT EXISTS (SELECT 1 FROM product_links o WHERE o.organization_id = :org AND o.product_id = p.id)
  AND NOT EXISTS (SELECT 1 FROM variants v WHERE v.organization_id = :org AND v.product_id = p.id)
RETURNING id
""")
# What is told of variants and products that are not there any more.
_OF_VARIANTS = (
    "DELETE FROM stock_adjustments WHERE organization_id = :org AND variant_id = ANY(cast(:variants AS bigint[]))",
    """DELETE FROM field_changes WHERE organization_id = :org AND product_id = ANY(cast(:parents AS bigint[]))
       AND variant_id = ANY(cast(:variants AS bigint[]))""",
    "DELETE FROM price_changes WHERE organization_id = :org AND variant_id = ANY(cast(:variants AS bigint[]))",
    """DELETE FROM observations o USING tracked_urls u WHERE u.organization_id = :org
       AND u.variant_id = ANY(cast(:variants AS bigint[])) AND o.organization_id = :org AND o.url_id = u.id""",
    "DELETE FROM tracked_urls WHERE organization_id = :org AND variant_id = ANY(cast(:variants AS bigint[]))",
)
_OF_PRODUCTS = (
    "DELETE FROM field_changes WHERE organization_id = :org AND product_id = ANY(cast(:products AS bigint[]))",
    "DELETE FROM listing_requests WHERE organization_id = :org AND product_id = ANY(cast(:products AS bigint[]))",
    """DELETE FROM link_suggestions WHERE organization_id = :org
       AND (product_id = ANY(cast(:products AS bigint[])) OR candidate_id = ANY(cast(:products AS bigint[])))""",
)
# Products that a person said are others: nothing links to them any more, their histories tell which they were.
_GIVEN_AWAY = text("""
SELECT DISTINCT c.product_id FROM field_changes c
WHERE c.organization_id = :org AND c.store_id = :store AND c.changes ? 'link'
""")
_OF_STORE = (
    "DELETE FROM link_suggestions WHERE organization_id = :org AND store_id = :store",
    "DELETE FROM sync_conflicts WHERE organization_id = :org AND store_id = :store",
    "DELETE FROM order_stock WHERE organization_id = :org AND store_id = :store",
    "DELETE FROM oversells WHERE organization_id = :org AND store_id = :store",
    """DELETE FROM sync_changes c USING sync_runs r
       WHERE r.organization_id = :org AND r.store_id = :store AND c.organization_id = :org AND c.run_id = r.id""",
    # Histories and ledgers of what other stores hold stay whole; where a change came from is forgotten.
    """UPDATE field_changes SET store_id = NULL, run_id = NULL
       WHERE organization_id = :org AND store_id = :store""",
    """UPDATE price_changes c SET source = '', run_id = NULL FROM sync_runs r
       WHERE c.organization_id = :org AND r.organization_id = :org AND r.store_id = :store AND r.id = c.run_id""",
    """UPDATE stock_adjustments SET store_id = NULL, run_id = NULL, reference = ''
       WHERE organization_id = :org AND store_id = :store""",
)
# Listings whose product was never linked, or whose link went before them.
_LISTINGS_LEFT = text("""
DELETE FROM listings WHERE organization_id = :org AND store_id = :store AND external_id IN (
    SELECT external_id FROM listings WHERE organization_id = :org AND store_id = :store
    ORDER BY external_id LIMIT :most)
RETURNING variant_id
""")
_STOCK_AT_ITS_PLACES = text("""
DELETE FROM stock_levels k USING locations l
WHERE l.organization_id = :org AND l.store_id = :store AND k.organization_id = :org AND k.location = l.external_id
  AND NOT EXISTS (SELECT 1 FROM locations o WHERE o.organization_id = :org AND o.external_id = l.external_id
                  AND o.store_id <> :store)
""")
_LOCATIONS = text("DELETE FROM locations WHERE organization_id = :org AND store_id = :store")
_UNUSED_BRANDS = text("""
DELETE FROM brands b WHERE b.organization_id = :org
  AND NOT EXISTS (SELECT 1 FROM products p WHERE p.organization_id = :org AND p.brand_id = b.id)
""")
_UNUSED_CATEGORIES = text("""
DELETE FROM categories c WHERE c.organization_id = :org
  AND lower(c.name) NOT IN (SELECT lower(path) FROM products p, unnest(p.categories) AS path
                            WHERE p.organization_id = :org)
""")


class CatalogErasure:
    """Takes rows of one store out of the catalog, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, organization_id: uuid.UUID, store_id: uuid.UUID) -> None:
        self._session = session
        self._scope = {"org": organization_id, "store": store_id}

    async def mark_product_gone(self, external_id: str) -> bool:
        """Mark a product and all it is sold as gone from the store; False when it was not there.

        What no other store shows leaves the catalog, as after a complete walk; it can come back.
        """
        # A merge that has seen the product as there puts its new variants under it.
        await self._session.execute(text(LOCK_STORE), self._scope)
        # Of two stores that lose the same product at once, the later one has to see that it was the last.
        await take_turn(self._session, self._scope["org"])
        values = {**self._scope, "external_id": external_id, "run": None}
        await self._session.execute(_MARK_ITS_VARIANTS_GONE, values)
        result: Any = await self._session.execute(_MARK_PRODUCT_GONE, values)
        await self._session.execute(text(END_CONFLICTS), self._scope)
        if result.rowcount:
            await self._session.execute(_BUMP_LISTS, self._scope)
        return bool(result.rowcount)

    async def erase_batch(self, most: int = BATCH) -> int:
        """Delete some of the store's links with whatever nobody else holds; return how many, 0 when none are left."""
        links = (await self._session.execute(_LINKS, {**self._scope, "most": most})).all()
        if links:
            ids = {**self._scope, "external_ids": [row.external_id for row in links]}
            variants = list((await self._session.execute(_LISTINGS, ids)).scalars())
        else:
            variants = list((await self._session.execute(_LISTINGS_LEFT, {**self._scope, "most": most})).scalars())
        await self._erase_unheld(variants, [row.product_id for row in links])
        return len(links) or len(variants)

    async def _erase_unheld(self, variants: Sequence[int], products: Sequence[int]) -> None:
        """Delete variants and products that no other store holds, and all that is told of them."""
        values = {**self._scope, "variants": list(variants), "products": list(products)}
        await self._session.execute(_STOCK_OF_THEM, values)
        gone = (await self._session.execute(_DELETE_VARIANTS, values)).all()
        told = {"variants": [row.id for row in gone], "parents": list({row.product_id for row in gone})}
        for statement in _OF_VARIANTS if gone else ():
            await self._session.execute(text(statement), {**self._scope, **told})
        emptied = list((await self._session.execute(_DELETE_PRODUCTS, values)).scalars())
        for statement in _OF_PRODUCTS if emptied else ():
            await self._session.execute(text(statement), {**self._scope, "products": emptied})

    async def erase_rest(self) -> None:
        """Delete what hangs on no product: what waits for people, the store's places, names that nothing uses any more.

        The store's runs have to be there still: their change sets are found by them.
        """
        given_away = list((await self._session.execute(_GIVEN_AWAY, self._scope)).scalars())
        await self._erase_unheld((), given_away)
        for told in _OF_STORE:
            await self._session.execute(text(told), self._scope)
        for statement in (_STOCK_AT_ITS_PLACES, _LOCATIONS, _UNUSED_BRANDS, _UNUSED_CATEGORIES, _BUMP_LISTS):
            await self._session.execute(statement, self._scope)
