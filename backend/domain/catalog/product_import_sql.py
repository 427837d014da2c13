"""The statements of an import. `:org` is the scope; staging tables hold the input, `resolved_*` what it is.

A column that the file does not have says nothing: before anything is compared, the staged rows take over what the
catalog has there. Equal rows are then left alone.
"""

from collections.abc import Iterable, Mapping

SKU_HITS = """
SELECT DISTINCT s.external_product_id, s.sku, v.product_id, p.handle <> '' AND p.handle = n.handle
FROM stage_variants s
JOIN stage_products n ON n.external_id = s.external_product_id
JOIN variants v ON v.organization_id = :org AND v.sku = s.sku AND v.deleted_at IS NULL
JOIN LATERAL (
    SELECT o.handle, o.deleted_at FROM products o WHERE o.organization_id = :org AND o.id = v.product_id LIMIT 1
) p ON p.deleted_at IS NULL
WHERE s.sku <> ''
"""

HANDLE_HITS = """
SELECT s.external_id, p.id
FROM stage_products s
JOIN products p ON p.organization_id = :org AND p.handle = s.handle AND p.deleted_at IS NULL
WHERE s.handle <> '' ORDER BY p.id
"""

KNOWN_VARIANTS = """
SELECT v.id, v.product_id, v.sku, cast(v.options AS text) FROM variants v
WHERE v.organization_id = :org AND v.product_id = ANY(:products)
ORDER BY v.deleted_at IS NOT NULL, v.id
"""

# New rows get their numbers in the order of the file.

RESOLVE_PRODUCTS = """
INSERT INTO resolved_products (organization_id, external_id, product_id, is_new, changed)
SELECT cast(:org AS uuid), chosen.external_id, coalesce(chosen.product_id, nextval('products_id_seq')),
       chosen.product_id IS NULL, true
FROM unnest(cast(:external_ids AS text[]), cast(:product_ids AS bigint[])) WITH ORDINALITY
     AS chosen (external_id, product_id, n)
ORDER BY chosen.n
RETURNING external_id, product_id
"""

RESOLVE_VARIANTS = """
INSERT INTO resolved_variants (organization_id, external_id, variant_id, product_id, is_new, changed)
SELECT r.organization_id, chosen.external_id, coalesce(chosen.variant_id, nextval('variants_id_seq')), r.product_id,
       chosen.variant_id IS NULL, true
FROM unnest(cast(:external_ids AS text[]), cast(:variant_ids AS bigint[])) WITH ORDINALITY
     AS chosen (external_id, variant_id, n)
JOIN stage_variants s ON s.external_id = chosen.external_id
JOIN resolved_products r ON r.external_id = s.external_product_id
ORDER BY chosen.n
"""

NEW_PRODUCTS = "SELECT count(*) FROM resolved_products WHERE is_new"
ADDED_PRODUCTS = "SELECT external_id, product_id FROM resolved_products WHERE is_new ORDER BY product_id"
ADDED_VARIANTS = "SELECT external_id, variant_id, product_id FROM resolved_variants WHERE is_new ORDER BY variant_id"
HELD_PRODUCTS = "SELECT external_id, product_id FROM resolved_products WHERE NOT is_new"
LIVE_PRODUCTS = "SELECT count(*) FROM products WHERE organization_id = :org AND deleted_at IS NULL"

_KEPT_PRODUCT: Mapping[str, str] = {
    "description": "p.description",
    "handle": "coalesce(nullif(p.handle, ''), s.handle)",
    "status": "p.status",
    "brand": "coalesce((SELECT b.name FROM brands b WHERE b.id = p.brand_id), '')",
    "categories": "p.categories",
    "tags": "p.tags",
    "images": "cast(p.images AS text)",
}
_KEPT_VARIANT: Mapping[str, tuple[str, ...]] = {
    "sku": ("sku = v.sku",),
    "barcode": ("barcode = v.barcode",),
    "price": ("price = cast(v.price AS text)", "sale_price = cast(v.sale_price AS text)"),
    "cost": ("cost = cast(v.cost AS text)",),
    "stock": ("stock = k.on_hand",),
    "in_stock": ("in_stock = coalesce(k.in_stock, s.in_stock)",),
    "backorder": ("backorder = coalesce(k.backorder, s.backorder)",),
    "weight_g": ("weight_g = v.weight_g",),
    "image_url": ("image_url = v.image_url",),
    "active": ("active = v.active",),
    "attributes": ("attributes = cast(v.attributes AS text)",),
}


def keep_products(told: Iterable[str]) -> str:
    """Return the statement that takes over what the file does not tell about products that exist."""
    kept = [f"{name} = {source}" for name, source in _KEPT_PRODUCT.items() if name not in set(told)]
    # A file never clears the page a customer buys on: neither format exports it for ordinary products.
    return f"""
UPDATE stage_products s SET {", ".join([*kept, "url = coalesce(nullif(s.url, ''), p.url)"])}
FROM resolved_products r JOIN products p ON p.organization_id = r.organization_id AND p.id = r.product_id
WHERE r.external_id = s.external_id AND NOT r.is_new
"""


def keep_variants(told: Iterable[str]) -> str:
    """Return the statement that takes over what the file does not tell about variants that exist."""
    kept = [each for name, parts in _KEPT_VARIANT.items() if name not in set(told) for each in parts]
    return f"""
UPDATE stage_variants s SET {", ".join([*kept, "url = coalesce(nullif(s.url, ''), v.url)"])}
FROM resolved_variants r JOIN variants v ON v.organization_id = r.organization_id AND v.id = r.variant_id
LEFT JOIN stock_levels k ON k.organization_id = v.organization_id AND k.variant_id = v.id AND k.location = 'default'
WHERE r.external_id = s.external_id AND NOT r.is_new
"""


LEAVE_EQUAL_PRODUCTS = """
UPDATE resolved_products r SET changed = false
FROM stage_products s, products p LEFT JOIN brands b ON b.id = p.brand_id
WHERE NOT r.is_new AND s.external_id = r.external_id AND p.organization_id = r.organization_id AND p.id = r.product_id
  AND (p.title, p.description, p.handle, p.status, p.categories, p.tags, p.images, p.option_names, p.url,
       lower(coalesce(b.name, '')))
    IS NOT DISTINCT FROM
      (s.title, s.description, s.handle, s.status, s.categories, s.tags, cast(s.images AS jsonb), s.option_names,
       s.url, lower(s.brand))
"""

LEAVE_EQUAL_VARIANTS = """
UPDATE resolved_variants r SET changed = false
FROM stage_variants s, variants v
LEFT JOIN stock_levels k ON k.organization_id = v.organization_id AND k.variant_id = v.id AND k.location = 'default'
WHERE NOT r.is_new AND s.external_id = r.external_id AND v.organization_id = r.organization_id AND v.id = r.variant_id
  AND v.deleted_at IS NULL AND v.product_id = r.product_id
  AND (v.title, v.sku, v.barcode, v.price, v.sale_price, v.cost, v.options, v.attributes, v.image_url, v.url,
       v.weight_g, v.active, k.on_hand, k.in_stock, k.backorder)
    IS NOT DISTINCT FROM
      (s.title, s.sku, s.barcode, cast(s.price AS numeric), cast(s.sale_price AS numeric), cast(s.cost AS numeric),
       cast(s.options AS jsonb), cast(s.attributes AS jsonb), s.image_url, s.url, s.weight_g, s.active, s.stock,
       s.in_stock, s.backorder)
"""

# Prices of a file have no currency: those of a variant that exists are in its own.
UPDATE_VARIANTS = """
UPDATE variants v
SET product_id = r.product_id, position = s.position, title = s.title, sku = s.sku, barcode = s.barcode,
    price = cast(s.price AS numeric), sale_price = cast(s.sale_price AS numeric), cost = cast(s.cost AS numeric),
    options = cast(s.options AS jsonb), attributes = cast(s.attributes AS jsonb), image_url = s.image_url,
    url = s.url, weight_g = s.weight_g, active = s.active, updated_at = now(), deleted_at = NULL
FROM stage_variants s JOIN resolved_variants r USING (external_id)
WHERE r.changed AND NOT r.is_new AND v.organization_id = r.organization_id AND v.id = r.variant_id
"""

IMPORTED_PIECES = """
SELECT r.variant_id, s.stock FROM stage_variants s JOIN resolved_variants r USING (external_id)
WHERE r.changed AND NOT r.is_new AND s.stock IS DISTINCT FROM (
    SELECT sum(k.on_hand) FROM stock_levels k
    WHERE k.organization_id = r.organization_id AND k.variant_id = r.variant_id)
  AND s.stock IS NOT NULL
ORDER BY r.variant_id
"""
"""Variants of which the file counts other pieces than the catalog; it knows one place."""

WRITE_STOCK_FLAGS = """
UPDATE stock_levels k
SET in_stock = s.in_stock, backorder = s.backorder, on_hand = CASE WHEN s.stock IS NOT NULL THEN k.on_hand END,
    updated_at = now()
FROM stage_variants s JOIN resolved_variants r USING (external_id)
WHERE r.changed AND NOT r.is_new AND k.organization_id = r.organization_id AND k.variant_id = r.variant_id
  AND k.location = 'default'
"""

COUNT = """
SELECT count(*) FILTER (WHERE r.is_new),
       count(*) FILTER (WHERE NOT r.is_new AND (r.changed OR moved.external_product_id IS NOT NULL)),
       count(*)
FROM resolved_products r
LEFT JOIN (
    SELECT DISTINCT s.external_product_id FROM stage_variants s JOIN resolved_variants v USING (external_id)
    WHERE v.changed
) moved ON moved.external_product_id = r.external_id
"""

EMPTY = "TRUNCATE stage_products, stage_variants, resolved_products, resolved_variants"
