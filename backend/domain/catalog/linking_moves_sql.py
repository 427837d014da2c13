"""The statements that give links and listings of a store to other products; `:org` and `:store` are their scope."""

from backend.domain.catalog.held_sql import HELD_PRODUCT, HELD_VARIANT

# What the store shows is what its row of the catalog holds, but for what stands beside the link. Of that, what differs
# from the row it moves to stands beside it from now on; amounts in two currencies cannot be compared.
_TOLD = "jsonb_each(was.fields || coalesce(l.shown, '{}')) AS told"
_DIFFERS = "told.value IS DISTINCT FROM now.fields -> told.key"
_CLEAN = "error_code = NULL, error_message = NULL, failed_at = NULL, updated_at = now()"
_MOVED = "unnest(cast(:names AS text[]), cast(:was AS bigint[]), cast(:now AS bigint[])) AS moved(name, was_id, now_id)"
_SIDE = (
    "CROSS JOIN LATERAL (SELECT {fields} AS fields FROM {table} WHERE organization_id = :org AND id = moved.{side}_id)"
)
_LINK = "l.organization_id = :org AND l.store_id = :store AND l.external_id"

MOVE_LINKS = f"""
UPDATE product_links l
SET product_id = moved.now_id, {_CLEAN},
    shown = (SELECT jsonb_object_agg(told.key, told.value) FROM {_TOLD} WHERE {_DIFFERS}),
    due = (SELECT array_agg(told.key ORDER BY told.key) FROM {_TOLD}
           WHERE {_DIFFERS} AND told.key = ANY(cast(:owned AS text[])))
FROM {_MOVED}
{_SIDE.format(fields=HELD_PRODUCT, table="products p", side="was")} was
{_SIDE.format(fields=HELD_PRODUCT, table="products p", side="now")} now
WHERE {_LINK} = moved.name
RETURNING l.due IS NOT NULL
"""
MOVE_LISTINGS = f"""
UPDATE listings l
SET variant_id = moved.now_id, due = NULL, state = CASE l.state WHEN 'error' THEN 'active' ELSE l.state END, {_CLEAN},
    shown = (SELECT jsonb_object_agg(told.key, told.value) FROM {_TOLD}
             WHERE {_DIFFERS} AND (was.currency = now.currency OR told.key NOT IN ('price', 'sale_price')))
FROM {_MOVED}
{_SIDE.format(fields=f"currency, {HELD_VARIANT}", table="variants v", side="was")} was
{_SIDE.format(fields=f"currency, {HELD_VARIANT}", table="variants v", side="now")} now
WHERE {_LINK} = moved.name
"""

LISTED = f"""
SELECT l.external_id, l.variant_id, l.gone_at IS NULL AS live, v.options,
       {HELD_VARIANT} || coalesce(l.shown, '{{}}') AS told,
       EXISTS (SELECT 1 FROM listings o WHERE o.organization_id = l.organization_id AND o.variant_id = l.variant_id
               AND o.gone_at IS NULL AND (o.store_id <> :store OR o.external_product_id <> :external_id)) AS elsewhere
FROM variants v CROSS JOIN LATERAL (
    SELECT k.* FROM listings k WHERE k.organization_id = v.organization_id AND k.variant_id = v.id OFFSET 0) l
WHERE v.organization_id = :org AND v.product_id = :product
  AND l.store_id = :store AND l.external_product_id = :external_id
ORDER BY l.external_id
"""
MOVE_VARIANTS = """
UPDATE variants SET product_id = :product, updated_at = now()
WHERE organization_id = :org AND id = ANY(cast(:ids AS bigint[]))
"""
MOVE_HISTORY = """
UPDATE field_changes SET product_id = :product
WHERE organization_id = :org AND product_id = :was AND variant_id = ANY(cast(:ids AS bigint[]))
"""
MOVE_CONFLICTS = """
UPDATE sync_conflicts SET product_id = :product
WHERE organization_id = :org AND product_id = :was AND variant_id = ANY(cast(:ids AS bigint[]))
"""
DROP_CONFLICTS = """
DELETE FROM sync_conflicts
WHERE organization_id = :org AND store_id = :store AND state = 'open' AND product_id = :was
  AND (variant_id IS NULL OR variant_id = ANY(cast(:ids AS bigint[])))
"""
MOVE_REQUESTS = """
UPDATE listing_requests r SET product_id = :product
WHERE r.organization_id = :org AND r.product_id = :was AND NOT EXISTS (
    SELECT 1 FROM listing_requests o WHERE o.organization_id = :org AND o.store_id = r.store_id
      AND o.product_id = :product)
"""
DROP_REQUESTS = "DELETE FROM listing_requests WHERE organization_id = :org AND product_id = :was"

_SHOWN_AS = f"""
FROM unnest(cast(:names AS text[]), cast(:made AS bigint[])) AS made(name, id)
JOIN listings l ON {_LINK} = made.name
JOIN variants v ON v.organization_id = :org AND v.id = l.variant_id
CROSS JOIN LATERAL (SELECT {HELD_VARIANT} || coalesce(l.shown, '{{}}') AS fields) told
"""
COPY_VARIANTS = f"""
INSERT INTO variants (organization_id, id, product_id, position, title, sku, barcode, currency, price, sale_price, cost,
                      options, attributes, image_url, url, weight_g, active, deleted_at)
SELECT v.organization_id, made.id, :product, v.position, v.title, told.fields ->> 'sku', told.fields ->> 'barcode',
       v.currency, cast(told.fields ->> 'price' AS numeric), cast(told.fields ->> 'sale_price' AS numeric), v.cost,
       v.options, v.attributes, v.image_url, v.url, cast(told.fields ->> 'weight_g' AS int), v.active,
       CASE WHEN l.gone_at IS NOT NULL THEN now() END
{_SHOWN_AS}
"""
# The store's only place, when there is one; the next time the store shows it, its pieces are put where they lie.
COPY_STOCK = f"""
INSERT INTO stock_levels (organization_id, variant_id, location, on_hand, in_stock, backorder)
SELECT v.organization_id, made.id,
       coalesce((SELECT min(p.external_id) FROM locations p
                 WHERE p.organization_id = :org AND p.store_id = :store AND p.active HAVING count(*) = 1), 'default'),
       cast(told.fields ->> 'stock' AS int), coalesce(k.in_stock, true), coalesce(k.backorder, false)
{_SHOWN_AS}
CROSS JOIN LATERAL (SELECT bool_or(s.in_stock) AS in_stock, bool_or(s.backorder) AS backorder FROM stock_levels s
                    WHERE s.organization_id = :org AND s.variant_id = v.id) k
"""
ADOPT_LISTINGS = f"""
UPDATE listings l SET variant_id = made.id, shown = NULL, due = NULL, seen_hash = '', {_CLEAN},
    state = CASE l.state WHEN 'error' THEN 'active' ELSE l.state END
FROM unnest(cast(:names AS text[]), cast(:made AS bigint[])) AS made(name, id)
WHERE {_LINK} = made.name
"""
"""The hash matches nothing: what is not kept of the store is read again the next time it shows it."""

SHOWN_PRODUCT = f"""
SELECT {HELD_PRODUCT} || coalesce(l.shown, '{{}}') FROM product_links l
JOIN products p ON p.organization_id = :org AND p.id = l.product_id
WHERE {_LINK} = :external_id
"""
COPY_PRODUCT = f"""
INSERT INTO products (organization_id, id, title, description, handle, status, brand_id, category_id, categories, tags,
                      images, option_names, url)
SELECT p.organization_id, :product, told.fields ->> 'title', told.fields ->> 'description', p.handle,
       told.fields ->> 'status', (SELECT b.id FROM brands b WHERE b.organization_id = :org AND b.name <> ''
                                  AND lower(b.name) = lower(told.fields ->> 'brand')),
       p.category_id, p.categories, ARRAY(SELECT jsonb_array_elements_text(told.fields -> 'tags')),
       told.fields -> 'images', p.option_names, l.url
FROM product_links l JOIN products p ON p.organization_id = :org AND p.id = l.product_id
CROSS JOIN LATERAL (SELECT {HELD_PRODUCT} || coalesce(l.shown, '{{}}') AS fields) told
WHERE {_LINK} = :external_id
"""
ADOPT_LINK = f"""
UPDATE product_links l SET product_id = :product, shown = NULL, due = NULL, seen_hash = '', {_CLEAN}
WHERE {_LINK} = :external_id
"""
IS_SHARED_PRODUCT = """
SELECT EXISTS (SELECT 1 FROM product_links o WHERE o.organization_id = :org AND o.product_id = :product
               AND o.gone_at IS NULL AND (o.store_id <> :store OR o.external_id <> :external_id))
    OR EXISTS (SELECT 1 FROM variants v WHERE v.organization_id = :org AND v.product_id = :product
               AND v.deleted_at IS NULL AND NOT EXISTS (
                   SELECT 1 FROM listings o WHERE o.organization_id = :org AND o.variant_id = v.id))
"""
"""Whether anything would be left of a product: another link, or a variant that no store ever had."""

_NOBODY = """NOT EXISTS (SELECT 1 FROM listings o WHERE o.organization_id = v.organization_id AND o.variant_id = v.id
                AND o.gone_at IS NULL)"""
_UNLINKED = """NOT EXISTS (SELECT 1 FROM product_links o WHERE o.organization_id = :org AND o.product_id = :was
                AND o.gone_at IS NULL)"""
TOMBSTONE_VARIANTS = f"""
WITH dead AS (
    UPDATE variants v SET deleted_at = now(), updated_at = now()
    WHERE v.organization_id = :org AND v.product_id = :was AND v.deleted_at IS NULL AND {_NOBODY}
      AND (v.id = ANY(cast(:ids AS bigint[])) OR :emptied)
    RETURNING v.id
)
INSERT INTO field_changes (organization_id, product_id, variant_id, changes, origin, store_id, actor, reason)
SELECT :org, :was, dead.id, '{{"deleted": [false, true]}}', 'person', :store, :actor, :reason FROM dead
"""
_TELL_DELETED = """INSERT INTO events (organization_id, type, payload)
    SELECT :org, 'product.deleted', jsonb_build_object('product_id', dead.id::text, 'title', dead.title) FROM dead"""
TOMBSTONE_PRODUCT = f"""
WITH dead AS (
    UPDATE products p SET deleted_at = now(), updated_at = now()
    WHERE p.organization_id = :org AND p.id = :was AND p.deleted_at IS NULL AND {_UNLINKED}
    RETURNING p.id, p.title
), told AS ({_TELL_DELETED})
SELECT EXISTS (SELECT 1 FROM dead)
"""
# What this transaction made itself was told to nobody yet.
DELETE_PRODUCTS = f"""
WITH dead AS (
    DELETE FROM products WHERE organization_id = :org AND id = ANY(cast(:ids AS bigint[]))
    RETURNING id, title, created_at
)
{_TELL_DELETED} WHERE dead.created_at < now()
"""
CREATED = """
SELECT p.title, p.images, coalesce(v.sku, '') AS sku, coalesce(v.currency, '') AS currency, v.price, v.cost
FROM products p LEFT JOIN LATERAL (
    SELECT f.sku, f.currency, f.price, f.cost FROM variants f
    WHERE f.organization_id = :org AND f.product_id = p.id AND f.deleted_at IS NULL ORDER BY f.position, f.id LIMIT 1
) v ON true
WHERE p.organization_id = :org AND p.id = :product
"""

NOTE_LINK = """
INSERT INTO field_changes (organization_id, product_id, changes, origin, store_id, actor, reason)
SELECT :org, told.product_id, cast(told.changes AS jsonb), 'person', :store, :actor, :reason
FROM unnest(cast(:products AS bigint[]), cast(:changes AS text[])) AS told(product_id, changes)
"""
