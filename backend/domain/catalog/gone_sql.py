"""What leaves a store: its links end, and what no other store shows leaves the catalog, with history and events.

`:org` and `:store` are the scope of the statements, `:run` the run that found out, or NULL. Each returns, as its count
of rows, how many products or variants left the catalog.
"""

_ENDED = """gone_at = now(), updated_at = now(), shown = NULL, due = NULL, error_code = NULL, error_message = NULL,
        failed_at = NULL"""
_NOTED = """
INSERT INTO field_changes (organization_id, product_id, variant_id, changes, origin, store_id, run_id)
SELECT organization_id, product_id, variant_id, '{"deleted": [false, true]}', 'store', cast(:store AS uuid),
       cast(:run AS uuid)
FROM dead
"""


def products_gone(which: str) -> str:
    """Return the statement that ends product links.

    Args:     which: the condition on the link `l`, within its store.
    """
    return f"""
WITH gone AS (
    UPDATE product_links l SET {_ENDED}
    WHERE {which}
    RETURNING l.product_id
), dead AS (
    UPDATE products p SET deleted_at = now(), updated_at = now()
    FROM gone
    WHERE p.organization_id = :org AND p.id = gone.product_id AND p.deleted_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM product_links o WHERE o.organization_id = :org AND o.product_id = p.id AND o.store_id <> :store
          AND o.gone_at IS NULL)
    RETURNING p.organization_id, p.id AS product_id, cast(NULL AS bigint) AS variant_id, p.title
), told AS (
    INSERT INTO events (organization_id, type, payload)
    SELECT organization_id, 'product.deleted', jsonb_build_object('product_id', product_id::text, 'title', title)
    FROM dead
)
{_NOTED}"""


def variants_gone(which: str, tables: str = "") -> str:
    """Return the statement that ends listings.

    Args:     which: the condition on the listing `l`, within its store. tables: what it needs besides, a FROM clause.
    """
    return f"""
WITH gone AS (
    UPDATE listings l SET state = 'unlisted', {_ENDED}
    {tables} WHERE {which}
    RETURNING l.variant_id
), dead AS (
    UPDATE variants v SET deleted_at = now(), updated_at = now()
    FROM gone
    WHERE v.organization_id = :org AND v.id = gone.variant_id AND v.deleted_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM listings o WHERE o.organization_id = :org AND o.variant_id = v.id AND o.store_id <> :store
          AND o.gone_at IS NULL)
    RETURNING v.organization_id, v.product_id, v.id AS variant_id
)
{_NOTED}"""


END_CONFLICTS = """
UPDATE sync_conflicts k SET state = 'settled', chosen = 'hub', settled_by = 'gone', settled_at = now()
WHERE k.organization_id = :org AND k.store_id = :store AND k.state = 'open' AND NOT EXISTS (
    SELECT 1 FROM product_links l WHERE k.variant_id IS NULL AND l.organization_id = :org AND l.store_id = :store
      AND l.external_id = k.external_id AND l.gone_at IS NULL
    UNION ALL
    SELECT 1 FROM listings l WHERE k.variant_id IS NOT NULL AND l.organization_id = :org AND l.store_id = :store
      AND l.external_id = k.external_id AND l.gone_at IS NULL)
"""
"""Nobody has to decide about what a store does not show any more."""
