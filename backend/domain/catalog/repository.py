"""Queries that look at the catalog; those that fill it are in `merge_sql`."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Select, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.models.catalog import Brand, Product, Variant
from backend.ports.actor import Actor


class ProductRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a list of products."""

    id: int
    title: str
    status: str
    """`active`, `draft` or `archived`."""
    image_url: str
    """Main picture, as the store gave it; empty when there is none."""
    sku: str
    """Of the first variant that has one."""
    variants: int
    currencies: int
    """How many different ones its variants have; prices compare only when it is 1."""
    currency: str
    price_from: Decimal | None
    """Lowest price in force over all variants, in `currency`."""
    price_to: Decimal | None
    on_hand: int | None
    """Pieces of all variants in all places; None when nothing is counted."""
    uncounted_in_stock: bool
    """Whether something that is not counted is in stock."""
    stores: tuple[str, ...]
    """Names of the stores that show it."""


class VariantRow(msgspec.Struct, frozen=True, kw_only=True):
    """One variant of a shown product; money in `currency`."""

    id: int
    title: str
    sku: str
    barcode: str
    currency: str
    price: Decimal | None
    sale_price: Decimal | None
    active: bool
    on_hand: int | None
    uncounted_in_stock: bool
    backorder: bool


class ProductPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A store that shows a product."""

    store_id: uuid.UUID
    store_name: str
    external_id: str
    url: str
    """The page a customer buys on there; empty when unknown."""
    gone_at: datetime | None
    """When it was last found missing there."""


_LINES = text("""
SELECT p.id, p.title, p.status, coalesce(p.images -> 0 ->> 'url', '') AS image_url, coalesce(v.sku, '') AS sku,
       v.variants, v.currencies, coalesce(v.currency, '') AS currency, v.price_from, v.price_to, v.on_hand,
       coalesce(v.uncounted, false) AS uncounted_in_stock, coalesce(s.names, '{}') AS stores
FROM products p
LEFT JOIN LATERAL (
    SELECT count(*) AS variants, (array_agg(sku ORDER BY position, id) FILTER (WHERE sku <> ''))[1] AS sku,
           count(DISTINCT currency) AS currencies, min(currency) AS currency,
           min(coalesce(sale_price, price)) AS price_from, max(coalesce(sale_price, price)) AS price_to,
           sum(stock.on_hand)::bigint AS on_hand, bool_or(stock.uncounted) AS uncounted
    FROM variants LEFT JOIN LATERAL (
        SELECT sum(on_hand) AS on_hand, bool_or(in_stock) FILTER (WHERE on_hand IS NULL) AS uncounted
        FROM stock_levels WHERE organization_id = :org AND variant_id = variants.id
    ) stock ON true
    WHERE product_id = p.id AND organization_id = :org AND deleted_at IS NULL
) v ON true
LEFT JOIN LATERAL (
    SELECT array_agg(DISTINCT stores.name ORDER BY stores.name) AS names
    FROM product_links JOIN stores ON stores.id = product_links.store_id
    WHERE product_links.product_id = p.id AND product_links.organization_id = :org AND gone_at IS NULL
) s ON true
WHERE p.organization_id = :org AND p.id = ANY(:ids)
ORDER BY p.id DESC
""")

_VARIANTS = text("""
SELECT v.id, v.title, v.sku, v.barcode, v.currency, v.price, v.sale_price, v.active, stock.on_hand,
       coalesce(stock.uncounted, false) AS uncounted_in_stock, coalesce(stock.backorder, false) AS backorder
FROM variants v LEFT JOIN LATERAL (
    SELECT sum(on_hand)::bigint AS on_hand, bool_or(in_stock) FILTER (WHERE on_hand IS NULL) AS uncounted,
           bool_or(backorder) AS backorder
    FROM stock_levels WHERE organization_id = :org AND variant_id = v.id
) stock ON true
WHERE v.organization_id = :org AND v.product_id = :product AND v.deleted_at IS NULL
ORDER BY v.position, v.id LIMIT :most
""")

_PLACES = text("""
SELECT s.id AS store_id, s.name AS store_name, l.external_id, l.url, l.gone_at
FROM product_links l JOIN stores s ON s.id = l.store_id
WHERE l.organization_id = :org AND l.product_id = :product ORDER BY s.id, l.external_id
""")


class CatalogRepository:
    """Reads products as people look at them; tombstones are left out."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def visible_to(self, actor: Actor) -> Select[Product]:
        """Return the query every read starts from."""
        return select(Product).where(Product.organization_id == actor.tenant, Product.deleted_at.is_(None))

    async def count(self, actor: Actor) -> int:
        """Count the products."""
        query = self.visible_to(actor).with_only_columns(func.count())
        return int((await self._session.execute(query)).scalar_one())

    async def ids(self, actor: Actor, *, search: str, below: int | None, above: int | None, most: int) -> Sequence[int]:
        """Return ids, newest first: those just below one id, or just above another."""
        query = self.visible_to(actor).with_only_columns(Product.id)
        if search:
            query = query.where(_matches(actor, search))
        if below is not None:
            query = query.where(Product.id < below)
        if above is not None:
            query = query.where(Product.id > above).order_by(Product.id)
        else:
            query = query.order_by(Product.id.desc())
        return sorted((await self._session.execute(query.limit(most))).scalars(), reverse=True)

    async def rows(self, actor: Actor, ids: Sequence[int]) -> list[ProductRow]:
        """Return the lines of products, newest first."""
        if not ids:
            return []
        found = await self._session.execute(_LINES, {"org": actor.tenant, "ids": list(ids)})
        return [ProductRow(**{**row, "stores": tuple(row["stores"])}) for row in found.mappings()]

    async def product(self, actor: Actor, product_id: int) -> tuple[Product, str] | None:
        """Return a product and its brand's name."""
        query = (
            self.visible_to(actor)
            .add_columns(func.coalesce(Brand.name, ""))
            .outerjoin(Brand, Brand.id == Product.brand_id)
            .where(Product.id == product_id)
        )
        row: Any = (await self._session.execute(query)).one_or_none()
        return None if row is None else (row[0], row[1])

    async def variants(self, actor: Actor, product_id: int, most: int) -> list[VariantRow]:
        """Return a product's variants in the store's order."""
        values = {"org": actor.tenant, "product": product_id, "most": most}
        return [VariantRow(**row) for row in (await self._session.execute(_VARIANTS, values)).mappings()]

    async def places(self, actor: Actor, product_id: int) -> list[ProductPlace]:
        """Return the stores that show or once showed a product."""
        found = await self._session.execute(_PLACES, {"org": actor.tenant, "product": product_id})
        return [ProductPlace(**row) for row in found.mappings()]


def _matches(actor: Actor, search: str) -> Any:
    # The inner query does not refer to the outer row, so it is answered once however many products there are.
    by_sku = select(Variant.product_id).where(
        Variant.organization_id == actor.tenant,
        Variant.deleted_at.is_(None),
        Variant.sku.icontains(search, autoescape=True),
    )
    return or_(Product.title.icontains(search, autoescape=True), Product.id.in_(by_sku))
