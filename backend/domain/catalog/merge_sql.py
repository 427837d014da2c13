"""The statements of a merge. `:org`, `:store` and `:currency` are its scope; temporary tables hold what has changed.

What is new goes into its tables by COPY (`new_rows.py`); what is as last time is not even staged.
"""

LOCK_STORE = "SELECT pg_advisory_xact_lock(hashtextextended(cast(cast(:store AS uuid) AS text), 7))"

# One look-up in the unique index for each row, spelled so that the planner cannot do otherwise: it takes an array for a
# hundred rows, and of a tenant that came after statistics were taken it knows nothing; a plan that goes through all the
# rows of a store for each one looks as cheap.

_SHOWN = "unnest(cast(:ids AS text[]), cast(:hashes AS bytea[])) AS shown(external_id, hash)"

# Answers come as arrays in one row: the driver reads those many times faster than as many rows.

KNOWN_PRODUCTS = f"""
SELECT array_agg(shown.external_id), array_agg(CASE WHEN known.same THEN NULL ELSE known.product_id END),
       array_agg(CASE WHEN NOT known.same THEN (
           SELECT p.deleted_at IS NOT NULL FROM products p
           WHERE p.organization_id = :org AND p.id = known.product_id) END)
FROM {_SHOWN}
CROSS JOIN LATERAL (
    SELECT l.product_id, l.seen_hash = shown.hash AND l.gone_at IS NULL AS same FROM product_links l
    WHERE l.organization_id = :org AND l.store_id = :store AND l.external_id = shown.external_id LIMIT 1
) known
"""
"""External ids, product ids (NULL: shown as last time), whether each product is a tombstone."""

KNOWN_VARIANTS = f"""
SELECT array_agg(shown.external_id), array_agg(CASE WHEN known.same THEN NULL ELSE known.variant_id END)
FROM {_SHOWN}
CROSS JOIN LATERAL (
    SELECT l.variant_id, l.seen_hash = shown.hash AND l.gone_at IS NULL AS same FROM listings l
    WHERE l.organization_id = :org AND l.store_id = :store AND l.external_id = shown.external_id LIMIT 1
) known
"""
"""External ids, variant ids (NULL: shown as last time)."""

PARENTS = """
SELECT array_agg(shown.external_id), array_agg(known.product_id)
FROM unnest(cast(:ids AS text[])) AS shown(external_id)
CROSS JOIN LATERAL (
    SELECT l.product_id, l.gone_at FROM product_links l
    WHERE l.organization_id = :org AND l.store_id = :store AND l.external_id = shown.external_id LIMIT 1
) known
WHERE known.gone_at IS NULL
"""

# Merges of one organization that add products take turns at counting them.
LOCK_COUNT = "SELECT pg_advisory_xact_lock(hashtextextended(cast(cast(:org AS uuid) AS text), 8))"

COUNT_LIVE = """
SELECT count(*) FROM (
    SELECT 1 FROM products WHERE organization_id = :org AND deleted_at IS NULL LIMIT cast(:limit AS bigint)) held
"""

ENSURE_BRANDS = """
INSERT INTO brands (organization_id, name)
SELECT DISTINCT ON (lower(shown.name)) cast(:org AS uuid), shown.name FROM unnest(cast(:names AS text[])) AS shown(name)
WHERE NOT EXISTS (SELECT 1 FROM brands b WHERE b.organization_id = :org AND lower(b.name) = lower(shown.name))
ON CONFLICT DO NOTHING
"""
BRANDS = """
SELECT shown.name, b.id FROM unnest(cast(:names AS text[])) AS shown(name)
JOIN brands b ON b.organization_id = :org AND lower(b.name) = lower(shown.name)
"""
ENSURE_CATEGORIES, CATEGORIES = ENSURE_BRANDS.replace("brands", "categories"), BRANDS.replace("brands", "categories")

UPDATE_PRODUCTS = """
UPDATE products p
SET title = s.title, description = s.description, handle = s.handle, status = s.status,
    brand_id = (SELECT b.id FROM brands b
                WHERE b.organization_id = :org AND lower(b.name) = lower(s.brand) AND s.brand <> ''),
    category_id = (SELECT c.id FROM categories c
                   WHERE c.organization_id = :org AND lower(c.name) = lower(s.categories[cardinality(s.categories)])),
    categories = s.categories, tags = s.tags, images = cast(s.images AS jsonb), option_names = s.option_names,
    url = s.url, updated_at = now(), deleted_at = NULL
FROM stage_products s JOIN resolved_products r USING (external_id)
WHERE r.changed AND NOT r.is_new AND p.organization_id = r.organization_id AND p.id = r.product_id
"""

UPDATE_PRODUCT_LINKS = """
UPDATE product_links l
SET seen_hash = s.hash, url = s.url, seen_modified_at = s.modified_at, gone_at = NULL, updated_at = now()
FROM stage_products s JOIN resolved_products r USING (external_id)
WHERE r.changed AND NOT r.is_new
  AND l.organization_id = r.organization_id AND l.store_id = r.store_id AND l.external_id = r.external_id
"""

UPDATE_VARIANTS = """
UPDATE variants v
SET product_id = r.product_id, position = s.position, title = s.title, sku = s.sku, barcode = s.barcode,
    currency = :currency, price = cast(s.price AS numeric), sale_price = cast(s.sale_price AS numeric),
    cost = coalesce(cast(s.cost AS numeric), v.cost), options = cast(s.options AS jsonb),
    attributes = cast(s.attributes AS jsonb), image_url = s.image_url, url = s.url, weight_g = s.weight_g,
    active = s.active, updated_at = now(), deleted_at = NULL
FROM stage_variants s JOIN resolved_variants r USING (external_id)
WHERE r.changed AND NOT r.is_new AND v.organization_id = r.organization_id AND v.id = r.variant_id
"""

# Where its pieces lie: in the places the store names, or in one place.
_LEVELS = """
LATERAL (
    SELECT 'default' AS location, s.stock AS on_hand WHERE s.levels = ''
    UNION ALL
    SELECT named.key, cast(named.value AS int) FROM jsonb_each_text(cast(nullif(s.levels, '') AS jsonb)) AS named
) told
"""
_CHANGED_VARIANTS = "FROM stage_variants s JOIN resolved_variants r USING (external_id)"

WRITE_STOCK = f"""
INSERT INTO stock_levels AS k (organization_id, variant_id, location, on_hand, in_stock, backorder)
SELECT r.organization_id, r.variant_id, told.location, told.on_hand, s.in_stock, s.backorder
{_CHANGED_VARIANTS}, {_LEVELS} LEFT JOIN LATERAL (
    SELECT true AS there, o.on_hand, o.in_stock, o.backorder FROM stock_levels o
    WHERE o.organization_id = r.organization_id AND o.variant_id = r.variant_id AND o.location = told.location LIMIT 1
) known ON true
WHERE r.changed AND NOT r.is_new AND (known.there IS NULL OR
      (known.on_hand, known.in_stock, known.backorder) IS DISTINCT FROM (told.on_hand, s.in_stock, s.backorder))
ON CONFLICT (organization_id, variant_id, location) DO UPDATE
SET on_hand = excluded.on_hand, in_stock = excluded.in_stock, backorder = excluded.backorder, updated_at = now()
"""
"""What equals is left out before the insert: a conflict that changes nothing would lock its row all the same."""

HAS_PLACES = "SELECT EXISTS (SELECT 1 FROM locations WHERE organization_id = :org AND store_id = :store)"

DROP_STOCK = f"""
DELETE FROM stock_levels k USING stage_variants s JOIN resolved_variants r USING (external_id)
WHERE r.changed AND NOT r.is_new AND k.organization_id = r.organization_id AND k.variant_id = r.variant_id
  AND NOT EXISTS (SELECT 1 FROM {_LEVELS} WHERE told.location = k.location)
"""

UPDATE_LISTINGS = """
UPDATE listings l
SET seen_hash = s.hash, external_product_id = s.external_product_id, inventory_id = s.inventory_id,
    seen_modified_at = s.modified_at, state = 'active', gone_at = NULL, updated_at = now()
FROM stage_variants s JOIN resolved_variants r USING (external_id)
WHERE r.changed AND NOT r.is_new
  AND l.organization_id = r.organization_id AND l.store_id = r.store_id AND l.external_id = r.external_id
"""

BUMP_REVISION = "UPDATE organizations SET catalog_revision = catalog_revision + 1 WHERE id = :org"

# After a complete, verified walk: what it did not meet is gone from the store.

_LIVE = "l.organization_id = :org AND l.store_id = :store AND l.gone_at IS NULL"
_UNSEEN = f"""{_LIVE} AND NOT EXISTS (
    SELECT 1 FROM (SELECT unnest(s.external_ids) AS external_id FROM sync_seen s
                   WHERE s.run_id = :run AND s.kind IN ({{kinds}})) met
    WHERE met.external_id = l.external_id)"""
_UNSEEN_PRODUCTS = "FROM product_links l WHERE " + _UNSEEN.format(kinds="'product'")
_UNSEEN_VARIANTS = "FROM listings l WHERE " + _UNSEEN.format(kinds="'variant', 'apart'")

COUNT_MISSING = f"""
SELECT (SELECT count(*) {_UNSEEN_PRODUCTS}),
       (SELECT count(*) {_UNSEEN_VARIANTS}),
       (SELECT count(*) FROM product_links l WHERE {_LIVE}),
       (SELECT count(*) FROM listings l WHERE {_LIVE})
"""

MISSING_PRODUCTS = f"SELECT l.external_id {_UNSEEN_PRODUCTS}"
MISSING_VARIANTS = f"SELECT l.external_id {_UNSEEN_VARIANTS}"

MARK_PRODUCTS_GONE = f"""
WITH gone AS (
    UPDATE product_links l SET gone_at = now(), updated_at = now()
    WHERE {_UNSEEN.format(kinds="'product'")}
    RETURNING l.product_id
)
UPDATE products p SET deleted_at = now(), updated_at = now()
FROM gone
WHERE p.organization_id = :org AND p.id = gone.product_id AND p.deleted_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM product_links o WHERE o.organization_id = :org AND o.product_id = p.id AND o.store_id <> :store
      AND o.gone_at IS NULL)
"""

MARK_VARIANTS_GONE = f"""
WITH gone AS (
    UPDATE listings l SET gone_at = now(), state = 'unlisted', updated_at = now()
    WHERE {_UNSEEN.format(kinds="'variant', 'apart'")}
    RETURNING l.variant_id
)
UPDATE variants v SET deleted_at = now(), updated_at = now()
FROM gone
WHERE v.organization_id = :org AND v.id = gone.variant_id AND v.deleted_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM listings o WHERE o.organization_id = :org AND o.variant_id = v.id AND o.store_id <> :store
      AND o.gone_at IS NULL)
"""

# After a delta, which does not look for what is gone: a product that brings variants brings all it is sold as, and one
# whose variants come apart from it is not sold as itself any more (a simple product became variable, or back).

MARK_REPLACED_GONE = """
WITH gone AS (
    UPDATE listings l SET gone_at = now(), state = 'unlisted', updated_at = now()
    FROM product_links p JOIN variants v ON v.organization_id = :org AND v.product_id = p.product_id
    WHERE p.organization_id = :org AND p.store_id = :store AND p.external_id = ANY(cast(:products AS text[]))
      AND l.variant_id = v.id AND l.organization_id = :org AND l.store_id = :store AND l.gone_at IS NULL
      AND l.external_product_id = p.external_id
      AND NOT EXISTS (SELECT 1 FROM unnest(cast(:kept AS text[])) AS kept WHERE kept = l.external_id)
      AND (l.external_id = p.external_id OR p.external_id = ANY(cast(:whole AS text[])))
    RETURNING l.variant_id
)
UPDATE variants v SET deleted_at = now(), updated_at = now()
FROM gone
WHERE v.organization_id = :org AND v.id = gone.variant_id AND v.deleted_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM listings o WHERE o.organization_id = :org AND o.variant_id = v.id AND o.store_id <> :store
      AND o.gone_at IS NULL)
"""
