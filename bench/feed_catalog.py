"""A catalog of any size for feeds, made inside the database: realistic texts, pictures, options and stock."""

import uuid

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_DESCRIPTION = (
    "'<p>Item ' || n || ' is made of <strong>brushed steel &amp; oak</strong>, ' || n % 90 || ' cm high, weighs little'"
    " || ' and lasts long.</p><p>It comes in a box of recycled cardboard. Guarantee: two years. Delivered within '"
    " || 1 + n % 5 || ' days; returns are free for thirty days.</p>'"
)
"""220 characters and six tags: twice what the descriptions in the sample files hold."""

_STATEMENTS = (
    """INSERT INTO brands (organization_id, name)
    SELECT cast(:org AS uuid), 'Brand ' || n FROM generate_series(1, 50) n ON CONFLICT DO NOTHING""",
    f"""INSERT INTO products (organization_id, title, description, handle, brand_id, categories, images, url)
    SELECT cast(:org AS uuid), 'Item ' || n || ' & friends', {_DESCRIPTION}, 'item-' || n,
           (SELECT min(id) FROM brands WHERE organization_id = :org) + n % 50, ARRAY['Home', 'Home > Kitchen'],
           jsonb_build_array(
               jsonb_build_object('url', 'https://shop.example.com/img/' || n || '-1.jpg', 'alt', 'front'),
               jsonb_build_object('url', 'https://shop.example.com/img/' || n || '-2.jpg', 'alt', 'back')),
           'https://shop.example.com/products/item-' || n
    FROM generate_series(cast(:from AS int), cast(:to AS int)) n""",
    """INSERT INTO variants
           (organization_id, product_id, title, sku, barcode, currency, price, sale_price, options, url)
    SELECT cast(:org AS uuid), p.id, '', 'SKU-' || p.id, '4006381333931', 'EUR', 10 + p.id % 500 + 0.99,
           CASE WHEN p.id % 4 = 0 THEN 9.50 END, CASE WHEN p.id % 2 = 0 THEN '{"Color": "Blue"}' ELSE '{}' END::jsonb,
           p.url || '?variant=' || p.id
    FROM products p WHERE p.organization_id = :org AND p.handle BETWEEN 'item-' AND 'item.'
      AND NOT EXISTS (SELECT 1 FROM variants v WHERE v.product_id = p.id)""",
    """INSERT INTO stock_levels (organization_id, variant_id, on_hand)
    SELECT organization_id, id, id % 20 FROM variants v WHERE v.organization_id = :org
      AND NOT EXISTS (SELECT 1 FROM stock_levels s WHERE s.variant_id = v.id)""",
    "UPDATE organizations SET catalog_revision = catalog_revision + 1 WHERE id = :org",
)


async def fill(session: AsyncSession, organization_id: uuid.UUID, first: int, last: int) -> None:
    """Add products number *first* to *last* with one variant each."""
    parameters = {"org": organization_id, "from": first, "to": last}
    for statement in _STATEMENTS:
        used = {name: value for name, value in parameters.items() if f":{name}" in statement}
        await session.execute(text(statement), used)
