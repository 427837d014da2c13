"""Products that are to be put up for sale in a store: what the store is given, and the links once it has them."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.ports.store_platform import PlatformImage, PlatformProduct, PlatformVariant
from backend.ports.store_writes import CreatedProduct

_PRODUCTS = text("""
SELECT p.id, p.title, p.description, p.handle, p.status, p.categories, p.tags, p.images, p.option_names,
       coalesce(b.name, '') AS brand
FROM products p LEFT JOIN brands b ON b.id = p.brand_id
WHERE p.organization_id = :org AND p.id = ANY(:products) AND p.deleted_at IS NULL
""")
_VARIANTS = text("""
SELECT v.id, v.product_id, v.title, v.sku, v.barcode, v.price, v.sale_price, v.cost, v.options, v.attributes,
       v.image_url, v.weight_g, v.active, v.currency, k.on_hand, coalesce(k.in_stock, true) AS in_stock,
       coalesce(k.backorder, false) AS backorder
FROM variants v LEFT JOIN LATERAL (
    SELECT sum(on_hand)::bigint AS on_hand, bool_or(in_stock) AS in_stock, bool_or(backorder) AS backorder
    FROM stock_levels WHERE organization_id = :org AND variant_id = v.id
) k ON true
WHERE v.organization_id = :org AND v.product_id = ANY(:products) AND v.deleted_at IS NULL
ORDER BY v.product_id, v.position, v.id
""")
_ADD_LINK = text("""
INSERT INTO product_links (organization_id, store_id, external_id, product_id, seen_hash, url)
VALUES (:org, :store, :external_id, :product, '', :url)
ON CONFLICT (organization_id, store_id, external_id) DO UPDATE SET gone_at = NULL, updated_at = now()
WHERE product_links.product_id = excluded.product_id
""")
_ADD_LISTINGS = text("""
INSERT INTO listings (organization_id, store_id, external_id, external_product_id, variant_id, inventory_id, seen_hash)
SELECT :org, :store, told.external_id, :external_product_id, told.variant_id, told.inventory_id, ''
FROM unnest(cast(:ids AS text[]), cast(:variants AS bigint[]), cast(:inventory AS text[]))
     AS told(external_id, variant_id, inventory_id)
ON CONFLICT (organization_id, store_id, external_id) DO UPDATE SET gone_at = NULL, state = 'active', updated_at = now()
WHERE listings.variant_id = excluded.variant_id
""")
_KNOWN = text("""
SELECT external_id FROM listings
WHERE organization_id = :org AND store_id = :store AND external_id = ANY(cast(:ids AS text[])) AND gone_at IS NULL
FOR UPDATE
""")
_ENDED = text("""
UPDATE listings l SET state = 'unlisted', gone_at = now(), shown = NULL, due = NULL, updated_at = now()
FROM product_links p
WHERE p.organization_id = :org AND p.store_id = :store AND p.product_id = :product AND p.gone_at IS NULL
  AND l.organization_id = :org AND l.store_id = :store AND l.external_product_id = p.external_id AND l.gone_at IS NULL
""")
_UNLINK = text("""
UPDATE product_links SET gone_at = now(), shown = NULL, due = NULL, updated_at = now()
WHERE organization_id = :org AND store_id = :store AND product_id = :product AND gone_at IS NULL
""")
_LINKS = text("""
SELECT l.product_id, l.external_id, p.title, coalesce(l.shown ->> 'status', p.status) AS status
FROM product_links l JOIN products p ON p.organization_id = l.organization_id AND p.id = l.product_id
WHERE l.organization_id = :org AND l.store_id = :store AND l.product_id = ANY(:products) AND l.gone_at IS NULL
""")

GIVEN = "given"
"""Under it a creation's change keeps the product as the store is given it, until the store has answered."""


class CreationRepository:
    """Reads whole products for a store, and links them once they are there."""

    def __init__(self, session: AsyncSession, organization_id: uuid.UUID, store_id: uuid.UUID) -> None:
        self._session = session
        self._scope: dict[str, Any] = {"org": organization_id, "store": store_id}

    async def links(self, product_ids: Sequence[int]) -> dict[int, tuple[str, str, str]]:
        """Return external id, title and shown status of those products that the store shows already."""
        found = await self._session.execute(_LINKS, {**self._scope, "products": list(product_ids)})
        return {row.product_id: (row.external_id, row.title, row.status) for row in found}

    async def products(self, product_ids: Sequence[int], currency: str) -> dict[int, PlatformProduct]:
        """Return whole products for a store that sells in *currency*; those in another one have no prices to give.

        Their external ids, and those of their variants, are the catalog's numbers as text.
        """
        values = {**self._scope, "products": list(product_ids)}
        variants: dict[int, list[PlatformVariant]] = {}
        for row in (await self._session.execute(_VARIANTS, values)).mappings():
            variants.setdefault(row["product_id"], []).append(_variant(row, currency))
        found = (await self._session.execute(_PRODUCTS, values)).mappings()
        return {row["id"]: _product(row, variants.get(row["id"], [])) for row in found}

    async def known(self, created: CreatedProduct) -> frozenset[str]:
        """Return the external ids of variants of a created product that a pull has met already."""
        values = {**self._scope, "ids": [one.external_id for one in created.variants]}
        return frozenset((await self._session.execute(_KNOWN, values)).scalars())

    async def link(self, product_id: int, created: CreatedProduct) -> None:
        """Note under which ids a store keeps a product; what it shows exactly is read with the next run."""
        await self._session.execute(
            _ADD_LINK,
            {
                **self._scope,
                "external_id": created.external_product_id,
                "product": product_id,
                "url": created.url,
            },
        )
        await self._session.execute(
            _ADD_LISTINGS,
            {
                **self._scope,
                "external_product_id": created.external_product_id,
                "ids": [one.external_id for one in created.variants],
                "variants": [int(one.own_id) for one in created.variants],
                "inventory": [one.inventory_id for one in created.variants],
            },
        )

    async def unlink(self, product_id: int) -> None:
        """Note that a store does not keep a product any more: we deleted what we had created."""
        await self._session.execute(_ENDED, {**self._scope, "product": product_id})
        await self._session.execute(_UNLINK, {**self._scope, "product": product_id})


def _product(row: Mapping[Any, Any], variants: list[PlatformVariant]) -> PlatformProduct:
    return PlatformProduct(
        external_id=str(row["id"]),
        title=row["title"],
        description=row["description"],
        handle=row["handle"],
        brand=row["brand"],
        categories=tuple(row["categories"]),
        tags=tuple(row["tags"]),
        images=tuple(PlatformImage(url=one["url"], alt=one.get("alt", "")) for one in row["images"]),
        option_names=tuple(row["option_names"]),
        status=row["status"],
        variants=tuple(variants),
    )


def _variant(row: Mapping[Any, Any], currency: str) -> PlatformVariant:
    priced = row["currency"] == currency
    return PlatformVariant(
        external_id=str(row["id"]),
        external_product_id=str(row["product_id"]),
        title=row["title"],
        sku=row["sku"],
        barcode=row["barcode"],
        price=row["price"] if priced else None,
        sale_price=row["sale_price"] if priced else None,
        cost=row["cost"] if priced else None,
        stock=row["on_hand"],
        in_stock=row["in_stock"],
        backorder=row["backorder"],
        options=row["options"],
        attributes={name: value for name, value in row["attributes"].items() if isinstance(value, str)},
        image_url=row["image_url"],
        weight_g=row["weight_g"],
        active=row["active"],
    )


def creation_fields(product: PlatformProduct) -> dict[str, list[Any]]:
    """Return what the change set says of a product that is to be created."""
    wanted: dict[str, Any] = {
        "title": product.title,
        "status": product.status,
        "variants": len(product.variants),
        "skus": [one.sku for one in product.variants if one.sku][:20],
        "images": len(product.images),
    }
    return {name: [None, msgspec.to_builtins(value)] for name, value in wanted.items()}


def kept(product: PlatformProduct) -> list[Any]:
    """Return a product as it is kept with its change while it is being made; `kept_product` reads it."""
    return [None, msgspec.to_builtins(product)]


def kept_product(fields: Mapping[str, Any]) -> PlatformProduct | None:
    """Return the product that a creation's change keeps."""
    return msgspec.convert(fields[GIVEN][1], PlatformProduct, strict=False) if GIVEN in fields else None
