"""The statements that note changes of the catalog: what differs, history, prices, events, what other listings show.

`changed_fields` holds one row for each product or variant whose synced fields differ: field to `[old, new]`.
"""

from collections.abc import Mapping

from backend.domain.catalog.fields import GROUP_OF


def _pair(field: str, old: str, new: str, differs: str) -> str:
    return f"'{field}', CASE WHEN {differs} THEN jsonb_build_array({old}, {new}) END"


def _plain(field: str, cast: str = "") -> str:
    new = f"cast(s.{field} AS {cast})" if cast else f"s.{field}"
    return _pair(field, f"{{t}}.{field}", new, f"{{t}}.{field} IS DISTINCT FROM {new}")


def _amount(field: str) -> str:
    new = f"cast(s.{field} AS numeric(18, 6))"
    return _pair(field, f"trim_scale(v.{field})::text", f"trim_scale({new})::text", f"v.{field} IS DISTINCT FROM {new}")


def _sorted_tags(side: str) -> str:
    return f"""ARRAY(SELECT DISTINCT tag COLLATE "C" FROM unnest({side}.tags) AS tag ORDER BY 1)"""


# Sorted only where they differ as they are: in most rows they do not.
_TAGS = f"""'tags', CASE WHEN p.tags <> s.tags THEN (
        SELECT CASE WHEN told.old <> told.new THEN jsonb_build_array(to_jsonb(told.old), to_jsonb(told.new)) END
        FROM (SELECT {_sorted_tags("p")} AS old, {_sorted_tags("s")} AS new) told) END"""
_BRAND = _pair(
    "brand",
    "coalesce((SELECT b.name FROM brands b WHERE b.id = p.brand_id), '')",
    "coalesce(brand.name, '')",
    "p.brand_id IS DISTINCT FROM brand.id",
)
_CAME_BACK = """'deleted', CASE WHEN {t}.deleted_at IS NOT NULL THEN '[true, false]'::jsonb END"""

_PRODUCT_DIFFERENCE = ",\n    ".join(
    [
        *(_plain(name).format(t="p") for name in ("title", "description", "status")),
        _plain("images", "jsonb").format(t="p"),
        _TAGS,
        _BRAND,
        _CAME_BACK.format(t="p"),
    ]
)
_VARIANT_DIFFERENCE = ",\n    ".join(
    [
        *(_plain(name).format(t="v") for name in ("sku", "barcode", "weight_g")),
        _amount("price"),
        _amount("sale_price"),
        _CAME_BACK.format(t="v"),
    ]
)
_WRITTEN = "r.changed AND NOT r.is_new AND r.kept IS NOT TRUE AND told.changes <> '{}'"

# Before the catalog is written: what of the staged rows differs from it. `OFFSET 0` has it worked out once for a row.

FIND_PRODUCT_CHANGES = f"""
INSERT INTO changed_fields (organization_id, product_id, external_id, changes)
SELECT r.organization_id, r.product_id, r.external_id, told.changes
FROM stage_products s JOIN resolved_products r USING (external_id)
JOIN products p ON p.organization_id = r.organization_id AND p.id = r.product_id
LEFT JOIN LATERAL (
    SELECT b.id, b.name FROM brands b
    WHERE b.organization_id = r.organization_id AND lower(b.name) = lower(s.brand) AND s.brand <> '' LIMIT 1
) brand ON true
CROSS JOIN LATERAL (SELECT jsonb_strip_nulls(jsonb_build_object(
    {_PRODUCT_DIFFERENCE})) AS changes OFFSET 0) told
WHERE {_WRITTEN}
"""

FIND_VARIANT_CHANGES = f"""
INSERT INTO changed_fields (organization_id, product_id, variant_id, external_id, changes, moved)
SELECT r.organization_id, r.product_id, r.variant_id, r.external_id, told.changes,
       abs(cast(coalesce(s.sale_price, s.price) AS numeric) - coalesce(v.sale_price, v.price))
           > cast(:price_move AS numeric) * coalesce(v.sale_price, v.price)
FROM stage_variants s JOIN resolved_variants r USING (external_id)
JOIN variants v ON v.organization_id = r.organization_id AND v.id = r.variant_id
CROSS JOIN LATERAL (SELECT jsonb_strip_nulls(jsonb_build_object(
    {_VARIANT_DIFFERENCE})) AS changes OFFSET 0) told
WHERE {_WRITTEN}
"""
"""`moved`: the price in force goes up or down by more than the share `:price_move` of itself."""

COUNT_MOVED = "SELECT count(*) FROM changed_fields WHERE moved"

# Once the catalog is written.

NOTE_HISTORY = """
INSERT INTO field_changes (organization_id, product_id, variant_id, changes, origin, store_id, run_id, actor, reason)
SELECT organization_id, product_id, variant_id, changes, :origin, cast(:store AS uuid), cast(:run AS uuid), :actor,
       :reason
FROM changed_fields
"""

NOTE_PRICES = """
INSERT INTO price_changes (organization_id, variant_id, old_price, price, currency, reason, source, run_id)
SELECT c.organization_id, c.variant_id, was.price, now.price, v.currency,
       CASE WHEN :origin = 'person' THEN 'manual' ELSE :origin END,
       coalesce((SELECT s.name FROM stores s WHERE s.id = cast(:store AS uuid)), :actor), cast(:run AS uuid)
FROM changed_fields c
JOIN variants v ON v.organization_id = c.organization_id AND v.id = c.variant_id
CROSS JOIN LATERAL (SELECT coalesce(v.sale_price, v.price) AS price) now
CROSS JOIN LATERAL (SELECT coalesce(
    CASE WHEN c.changes ? 'sale_price' THEN cast(c.changes -> 'sale_price' ->> 0 AS numeric) ELSE v.sale_price END,
    CASE WHEN c.changes ? 'price' THEN cast(c.changes -> 'price' ->> 0 AS numeric) ELSE v.price END) AS price) was
WHERE c.changes ?| ARRAY['price', 'sale_price'] AND was.price IS DISTINCT FROM now.price
"""
"""What customers pay: a regular price that moves behind a sale price is no change of it."""

NOTE_EVENTS = """
INSERT INTO events (organization_id, type, payload)
SELECT c.organization_id, 'product.updated', jsonb_build_object('product_id', c.product_id::text,
    'variant_id', c.variant_id::text, 'sku', coalesce(v.sku, ''), 'title', p.title, 'changes', c.changes)
FROM changed_fields c
JOIN products p ON p.organization_id = c.organization_id AND p.id = c.product_id
LEFT JOIN variants v ON v.organization_id = c.organization_id AND v.id = c.variant_id
"""


def _groups(groups: Mapping[str, str]) -> str:
    return " ".join(f"WHEN '{field}' THEN '{group}'" for field, group in groups.items())


# What the target holds is read from the target itself: when somebody else changes the row at the same time, this waits
# and judges what they left.
_TOLD = f"""
    WITH told AS (
        SELECT field.key, field.value -> 1 AS held,
               CASE WHEN l.shown ? field.key THEN l.shown -> field.key ELSE field.value -> 0 END AS shown,
               coalesce(s.settings #>> ARRAY['owners', CASE field.key {_groups(GROUP_OF)} END], 'newest') <> 'store'
               AND NOT (field.key IN ('price', 'sale_price') AND {{foreign}})
               AND NOT EXISTS (
                   SELECT 1 FROM sync_conflicts k
                   WHERE k.organization_id = l.organization_id AND k.store_id = l.store_id
                     AND k.external_id = l.external_id AND k.field = field.key AND k.state = 'open') AS wanted
        FROM jsonb_each(c.changes - 'deleted') AS field LEFT JOIN stores s ON s.id = l.store_id
    )
    SELECT nullif((coalesce(l.shown, '{{{{}}}}') - ARRAY(SELECT key FROM told)) || coalesce(
               (SELECT jsonb_object_agg(key, shown) FROM told WHERE shown <> held), '{{{{}}}}'), '{{{{}}}}'),
           nullif(ARRAY(SELECT name FROM unnest(l.due) AS name WHERE NOT c.changes ? name
                        UNION SELECT key FROM told WHERE shown <> held AND wanted ORDER BY 1), '{{{{}}}}')
"""
_TOLD_OF_VARIANT = _TOLD.format(
    foreign="coalesce(s.currency <> (SELECT v.currency FROM variants v"
    " WHERE v.organization_id = c.organization_id AND v.id = c.variant_id), false)"
)
_TOLD_OF_PRODUCT = _TOLD.format(foreign="false")
_ELSEWHERE = """l.organization_id = c.organization_id AND l.gone_at IS NULL AND c.changes - 'deleted' <> '{}'
      AND NOT coalesce(l.store_id = cast(:store AS uuid) AND l.external_id = c.external_id, false)"""

KEEP_SHOWN_OF_VARIANTS = f"""
WITH kept AS (
    UPDATE listings l
    SET (shown, due) = ({_TOLD_OF_VARIANT}), state = CASE l.state WHEN 'error' THEN 'pending' ELSE l.state END,
        error_code = NULL, error_message = NULL, failed_at = NULL, updated_at = now()
    FROM changed_fields c
    WHERE l.variant_id = c.variant_id AND {_ELSEWHERE}
    RETURNING l.store_id, l.due
)
SELECT array_agg(DISTINCT store_id) FROM kept WHERE due IS NOT NULL
"""
"""What other listings show stands beside them from now on, and is due; returns the stores that have something due."""

KEEP_SHOWN_OF_PRODUCTS = f"""
WITH kept AS (
    UPDATE product_links l
    SET (shown, due) = ({_TOLD_OF_PRODUCT}), error_code = NULL, error_message = NULL, failed_at = NULL,
        updated_at = now()
    FROM changed_fields c
    WHERE l.product_id = c.product_id AND c.variant_id IS NULL AND {_ELSEWHERE}
    RETURNING l.store_id, l.due
)
SELECT array_agg(DISTINCT store_id) FROM kept WHERE due IS NOT NULL
"""

ANY_OPEN_CONFLICT = "SELECT EXISTS (SELECT 1 FROM sync_conflicts WHERE organization_id = :org AND state = 'open')"

MOVE_CONFLICTS = """
UPDATE sync_conflicts k
SET hub_value = jsonb_build_object('value', field.value -> 1), hub_at = now(), hub_actor = :actor,
    state = CASE WHEN agreed.now THEN 'settled' ELSE 'open' END, chosen = CASE WHEN agreed.now THEN 'store' END,
    settled_by = CASE WHEN agreed.now THEN 'agreed' END, settled_at = CASE WHEN agreed.now THEN now() END
FROM changed_fields c CROSS JOIN LATERAL jsonb_each(c.changes) AS field, sync_conflicts o
CROSS JOIN LATERAL (SELECT o.store_value -> 'value' = field.value -> 1 AS now) agreed
WHERE o.organization_id = c.organization_id AND o.state = 'open' AND o.product_id = c.product_id
  AND o.variant_id IS NOT DISTINCT FROM c.variant_id AND o.field = field.key
  AND NOT coalesce(o.store_id = cast(:store AS uuid) AND o.external_id = c.external_id, false)
  AND k.organization_id = o.organization_id AND k.id = o.id AND k.state = 'open'
"""
"""The hub's side of open conflicts moves along; where it comes to what the store shows, there is none any more."""

FORGET = "DELETE FROM changed_fields"
