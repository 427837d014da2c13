"""Queries on what the catalog was: what it holds, what changed since a time, and the ledger beside the history."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog.held_sql import HELD_PRODUCT, HELD_VARIANT
from backend.domain.sync.plan import Difference, labelled
from backend.domain.sync.time_travel_rules import Place
from backend.models.catalog import Product, Variant
from backend.models.stores import Store
from backend.ports.actor import Actor

Key = tuple[int, int | None]
"""A product's id, and a variant's or None."""

_PLACES = text(f"""
SELECT p.id AS product_id, cast(NULL AS bigint) AS variant_id, p.title, '' AS variant_title, '' AS sku,
       {HELD_PRODUCT} AS held, p.created_at, p.deleted_at
FROM products p
WHERE p.organization_id = :org AND p.id = ANY(cast(:products AS bigint[]))
  AND (cast(:whole AS boolean) OR p.created_at > :at OR p.deleted_at > :at
       OR p.id = ANY(cast(:changed_products AS bigint[])))
UNION ALL
SELECT v.product_id, v.id, p.title, v.title, v.sku, {HELD_VARIANT}, v.created_at, least(v.deleted_at, p.deleted_at)
FROM variants v JOIN products p ON p.organization_id = v.organization_id AND p.id = v.product_id
WHERE v.organization_id = :org AND v.product_id = ANY(cast(:products AS bigint[]))
  AND (cast(:whole AS boolean) OR v.created_at > :at OR v.deleted_at > :at
       OR v.id = ANY(cast(:changed_variants AS bigint[])))
ORDER BY product_id, variant_id NULLS FIRST
""")
# Of each field the first change after the time says what it was. Rows of one place are numbered in the order in which
# they were made, whatever their transactions' clocks say.
_SINCE = text("""
SELECT product_id, variant_id, jsonb_object_agg(field, pair) AS changes
FROM (
    SELECT DISTINCT ON (c.product_id, c.variant_id, one.key) c.product_id, c.variant_id, one.key AS field,
           one.value AS pair
    FROM field_changes c CROSS JOIN LATERAL jsonb_each(c.changes) AS one
    WHERE c.organization_id = :org AND c.product_id = ANY(cast(:products AS bigint[])) AND c.changed_at > :at
    ORDER BY c.product_id, c.variant_id, one.key, c.id
) first
GROUP BY product_id, variant_id
""")
# What there was before the first adjustment after the time: what the one before it left, else what it started from.
_PIECES_SINCE = text("""
SELECT v.product_id, v.id AS variant_id, jsonb_build_array(
           CASE WHEN before.known THEN before.balance ELSE coalesce(first.balance, 0) - first.delta END, first.balance
       ) AS pair
FROM variants v
CROSS JOIN LATERAL (
    SELECT a.id, a.delta, a.balance FROM stock_adjustments a
    WHERE a.organization_id = v.organization_id AND a.variant_id = v.id AND a.created_at > :at
    ORDER BY a.id LIMIT 1) first
LEFT JOIN LATERAL (
    SELECT a.balance, true AS known FROM stock_adjustments a
    WHERE a.organization_id = v.organization_id AND a.variant_id = v.id AND a.id < first.id
    ORDER BY a.id DESC LIMIT 1) before ON true
WHERE v.organization_id = :org AND v.product_id = :product
""")
_MOVED_PIECES = text("""
SELECT count(*) FROM variants v
WHERE v.organization_id = :org AND v.deleted_at IS NULL
  AND (cast(:product AS bigint) IS NULL OR v.product_id = :product)
  AND (cast(:store AS uuid) IS NULL OR EXISTS (
      SELECT 1 FROM listings l WHERE l.organization_id = v.organization_id AND l.variant_id = v.id
        AND l.store_id = :store AND l.gone_at IS NULL))
  AND EXISTS (SELECT 1 FROM stock_adjustments a WHERE a.organization_id = v.organization_id AND a.variant_id = v.id
              AND a.created_at > :at)
""")
_TOUCHED = text("""
WITH shown AS (
    SELECT DISTINCT product_id FROM product_links
    WHERE organization_id = :org AND store_id = :store AND (gone_at IS NULL OR gone_at > :at)
)
SELECT c.product_id FROM field_changes c JOIN shown USING (product_id)
WHERE c.organization_id = :org AND c.changed_at > :at
UNION
SELECT v.product_id FROM variants v JOIN shown USING (product_id)
WHERE v.organization_id = :org AND (v.created_at > :at OR v.deleted_at > :at)
ORDER BY product_id
""")
_HOME = text("""
SELECT l.store_id FROM product_links l JOIN stores s ON s.id = l.store_id
WHERE l.organization_id = :org AND l.product_id = :product AND l.gone_at IS NULL
ORDER BY s.state = 'active' DESC, l.created_at, l.store_id LIMIT 1
""")
_LEDGER = text("""
SELECT a.id, v.product_id, a.variant_id, p.title, v.title AS variant_title, v.sku, a.delta, a.balance, a.reason,
       a.reference, a.store_id, a.run_id, a.actor, a.created_at AS at
FROM variants v
JOIN products p ON p.organization_id = v.organization_id AND p.id = v.product_id
CROSS JOIN LATERAL (
    SELECT * FROM stock_adjustments
    WHERE organization_id = v.organization_id AND variant_id = v.id AND id < :below
    ORDER BY id DESC LIMIT :most) a
WHERE v.organization_id = :org AND v.product_id = :product AND (cast(:variant AS bigint) IS NULL OR v.id = :variant)
ORDER BY a.id DESC LIMIT :most
""")


class LedgerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a variant's pieces."""

    id: int
    product_id: int
    variant_id: int
    title: str
    variant_title: str
    sku: str
    delta: int
    balance: int | None
    reason: str
    reference: str
    store_id: uuid.UUID | None
    run_id: uuid.UUID | None
    actor: str
    at: datetime


class TimeTravelRepository:
    """Reads the acting organization's catalog as it is and as it came to be."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def places(
        self, actor: Actor, products: Sequence[int], at: datetime, changed: Sequence[Key] | None = None
    ) -> list[Place]:
        """Return products and their variants, tombstones too, each product before its variants.

        Args:     changed: these alone, and what came or left after the time; None: all.
        """
        values = {
            "products": list(products),
            "at": at,
            "whole": changed is None,
            "changed_products": [product for product, variant in changed or () if variant is None],
            "changed_variants": [variant for _, variant in changed or () if variant is not None],
        }
        return [
            Place(
                product_id=row.product_id,
                variant_id=row.variant_id,
                label=labelled(row.title, row.variant_title, row.sku),
                held=row.held,
                created_at=row.created_at,
                deleted_at=row.deleted_at,
            )
            for row in await self._run(_PLACES, actor, **values)
        ]

    async def since(self, actor: Actor, products: Sequence[int], at: datetime) -> dict[Key, Difference]:
        """Return the first change of each field after a time, by place."""
        rows = await self._run(_SINCE, actor, products=list(products), at=at)
        return {(row.product_id, row.variant_id): row.changes for row in rows}

    async def pieces_since(self, actor: Actor, product_id: int, at: datetime) -> dict[Key, list[int | None]]:
        """Return `[before, after]` of the first change of pieces after a time, by variant of a product."""
        rows = await self._run(_PIECES_SINCE, actor, product=product_id, at=at)
        return {(row.product_id, row.variant_id): row.pair for row in rows}

    async def moved_pieces(
        self, actor: Actor, at: datetime, *, product_id: int | None = None, store_id: uuid.UUID | None = None
    ) -> int:
        """Count the variants of a product, or of a store, whose pieces changed after a time."""
        rows = await self._run(_MOVED_PIECES, actor, at=at, product=product_id, store=store_id)
        return int(rows.scalar_one())

    async def touched(self, actor: Actor, store_id: uuid.UUID, at: datetime) -> list[int]:
        """Return the products of a store that are not as they were at a time, or came later; those that left it, too.

        Ids alone: they are few bytes, whatever the products hold.
        """
        return list((await self._run(_TOUCHED, actor, store=store_id, at=at)).scalars())

    async def home(self, actor: Actor, product_id: int) -> uuid.UUID | None:
        """Return the store that has shown a product longest, a connected one rather than one at rest."""
        found: uuid.UUID | None = (await self._run(_HOME, actor, product=product_id)).scalar_one_or_none()
        return found

    async def knows(self, actor: Actor, product_id: int) -> bool:
        """Tell whether there is or was such a product."""
        return await self._session.get(Product, (actor.tenant, product_id)) is not None

    async def product_of(self, actor: Actor, variant_id: int) -> int | None:
        """Return the product of a variant."""
        query = select(Variant.product_id).where(Variant.organization_id == actor.tenant, Variant.id == variant_id)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def ledger(
        self, actor: Actor, product_id: int, variant_id: int | None, *, below: int, most: int
    ) -> list[LedgerRow]:
        """Return changes of pieces of a product or of one of its variants, newest first."""
        values = {"product": product_id, "variant": variant_id, "below": below, "most": most}
        return [LedgerRow(**row) for row in (await self._run(_LEDGER, actor, **values)).mappings()]

    async def store_names(self, actor: Actor) -> dict[uuid.UUID, str]:
        """Return what the organization's stores are called."""
        query = select(Store.id, Store.name, Store.url).where(Store.organization_id == actor.tenant)
        return {row.id: row.name or row.url for row in await self._session.execute(query)}

    async def _run(self, statement: Any, actor_: Actor, /, **values: Any) -> Any:
        return await self._session.execute(statement, {"org": actor_.tenant, **values})
