"""The statements of an edit. `:org` is their scope; `changed_fields` holds what is to be written."""

from backend.domain.catalog.held_sql import HELD_PRODUCT, HELD_VARIANT

LOCK_PRODUCTS = f"""
SELECT p.id, {HELD_PRODUCT} AS held FROM products p
WHERE p.organization_id = :org AND p.id = ANY(cast(:ids AS bigint[])) AND p.deleted_at IS NULL
ORDER BY p.id FOR UPDATE OF p
"""
LOCK_VARIANTS = f"""
SELECT v.id, v.product_id, {HELD_VARIANT} AS held FROM variants v
WHERE v.organization_id = :org AND v.id = ANY(cast(:ids AS bigint[])) AND v.deleted_at IS NULL
ORDER BY v.id FOR UPDATE OF v
"""

BRAND_NAMES = "SELECT id, name FROM brands WHERE organization_id = :org AND id = ANY(cast(:ids AS bigint[]))"


def _text(side: str, field: str) -> str:
    return f"{field} = coalesce(c.changes -> '{field}' ->> 1, {side}.{field})"


def _nothing_too(field: str, cast: str) -> str:
    """Return the assignment of a field that can hold nothing."""
    return (
        f"{field} = CASE WHEN c.changes ? '{field}' THEN cast(c.changes -> '{field}' ->> 1 AS {cast})"
        f" ELSE v.{field} END"
    )


_PRODUCT = ", ".join(_text("p", field) for field in ("title", "description", "status"))
_VARIANT = ", ".join(
    [
        *(_text("v", field) for field in ("sku", "barcode")),
        *(_nothing_too(field, "numeric") for field in ("price", "sale_price")),
        _nothing_too("weight_g", "int"),
    ]
)

WRITE_PRODUCTS = f"""
UPDATE products p
SET {_PRODUCT}, images = coalesce(c.changes -> 'images' -> 1, p.images),
    tags = CASE WHEN c.changes ? 'tags' THEN ARRAY(SELECT jsonb_array_elements_text(c.changes -> 'tags' -> 1))
                ELSE p.tags END,
    brand_id = CASE WHEN c.changes ? 'brand' THEN (
                   SELECT b.id FROM brands b WHERE b.organization_id = :org AND b.name = c.changes -> 'brand' ->> 1)
               ELSE p.brand_id END,
    updated_at = now()
FROM changed_fields c
WHERE c.variant_id IS NULL AND p.organization_id = c.organization_id AND p.id = c.product_id
"""
WRITE_VARIANTS = f"""
UPDATE variants v SET {_VARIANT}, updated_at = now()
FROM changed_fields c
WHERE v.organization_id = c.organization_id AND v.id = c.variant_id
"""
