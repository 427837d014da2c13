"""The statements of a merge. `:org` and `:store` are its scope; temporary tables hold what has changed.

What is new goes into its tables by COPY (`new_rows.py`); what is as last time is not even staged.
"""

from backend.domain.catalog.gone_sql import products_gone, variants_gone
from backend.domain.catalog.staging import HASH_BYTES

LOCK_STORE = "SELECT pg_advisory_xact_lock(hashtextextended(cast(cast(:store AS uuid) AS text), 7))"

# One look-up in the unique index for each row, spelled so that the planner cannot do otherwise: it takes an array for a
# hundred rows, and of a tenant that came after statistics were taken it knows nothing; a plan that goes through all the
# rows of a store for each one looks as cheap. Of a tenant that it is not told it takes the average.

ORG, STORE = "(SELECT cast(:org AS uuid))", "(SELECT cast(:store AS uuid))"

# What is shown comes as two long values (`staging.hashes`): for each element of an array the driver takes 0.4 µs.
_SHOWN = """WITH shown AS MATERIALIZED (
    SELECT told.external_id, told.at
    FROM unnest((string_to_array(cast(:ids AS text), cast(:before AS text)))[2:])
         WITH ORDINALITY AS told(external_id, at)
)"""
_HASH = f"substring(cast(:hashes AS bytea) FROM cast(shown.at - 1 AS int) * {HASH_BYTES} + 1 FOR {HASH_BYTES})"


def _any_among(links: str) -> str:
    """Ask whether the store has anything between the first and the last id: what is new mostly comes together.

    The order is that of the unique index: without it the planner may go through all rows to find none.
    """
    return f"""EXISTS (
    SELECT 1 FROM (
        SELECT l.external_id FROM {links} l
        WHERE l.organization_id = {ORG} AND l.store_id = {STORE}
          AND l.external_id >= (SELECT min(external_id) FROM shown)
        ORDER BY l.organization_id, l.store_id, l.external_id LIMIT 1
    ) next
    WHERE next.external_id <= (SELECT max(external_id) FROM shown))"""


# Answers come as arrays in one row: the driver reads those many times faster than as many rows.

KNOWN_PRODUCTS = f"""
{_SHOWN}
SELECT array_agg(shown.external_id), array_agg(CASE WHEN known.same THEN NULL ELSE known.product_id END),
       array_agg(CASE WHEN NOT known.same THEN (
           SELECT p.deleted_at IS NOT NULL FROM products p
           WHERE p.organization_id = {ORG} AND p.id = known.product_id) END)
FROM shown
CROSS JOIN LATERAL (
    SELECT l.product_id, l.seen_hash = {_HASH} AND l.gone_at IS NULL AS same FROM product_links l
    WHERE l.organization_id = {ORG} AND l.store_id = {STORE} AND l.external_id = shown.external_id LIMIT 1
) known
WHERE {_any_among("product_links")}
"""
"""External ids, product ids (NULL: shown as last time), whether each product is a tombstone."""

KNOWN_VARIANTS = f"""
{_SHOWN}
SELECT array_agg(shown.external_id), array_agg(CASE WHEN known.same THEN NULL ELSE known.variant_id END),
       array_agg(shown.external_id) FILTER (WHERE known.gone)
FROM shown
CROSS JOIN LATERAL (
    SELECT l.variant_id, l.seen_hash = {_HASH} AND l.gone_at IS NULL AS same, l.gone_at IS NOT NULL AS gone
    FROM listings l
    WHERE l.organization_id = {ORG} AND l.store_id = {STORE} AND l.external_id = shown.external_id LIMIT 1
) known
WHERE {_any_among("listings")}
"""
"""External ids, variant ids (NULL: shown as last time); external ids of those that the store did not show any more."""

PARENTS = f"""
SELECT array_agg(shown.external_id), array_agg(known.product_id)
FROM unnest(cast(:ids AS text[])) AS shown(external_id)
CROSS JOIN LATERAL (
    SELECT l.product_id, l.gone_at FROM product_links l
    WHERE l.organization_id = {ORG} AND l.store_id = {STORE} AND l.external_id = shown.external_id LIMIT 1
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
WHERE r.changed AND NOT r.is_new AND r.kept IS NOT TRUE AND p.organization_id = r.organization_id
  AND p.id = r.product_id
"""

UPDATE_PRODUCT_LINKS = """
UPDATE product_links l
SET seen_hash = s.hash, url = s.own_url, seen_modified_at = s.modified_at, gone_at = NULL, updated_at = now(),
    error_code = CASE WHEN l.due IS NOT NULL THEN l.error_code END,
    error_message = CASE WHEN l.due IS NOT NULL THEN l.error_message END,
    failed_at = CASE WHEN l.due IS NOT NULL THEN l.failed_at END
FROM stage_products s JOIN resolved_products r USING (external_id)
WHERE r.changed AND NOT r.is_new
  AND l.organization_id = r.organization_id AND l.store_id = r.store_id AND l.external_id = r.external_id
"""

UPDATE_VARIANTS = """
UPDATE variants v
SET product_id = r.product_id, position = s.position, title = s.title, sku = s.sku, barcode = s.barcode,
    currency = s.currency, price = cast(s.price AS numeric), sale_price = cast(s.sale_price AS numeric),
    cost = coalesce(cast(s.cost AS numeric), v.cost), options = cast(s.options AS jsonb),
    attributes = cast(s.attributes AS jsonb), image_url = s.image_url, url = s.url, weight_g = s.weight_g,
    active = s.active, updated_at = now(), deleted_at = NULL
FROM stage_variants s JOIN resolved_variants r USING (external_id)
WHERE r.changed AND NOT r.is_new AND r.kept IS NOT TRUE AND v.organization_id = r.organization_id
  AND v.id = r.variant_id
"""

COUNT_ZEROED = f"""
SELECT count(*) FROM unnest(cast(:names AS text[])) AS asked(external_id)
CROSS JOIN LATERAL (
    SELECT k.variant_id, k.shown FROM listings k
    WHERE k.organization_id = {ORG} AND k.store_id = {STORE} AND k.external_id = asked.external_id LIMIT 1
) l
CROSS JOIN LATERAL (
    SELECT CASE WHEN l.shown ? 'stock' THEN cast(l.shown ->> 'stock' AS bigint) ELSE (
        SELECT sum(k.on_hand) FROM stock_levels k WHERE k.organization_id = {ORG} AND k.variant_id = l.variant_id) END
        AS pieces
) last
WHERE last.pieces > 0
"""
"""Of listings that show no pieces now, how many showed some."""

UPDATE_LISTINGS = """
UPDATE listings l
SET seen_hash = s.hash, external_product_id = s.external_product_id, inventory_id = s.inventory_id,
    seen_modified_at = s.modified_at, gone_at = NULL, updated_at = now(),
    state = CASE WHEN l.due IS NOT NULL AND l.state IN ('error', 'pending') THEN l.state ELSE 'active' END,
    error_code = CASE WHEN l.due IS NOT NULL THEN l.error_code END,
    error_message = CASE WHEN l.due IS NOT NULL THEN l.error_message END,
    failed_at = CASE WHEN l.due IS NOT NULL THEN l.failed_at END
FROM stage_variants s JOIN resolved_variants r USING (external_id)
WHERE r.changed AND NOT r.is_new
  AND l.organization_id = r.organization_id AND l.store_id = r.store_id AND l.external_id = r.external_id
"""

NOTE_CREATED = """
INSERT INTO sync_created (organization_id, run_id, kind, ids)
VALUES (:org, cast(:run AS uuid), :kind, cast(:ids AS bigint[]))
"""

BUMP_REVISION = "UPDATE organizations SET catalog_revision = catalog_revision + 1 WHERE id = :org"
"""Rows say something else."""
BUMP_LISTS = """
UPDATE organizations SET catalog_revision = catalog_revision + 1, lists_revision = lists_revision + 1 WHERE id = :org
"""
"""There are more, fewer or other rows."""

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

MARK_PRODUCTS_GONE = products_gone(_UNSEEN.format(kinds="'product'"))
MARK_VARIANTS_GONE = variants_gone(_UNSEEN.format(kinds="'variant', 'apart'"))

# After a delta, which does not look for what is gone: a product that brings variants brings all it is sold as, and one
# whose variants come apart from it is not sold as itself any more (a simple product became variable, or back).

MARK_REPLACED_GONE = variants_gone(
    """
        p.organization_id = :org AND p.store_id = :store AND p.external_id = ANY(cast(:products AS text[]))
      AND l.variant_id = v.id AND l.organization_id = :org AND l.store_id = :store AND l.gone_at IS NULL
      AND l.external_product_id = p.external_id
      AND NOT EXISTS (SELECT 1 FROM unnest(cast(:kept AS text[])) AS kept WHERE kept = l.external_id)
      AND (l.external_id = p.external_id OR p.external_id = ANY(cast(:whole AS text[])))""",
    tables="FROM product_links p JOIN variants v ON v.organization_id = :org AND v.product_id = p.product_id",
)
