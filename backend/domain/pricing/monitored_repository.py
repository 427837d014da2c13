"""Queries over monitored products: variants that live and are watched, whoever brought them in."""

import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog import merge_sql
from backend.domain.pricing.monitored_rules import NewProduct, PagePrice
from backend.domain.pricing.products_rows import full_title
from backend.models.catalog import Variant
from backend.models.pricing import TrackedUrl
from backend.ports.actor import Actor


class MonitoredRow(msgspec.Struct, frozen=True, kw_only=True):
    """A monitored product as its row has it."""

    id: int
    """The variant's."""
    product_id: int
    title: str
    """The product's."""
    variant: str
    """What tells it from its sisters; empty when it has none."""
    brand_id: int | None
    brand: str | None
    category_id: int | None
    category: str | None
    product_code: str
    barcode: str
    cost: Decimal | None
    additional_cost: Decimal | None
    tags: Sequence[str]
    external_ref: str
    currency: str
    price: Decimal | None
    """What customers pay, in `currency`."""

    @property
    def name(self) -> str:
        """Return what it is called by itself."""
        return full_title(self.title, self.variant)


_ROWS = text("""
SELECT v.id, v.product_id, p.title, v.title AS variant, b.id AS brand_id, b.name AS brand, c.id AS category_id,
       c.name AS category, v.sku AS product_code, v.barcode, v.cost, v.additional_cost, p.tags, v.external_ref,
       v.currency, coalesce(v.sale_price, v.price) AS price
FROM variants v JOIN products p ON p.organization_id = v.organization_id AND p.id = v.product_id
LEFT JOIN brands b ON b.id = p.brand_id LEFT JOIN categories c ON c.id = p.category_id
WHERE v.organization_id = :org AND v.id = ANY(cast(:ids AS bigint[])) AND v.deleted_at IS NULL AND v.monitored
ORDER BY v.id
""")

_ADD_EXTRAS = text("""
UPDATE variants v SET additional_cost = told.additional_cost, external_ref = told.external_ref
FROM unnest(cast(:ids AS bigint[]), cast(:costs AS numeric[]), cast(:refs AS text[]))
     AS told(id, additional_cost, external_ref)
WHERE v.organization_id = :org AND v.id = told.id
""")
_TAKE_UP = text("""
UPDATE variants v
SET monitored = true, cost = coalesce(told.cost, v.cost),
    additional_cost = coalesce(told.additional_cost, v.additional_cost), updated_at = now()
FROM unnest(cast(:ids AS bigint[]), cast(:costs AS numeric[]), cast(:extras AS numeric[]))
     AS told(id, cost, additional_cost)
WHERE v.organization_id = :org AND v.id = told.id
""")

_IS_SHOWN = text("""
SELECT EXISTS (SELECT 1 FROM listings WHERE organization_id = :org AND variant_id = :variant AND gone_at IS NULL)
""")
_BURY = text("""
WITH dead_variant AS (
    UPDATE variants SET deleted_at = now(), updated_at = now()
    WHERE organization_id = :org AND id = :variant
    RETURNING organization_id, product_id, id AS variant_id
), dead_product AS (
    UPDATE products p SET deleted_at = now(), updated_at = now()
    WHERE p.organization_id = :org AND p.id = :product AND p.deleted_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM variants o WHERE o.organization_id = :org AND o.product_id = :product AND o.id <> :variant
          AND o.deleted_at IS NULL)
    RETURNING p.organization_id, p.id AS product_id, cast(NULL AS bigint) AS variant_id, p.title
), told AS (
    INSERT INTO events (organization_id, type, payload)
    SELECT organization_id, 'product.deleted', jsonb_build_object('product_id', product_id::text, 'title', title)
    FROM dead_product
)
INSERT INTO field_changes (organization_id, product_id, variant_id, changes, origin, actor, reason)
SELECT organization_id, product_id, variant_id, '{"deleted": [false, true]}', 'person', :who, :reason
FROM (SELECT * FROM dead_variant UNION ALL SELECT organization_id, product_id, variant_id FROM dead_product) dead
""")

_MOVE_CATEGORY = text("""
UPDATE products SET category_id = :category, updated_at = now(),
    categories = ARRAY(SELECT name FROM unnest(categories) WITH ORDINALITY AS old(name, place)
                       WHERE lower(name) NOT IN (lower(coalesce(cast(:before AS text), '')), lower(cast(:name AS text)))
                       ORDER BY place) || cast(:name AS text)
WHERE organization_id = :org AND id = :product
""")


class MonitoredRepository:
    """Reads and writes the acting organization's monitored products."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def rows(self, actor: Actor, ids: Sequence[int]) -> list[MonitoredRow]:
        """Return products by id, in the order of ids; those that do not live or are not watched are left out."""
        found = await self._session.execute(_ROWS, {"org": actor.tenant, "ids": list(ids)})
        return [MonitoredRow(**row) for row in found.mappings()]

    async def pages(self, actor: Actor, ids: Sequence[int]) -> dict[int, list[tuple[int, PagePrice]]]:
        """Return what the tracked pages of products show, by product: each page's id with its newest reading."""
        query = (
            select(TrackedUrl)
            .where(TrackedUrl.organization_id == actor.tenant, TrackedUrl.variant_id.in_(ids))
            .order_by(TrackedUrl.id)
        )
        found: dict[int, list[tuple[int, PagePrice]]] = {}
        for row in (await self._session.execute(query)).scalars():
            shown = PagePrice(
                own=row.competitor_id is None, price=row.price, currency=row.currency, in_stock=row.in_stock
            )
            found.setdefault(row.variant_id, []).append((row.id, shown))
        return found

    async def add_extras(self, actor: Actor, products: Mapping[int, NewProduct]) -> None:
        """Write what new rows of the catalog do not carry, by variant id."""
        told = {one: product for one, product in products.items() if product.additional_cost or product.external_ref}
        if told:
            costs, refs = zip(*[(one.additional_cost, one.external_ref) for one in told.values()], strict=True)
            values = {"org": actor.tenant, "ids": [*told], "costs": list(costs), "refs": list(refs)}
            await self._session.execute(_ADD_EXTRAS, values)

    async def take_up(self, actor: Actor, products: Mapping[int, NewProduct]) -> None:
        """Watch variants that were not watched, by variant id, with the costs that are told."""
        if products:
            costs, extras = zip(*[(one.cost, one.additional_cost) for one in products.values()], strict=True)
            values = {"org": actor.tenant, "ids": [*products], "costs": list(costs), "extras": list(extras)}
            await self._session.execute(_TAKE_UP, values)

    async def write(self, actor: Actor, variant_id: int, values: Mapping[str, Any]) -> None:
        """Write fields of a variant that no store shows."""
        of_it = (Variant.organization_id == actor.tenant, Variant.id == variant_id)
        await self._session.execute(update(Variant).where(*of_it).values(**values, updated_at=func.now()))

    async def move_category(self, actor: Actor, row: MonitoredRow, category_id: int, name: str) -> None:
        """Put a product into another category in place of the one it is in."""
        values = {"org": actor.tenant, "product": row.product_id, "category": category_id}
        await self._session.execute(_MOVE_CATEGORY, {**values, "name": name, "before": row.category})

    async def is_shown(self, actor: Actor, variant_id: int) -> bool:
        """Tell whether a store shows a variant."""
        found = await self._session.execute(_IS_SHOWN, {"org": actor.tenant, "variant": variant_id})
        return bool(found.scalar_one())

    async def bury(self, actor: Actor, row: MonitoredRow, reason: str) -> None:
        """Take a variant out of the catalog, with its product when it was the last, with history and event."""
        who = "" if actor.user_id is None else str(actor.user_id)
        values = {"org": actor.tenant, "variant": row.id, "product": row.product_id}
        await self._session.execute(_BURY, {**values, "who": who, "reason": reason})

    async def remove_pages(self, actor: Actor, variant_id: int) -> list[int]:
        """Delete the tracked pages of a variant and return their ids."""
        query = delete(TrackedUrl).where(
            TrackedUrl.organization_id == actor.tenant, TrackedUrl.variant_id == variant_id
        )
        return list((await self._session.execute(query.returning(TrackedUrl.id))).scalars())

    async def count_products(self, organization_id: uuid.UUID) -> int:
        """Return how many products the catalog holds: what a plan's limit counts."""
        values = {"org": organization_id, "limit": None}
        return int((await self._session.execute(text(merge_sql.COUNT_LIVE), values)).scalar_one())

    async def bump_revision(self, organization_id: uuid.UUID) -> None:
        """Note that the catalog changed."""
        await self._session.execute(text(merge_sql.BUMP_LISTS), {"org": organization_id})
