"""The statements behind judging. `:org` and `:store` are their scope.

Contested is a row unless the catalog takes it whole: something stands beside it, was written during the run, the hub
owns fields, the store did not show it before, or another store shows the same.
"""

from backend.domain.catalog.held_sql import HELD_PRODUCT, HELD_VARIANT
from backend.domain.catalog.merge_sql import ORG, STORE

CONTEXT = """
SELECT (SELECT settings FROM stores WHERE id = :store) AS settings,
       EXISTS (SELECT 1 FROM stores WHERE organization_id = :org AND id <> :store) AS shared,
       (SELECT started_at FROM sync_runs WHERE id = cast(:run AS uuid)) AS started_at
"""

_BESIDE = """l.external_id, l.shown, l.due, l.gone_at IS NOT NULL AS was_gone,
       CASE WHEN l.updated_at > cast(:since AS timestamptz) THEN l.updated_at END AS touched_at"""
_ALONE = """(cast(:hub AS boolean) OR l.shown IS NOT NULL OR l.due IS NOT NULL OR l.gone_at IS NOT NULL
             OR coalesce(l.updated_at > cast(:since AS timestamptz), false))"""
_HOME = f"""coalesce((
           SELECT o.store_id = {STORE} FROM product_links o
           WHERE o.organization_id = {ORG} AND o.product_id = {{product}} AND (o.gone_at IS NULL OR {{own}})
           ORDER BY o.created_at, o.store_id LIMIT 1), true)"""

# One look-up for each row, spelled so that the planner cannot do otherwise (`merge_sql`): without OFFSET 0 it would
# read all listings there are, once, and keep them in memory.
_ELSEWHERE = f"""EXISTS (SELECT 1 FROM (
    SELECT k.store_id, k.gone_at FROM {{table}} k
    WHERE k.organization_id = {ORG} AND k.{{key}} = l.{{key}} OFFSET 0) o
    WHERE o.gone_at IS NULL AND o.store_id <> {STORE})"""

CONTESTED_PRODUCTS = f"""
SELECT {_BESIDE}, p.id AS product_id, p.deleted_at IS NOT NULL AS tombstone, {HELD_PRODUCT} AS held, p.handle,
       p.categories, p.option_names, p.url,
       {_HOME.format(product="p.id", own=f"(o.store_id = {STORE} AND o.external_id = l.external_id)")} AS home
FROM unnest(cast(:names AS text[])) AS asked(external_id)
CROSS JOIN LATERAL (
    SELECT k.* FROM product_links k
    WHERE k.organization_id = {ORG} AND k.store_id = {STORE} AND k.external_id = asked.external_id LIMIT 1
) l
CROSS JOIN LATERAL (SELECT q.* FROM products q WHERE q.organization_id = {ORG} AND q.id = l.product_id LIMIT 1) p
WHERE {_ALONE} OR (cast(:shared AS boolean) AND {_ELSEWHERE.format(table="product_links", key="product_id")})
"""

_OTHER_LISTING = _ELSEWHERE.format(table="listings", key="variant_id")
CONTESTED_VARIANTS = f"""
SELECT {_BESIDE}, v.id AS variant_id, v.product_id, v.deleted_at IS NOT NULL AS tombstone, {HELD_VARIANT} AS held,
       v.position, v.title, v.currency, cast(v.options AS text) AS options, cast(v.attributes AS text) AS attributes,
       v.image_url, v.url, v.active, {_HOME.format(product="v.product_id", own="false")} OR NOT {_OTHER_LISTING} AS home
FROM unnest(cast(:names AS text[])) AS asked(external_id)
CROSS JOIN LATERAL (
    SELECT k.* FROM listings k
    WHERE k.organization_id = {ORG} AND k.store_id = {STORE} AND k.external_id = asked.external_id LIMIT 1
) l
CROSS JOIN LATERAL (SELECT q.* FROM variants q WHERE q.organization_id = {ORG} AND q.id = l.variant_id LIMIT 1) v
WHERE {_ALONE} OR (cast(:shared AS boolean) AND {_OTHER_LISTING})
"""

HUB_CHANGES = f"""
SELECT asked.product_id, asked.variant_id, asked.field, told.at, told.old, told.actor
FROM unnest(cast(:products AS bigint[]), cast(:variants AS bigint[]), cast(:fields AS text[]))
     AS asked(product_id, variant_id, field)
CROSS JOIN LATERAL (
    SELECT c.id, c.changed_at AS at, c.changes -> asked.field -> 0 AS old, c.actor FROM field_changes c
    WHERE c.organization_id = {ORG} AND c.product_id = asked.product_id
      AND c.variant_id IS NOT DISTINCT FROM asked.variant_id AND c.changes ? asked.field
      AND NOT (c.origin = 'store' AND c.store_id = {STORE})
    ORDER BY c.id DESC LIMIT 20
) told
ORDER BY told.id DESC
"""

_KEEP = """
UPDATE {table} l
SET shown = nullif((coalesce(l.shown, '{{}}') - cast(:fields AS text[])) || told.shown, '{{}}'),
    due = nullif(ARRAY(SELECT name FROM unnest(l.due) AS name WHERE name <> ALL(cast(:fields AS text[]))
                       UNION SELECT jsonb_array_elements_text(told.due) ORDER BY 1), '{{}}')
FROM jsonb_to_recordset(cast(:rows AS jsonb)) AS told(external_id text, shown jsonb, due jsonb)
WHERE l.organization_id = {org} AND l.store_id = {store} AND l.external_id = told.external_id
"""
KEEP_BESIDE_PRODUCTS = _KEEP.format(table="product_links", org=ORG, store=STORE)
KEEP_BESIDE_LISTINGS = _KEEP.format(table="listings", org=ORG, store=STORE)
"""Other fields that stand beside a listing, its pieces, are left as they are, whoever changes them meanwhile."""
