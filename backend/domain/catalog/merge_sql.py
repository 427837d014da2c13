"""The statements of a merge. `:org`, `:store` and `:currency` are its scope; staging tables hold the input.

Identity is decided first (`resolved_*`: which row, is it new, did it change), everything after follows it.
"""

LOCK_STORE = "SELECT pg_advisory_xact_lock(hashtextextended(cast(cast(:store AS uuid) AS text), 7))"

# What a store shows as it did last time is not even staged. One look-up in the unique index for each row, spelled so
# that the planner cannot do otherwise: it takes an array for a hundred rows, and a join went through the whole list.

_AS_LAST_TIME = """
SELECT shown.external_id
FROM unnest(cast(:ids AS text[]), cast(:hashes AS bytea[])) AS shown(external_id, hash)
CROSS JOIN LATERAL (
    SELECT l.seen_hash, l.gone_at FROM {table} l
    WHERE l.organization_id = :org AND l.store_id = :store AND l.external_id = shown.external_id LIMIT 1
) known
WHERE known.seen_hash = shown.hash AND known.gone_at IS NULL
"""
UNCHANGED_PRODUCTS = _AS_LAST_TIME.format(table="product_links")
UNCHANGED_VARIANTS = _AS_LAST_TIME.format(table="listings")

# Look-ups go by the unique index, row by row, whatever the statistics say: of a tenant that came after they were taken
# they know nothing, and a plan that goes through all its rows for each staged one looks as cheap.

RESOLVE_PRODUCTS = """
INSERT INTO resolved_products (external_id, product_id, link_id, is_new, changed)
SELECT s.external_id, coalesce(l.product_id, nextval('products_id_seq')), l.id, l.id IS NULL,
       l.id IS NULL OR l.seen_hash <> s.hash OR l.gone_at IS NOT NULL
FROM stage_products s
LEFT JOIN LATERAL (
    SELECT k.id, k.product_id, k.seen_hash, k.gone_at FROM product_links k
    WHERE k.organization_id = :org AND k.store_id = :store AND k.external_id = s.external_id LIMIT 1
) l ON true
"""

# What is new needs room in a plan, and so does what was gone and comes back: one look-up by key for each.
_NEED_ROOM = """
resolved_products r LEFT JOIN LATERAL (
    SELECT p.deleted_at FROM products p WHERE p.id = r.product_id LIMIT 1
) known ON NOT r.is_new
WHERE r.is_new OR known.deleted_at IS NOT NULL
"""

# Merges of one organization that add products take turns at counting them.
LOCK_COUNT = f"""
SELECT pg_advisory_xact_lock(hashtextextended(cast(cast(:org AS uuid) AS text), 8))
WHERE EXISTS (SELECT 1 FROM {_NEED_ROOM})
"""

DROP_OVER_LIMIT = f"""
WITH fresh AS (
    SELECT r.external_id, row_number() OVER (ORDER BY r.product_id) AS n FROM {_NEED_ROOM}
), room AS (
    SELECT cast(:limit AS bigint) - count(*) AS n
    FROM (SELECT 1 FROM products WHERE organization_id = :org AND deleted_at IS NULL
          AND EXISTS (SELECT 1 FROM fresh) LIMIT :limit) held
), dropped AS (
    DELETE FROM resolved_products r USING fresh, room
    WHERE r.external_id = fresh.external_id AND fresh.n > room.n RETURNING 1
)
SELECT count(*) FROM dropped
"""

INSERT_BRANDS = """
INSERT INTO brands (organization_id, name)
SELECT DISTINCT ON (lower(s.brand)) cast(:org AS uuid), s.brand
FROM stage_products s JOIN resolved_products r USING (external_id)
WHERE r.changed AND s.brand <> ''
  AND NOT EXISTS (SELECT 1 FROM brands b WHERE b.organization_id = :org AND lower(b.name) = lower(s.brand))
ON CONFLICT DO NOTHING
"""

INSERT_CATEGORIES = """
INSERT INTO categories (organization_id, name)
SELECT DISTINCT ON (lower(path)) cast(:org AS uuid), path
FROM stage_products s JOIN resolved_products r USING (external_id), unnest(s.categories) AS path
WHERE r.changed
  AND NOT EXISTS (SELECT 1 FROM categories c WHERE c.organization_id = :org AND lower(c.name) = lower(path))
ON CONFLICT DO NOTHING
"""

_PRODUCT_SOURCE = """
FROM stage_products s
JOIN resolved_products r USING (external_id)
LEFT JOIN brands b ON b.organization_id = :org AND lower(b.name) = lower(s.brand) AND s.brand <> ''
LEFT JOIN categories c ON c.organization_id = :org AND lower(c.name) = lower(s.categories[cardinality(s.categories)])
"""

INSERT_PRODUCTS = f"""
INSERT INTO products (id, organization_id, title, description, handle, status, brand_id, category_id, categories,
                      tags, images, option_names, url)
SELECT r.product_id, cast(:org AS uuid), s.title, s.description, s.handle, s.status, b.id, c.id, s.categories,
       s.tags, cast(s.images AS jsonb), s.option_names, s.url
{_PRODUCT_SOURCE} WHERE r.is_new
"""

UPDATE_PRODUCTS = f"""
UPDATE products p
SET title = n.title, description = n.description, handle = n.handle, status = n.status, brand_id = n.brand_id,
    category_id = n.category_id, categories = n.categories, tags = n.tags, images = cast(n.images AS jsonb),
    option_names = n.option_names, url = n.url, updated_at = now(), deleted_at = NULL
FROM (SELECT s.*, r.product_id, b.id AS brand_id, c.id AS category_id
      {_PRODUCT_SOURCE} WHERE r.changed AND NOT r.is_new) n
WHERE p.id = n.product_id AND p.organization_id = :org
"""

INSERT_PRODUCT_LINKS = """
INSERT INTO product_links (organization_id, store_id, external_id, product_id, seen_hash, url, seen_modified_at)
SELECT cast(:org AS uuid), cast(:store AS uuid), s.external_id, r.product_id, s.hash, s.url, s.modified_at
FROM stage_products s JOIN resolved_products r USING (external_id) WHERE r.is_new
"""

UPDATE_PRODUCT_LINKS = """
UPDATE product_links l
SET seen_hash = s.hash, url = s.url, seen_modified_at = s.modified_at, gone_at = NULL, updated_at = now()
FROM stage_products s JOIN resolved_products r USING (external_id)
WHERE r.changed AND NOT r.is_new
  AND l.id = r.link_id
"""

RESOLVE_VARIANTS = """
INSERT INTO resolved_variants (external_id, variant_id, product_id, listing_id, is_new, changed)
SELECT s.external_id, coalesce(l.variant_id, nextval('variants_id_seq')), p.product_id, l.id, l.id IS NULL,
       l.id IS NULL OR l.seen_hash <> s.hash OR l.gone_at IS NOT NULL
FROM stage_variants s
CROSS JOIN LATERAL (
    SELECT k.product_id, k.gone_at FROM product_links k
    WHERE k.organization_id = :org AND k.store_id = :store AND k.external_id = s.external_product_id LIMIT 1
) p
LEFT JOIN LATERAL (
    SELECT k.id, k.variant_id, k.seen_hash, k.gone_at FROM listings k
    WHERE k.organization_id = :org AND k.store_id = :store AND k.external_id = s.external_id LIMIT 1
) l ON true
WHERE p.gone_at IS NULL
"""

TOUCHED_PRODUCTS = """
SELECT count(DISTINCT v.product_id) FROM resolved_variants v
WHERE v.changed AND NOT v.is_new
  AND NOT EXISTS (SELECT 1 FROM resolved_products p WHERE p.product_id = v.product_id AND p.changed)
"""

ORPHANS = """
SELECT s.external_id FROM stage_variants s
WHERE NOT EXISTS (SELECT 1 FROM resolved_variants r WHERE r.external_id = s.external_id) LIMIT 20
"""

INSERT_VARIANTS = """
INSERT INTO variants (id, organization_id, product_id, position, title, sku, barcode, currency, price, sale_price,
                      cost, options, attributes, image_url, url, weight_g, active)
SELECT r.variant_id, cast(:org AS uuid), r.product_id, s.position, s.title, s.sku, s.barcode,
       cast(:currency AS text), cast(s.price AS numeric), cast(s.sale_price AS numeric), cast(s.cost AS numeric),
       cast(s.options AS jsonb), cast(s.attributes AS jsonb), s.image_url, s.url, s.weight_g, s.active
FROM stage_variants s JOIN resolved_variants r USING (external_id) WHERE r.is_new
"""

UPDATE_VARIANTS = """
UPDATE variants v
SET product_id = r.product_id, position = s.position, title = s.title, sku = s.sku, barcode = s.barcode,
    currency = :currency, price = cast(s.price AS numeric), sale_price = cast(s.sale_price AS numeric),
    cost = coalesce(cast(s.cost AS numeric), v.cost), options = cast(s.options AS jsonb),
    attributes = cast(s.attributes AS jsonb), image_url = s.image_url, url = s.url, weight_g = s.weight_g,
    active = s.active, updated_at = now(), deleted_at = NULL
FROM stage_variants s JOIN resolved_variants r USING (external_id)
WHERE r.changed AND NOT r.is_new AND v.id = r.variant_id AND v.organization_id = :org
"""

INSERT_STOCK = """
INSERT INTO stock_levels (organization_id, variant_id, location, on_hand, in_stock, backorder)
SELECT cast(:org AS uuid), r.variant_id, 'default', s.stock, s.in_stock, s.backorder
FROM stage_variants s JOIN resolved_variants r USING (external_id) WHERE r.is_new
"""

UPDATE_STOCK = """
UPDATE stock_levels k
SET on_hand = s.stock, in_stock = s.in_stock, backorder = s.backorder, updated_at = now()
FROM stage_variants s JOIN resolved_variants r USING (external_id)
WHERE r.changed AND NOT r.is_new AND k.variant_id = r.variant_id AND k.location = 'default'
  AND (k.on_hand, k.in_stock, k.backorder) IS DISTINCT FROM (s.stock, s.in_stock, s.backorder)
"""

INSERT_LISTINGS = """
INSERT INTO listings (organization_id, store_id, external_id, external_product_id, variant_id, seen_hash,
                      seen_modified_at)
SELECT cast(:org AS uuid), cast(:store AS uuid), s.external_id, s.external_product_id, r.variant_id, s.hash,
       s.modified_at
FROM stage_variants s JOIN resolved_variants r USING (external_id) WHERE r.is_new
"""

UPDATE_LISTINGS = """
UPDATE listings l
SET seen_hash = s.hash, external_product_id = s.external_product_id, seen_modified_at = s.modified_at,
    state = 'active', gone_at = NULL, updated_at = now()
FROM stage_variants s JOIN resolved_variants r USING (external_id)
WHERE r.changed AND NOT r.is_new
  AND l.id = r.listing_id
"""

BUMP_REVISION = "UPDATE organizations SET catalog_revision = catalog_revision + 1 WHERE id = :org"

# After a complete, verified walk: what it did not meet is gone from the store.

_LIVE = "l.organization_id = :org AND l.store_id = :store AND l.gone_at IS NULL"
_UNSEEN = f"""{_LIVE} AND NOT EXISTS (
    SELECT 1 FROM sync_seen s WHERE s.run_id = :run AND s.kind IN ({{kinds}}) AND s.external_id = l.external_id)"""
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
WHERE p.id = gone.product_id AND p.organization_id = :org AND p.deleted_at IS NULL AND NOT EXISTS (
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
WHERE v.id = gone.variant_id AND v.organization_id = :org AND v.deleted_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM listings o WHERE o.organization_id = :org AND o.variant_id = v.id AND o.store_id <> :store
      AND o.gone_at IS NULL)
"""

# After a delta, which does not look for what is gone: a product that brings variants brings all it is sold as, and one
# whose variants come apart from it is not sold as itself any more (a simple product became variable, or back).

MARK_REPLACED_GONE = """
WITH gone AS (
    UPDATE listings l SET gone_at = now(), state = 'unlisted', updated_at = now()
    FROM product_links p JOIN variants v ON v.product_id = p.product_id
    WHERE p.organization_id = :org AND p.store_id = :store AND p.external_id = ANY(cast(:products AS text[]))
      AND l.variant_id = v.id AND l.organization_id = :org AND l.store_id = :store AND l.gone_at IS NULL
      AND l.external_product_id = p.external_id
      AND NOT EXISTS (SELECT 1 FROM unnest(cast(:kept AS text[])) AS kept WHERE kept = l.external_id)
      AND (l.external_id = p.external_id OR p.external_id = ANY(cast(:whole AS text[])))
    RETURNING l.variant_id
)
UPDATE variants v SET deleted_at = now(), updated_at = now()
FROM gone
WHERE v.id = gone.variant_id AND v.organization_id = :org AND v.deleted_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM listings o WHERE o.organization_id = :org AND o.variant_id = v.id AND o.store_id <> :store
      AND o.gone_at IS NULL)
"""
