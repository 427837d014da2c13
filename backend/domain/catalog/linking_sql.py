"""The statements behind linking. `:org` and `:store` are their scope; answers come as arrays in one row."""

from backend.domain.catalog.linking_rules import MOST_HITS

IS_SHARED = "SELECT EXISTS (SELECT 1 FROM stores WHERE organization_id = :org AND id <> :store)"
"""An organization with one store has nothing to link."""

# One more than identifies anything: more need not be read. Spelled so that each word is one look-up in an index.
_HITS = f"""
SELECT array_agg(h.id), array_agg(h.product_id), array_agg(h.sku), array_agg(h.barcode), array_agg(EXISTS (
    SELECT 1 FROM product_links l WHERE l.organization_id = :org AND l.product_id = h.product_id
      AND l.store_id = :store AND l.gone_at IS NULL))
FROM unnest(cast(:words AS text[])) AS wanted(word)
CROSS JOIN LATERAL (
    SELECT v.id, v.product_id, v.sku, v.barcode FROM variants v
    WHERE v.organization_id = :org AND v.{{column}} = wanted.word AND {{condition}} AND v.deleted_at IS NULL
    LIMIT {MOST_HITS + 1}
) h
WHERE EXISTS (SELECT 1 FROM products p WHERE p.organization_id = :org AND p.id = h.product_id AND p.deleted_at IS NULL)
"""
HITS_BY_SKU = _HITS.format(column="sku", condition="true")
HITS_BY_BARCODE = _HITS.format(column="barcode", condition="v.barcode <> ''")
"""Variant ids, product ids, skus, barcodes, and whether the product is in this store already."""

UNPLACED = """
SELECT array_agg(h.id), array_agg(h.product_id), array_agg(h.sku), array_agg(h.barcode),
       array_agg(cast(h.options AS text))
FROM unnest(cast(:products AS bigint[])) AS wanted(product_id)
CROSS JOIN LATERAL (
    SELECT v.id, v.product_id, v.sku, v.barcode, v.options FROM variants v
    WHERE v.organization_id = :org AND v.product_id = wanted.product_id AND v.deleted_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM listings l WHERE l.organization_id = :org AND l.variant_id = v.id
                      AND l.store_id = :store AND l.gone_at IS NULL)
) h
"""
"""The live variants of products that this store does not show: ids, product ids, skus, barcodes, options."""

PARENT_STATES = """
SELECT array_agg(shown.external_id),
       array_agg(l.shown IS NULL AND l.due IS NULL
           AND NOT EXISTS (SELECT 1 FROM variants v WHERE v.organization_id = :org AND v.product_id = l.product_id)
           AND NOT EXISTS (SELECT 1 FROM product_links o WHERE o.organization_id = :org AND o.product_id = l.product_id
                           AND (o.store_id <> :store OR o.external_id <> l.external_id))
           AND NOT EXISTS (SELECT 1 FROM field_changes c WHERE c.organization_id = :org AND c.product_id = l.product_id)
           AND NOT EXISTS (SELECT 1 FROM listing_requests r WHERE r.organization_id = :org
                           AND r.product_id = l.product_id)),
       array_agg(EXISTS (SELECT 1 FROM product_links o WHERE o.organization_id = :org AND o.product_id = l.product_id
                         AND o.store_id <> :store AND o.gone_at IS NULL))
FROM unnest(cast(:names AS text[])) AS shown(external_id)
CROSS JOIN LATERAL (
    SELECT k.external_id, k.product_id, k.shown, k.due FROM product_links k
    WHERE k.organization_id = :org AND k.store_id = :store AND k.external_id = shown.external_id AND k.gone_at IS NULL
    LIMIT 1
) l
"""
"""External ids; whether nothing would be lost with the product; whether other stores show it."""

ADD_SUGGESTIONS = """
INSERT INTO link_suggestions (organization_id, store_id, external_id, product_id, candidate_id, reason, facts)
SELECT :org, :store, one.external_id, one.product_id, one.candidate_id, one.reason, cast(one.facts AS jsonb)
FROM unnest(cast(:names AS text[]), cast(:products AS bigint[]), cast(:candidates AS bigint[]),
            cast(:reasons AS text[]), cast(:facts AS text[]))
     AS one(external_id, product_id, candidate_id, reason, facts)
ON CONFLICT (organization_id, store_id, external_id, candidate_id) DO NOTHING
"""
