"""The statements behind the lists of watched products and of competitors; `$1` is their organization.

Each is a transaction of its own, tells the lists' revision, and answers in arrays: the driver reads those many times
faster than rows.
"""

from backend.domain.pricing.products_blocks import BLOCK

# `OFFSET 0` and `LIMIT 1` hold the planner to looking rows up by their keys. It does not know how many blocks and rows
# are asked for, and else goes through all products in the order of ids, which only the first pages bear.

REVISION = "SELECT lists_revision AS revision FROM organizations WHERE id = $1"

COUNT_PRODUCTS = f"""
SELECT o.lists_revision AS revision, b.*
FROM organizations o CROSS JOIN LATERAL (
    SELECT array_agg(number) AS numbers, array_agg(every) AS every, array_agg(monitored) AS monitored
    FROM (SELECT id / {BLOCK} AS number, count(*) AS every, count(*) FILTER (WHERE monitored) AS monitored
          FROM variants WHERE organization_id = $1 AND deleted_at IS NULL GROUP BY 1 ORDER BY 1) counted
) b
WHERE o.id = $1
"""

COUNT_COMPETITORS = f"""
SELECT o.lists_revision AS revision, b.*
FROM organizations o CROSS JOIN LATERAL (
    SELECT array_agg(number) AS numbers, array_agg(every) AS every
    FROM (SELECT t.id / {BLOCK} AS number, count(*) AS every
          FROM tracked_urls t JOIN variants v ON v.organization_id = t.organization_id AND v.id = t.variant_id
          WHERE t.organization_id = $1 AND v.organization_id = $1 AND t.competitor_id IS NOT NULL
            AND v.deleted_at IS NULL GROUP BY 1 ORDER BY 1) counted
) b
WHERE o.id = $1
"""

_VARIANT = """v.id, v.product_id, v.title, v.sku, v.currency, coalesce(v.sale_price, v.price) AS price, v.min_price,
               v.max_price, v.cost, v.auto_reprice, v.monitored"""
_PRODUCT_ARRAYS = """
    SELECT array_agg(id) AS ids, array_agg(product_title) AS product_titles, array_agg(title) AS titles,
           array_agg(sku) AS skus, array_agg(currency) AS currencies, array_agg(trim_scale(price)) AS prices,
           array_agg(trim_scale(min_price)) AS min_prices, array_agg(trim_scale(max_price)) AS max_prices,
           array_agg(trim_scale(cost)) AS costs, array_agg(auto_reprice) AS auto_reprice,
           array_agg(monitored) AS monitored"""
_NAMED = """CROSS JOIN LATERAL (
            SELECT name FROM competitors WHERE organization_id = $1 AND id = t.competitor_id LIMIT 1
        ) c"""
_URL = "t.variant_id, t.id, c.name, t.url, t.price, t.currency, t.in_stock, t.checked_at"
_URL_ARRAYS = """
    SELECT array_agg(variant_id) AS product_ids, array_agg(id) AS url_ids, array_agg(name) AS names,
           array_agg(url) AS urls, array_agg(trim_scale(price)) AS url_prices, array_agg(currency) AS url_currencies,
           array_agg(in_stock) AS in_stock, array_agg(date_trunc('second', checked_at)) AS checked_at"""

_SHOWN = f"""
SELECT o.lists_revision AS revision, shown.*, watched.*
FROM organizations o CROSS JOIN LATERAL ({_PRODUCT_ARRAYS} FROM (
        SELECT page.*, p.title AS product_title
        FROM page CROSS JOIN LATERAL (
            SELECT title FROM products WHERE organization_id = $1 AND id = page.product_id LIMIT 1
        ) p ORDER BY page.id) one
) shown CROSS JOIN LATERAL ({_URL_ARRAYS} FROM (
        SELECT {_URL} FROM page CROSS JOIN LATERAL (
            SELECT * FROM tracked_urls WHERE organization_id = $1 AND variant_id = page.id
              AND competitor_id IS NOT NULL OFFSET 0
        ) t {_NAMED} ORDER BY t.id) one
) watched
WHERE o.id = $1
"""

PRODUCT = f"""
WITH page AS MATERIALIZED (
    SELECT {_VARIANT} FROM variants v WHERE v.organization_id = $1 AND v.id = $2 AND v.deleted_at IS NULL
)
{_SHOWN}"""

PRODUCTS = f"""
WITH page AS MATERIALIZED (
    SELECT v.* FROM unnest(cast($2 AS bigint[])) AS b(number) CROSS JOIN LATERAL (
        SELECT {_VARIANT} FROM variants v
        WHERE v.organization_id = $1 AND v.id >= b.number * {BLOCK} AND v.id < (b.number + 1) * {BLOCK}
          AND v.deleted_at IS NULL AND (cast($5 AS boolean) IS NULL OR v.monitored = $5)
        OFFSET 0
    ) v
    ORDER BY v.id OFFSET $3 LIMIT $4
)
{_SHOWN}"""

COMPETITORS = f"""
WITH page AS MATERIALIZED (
    SELECT t.* FROM unnest(cast($2 AS bigint[])) AS b(number) CROSS JOIN LATERAL (
        SELECT t.*, v.product_id, v.title, coalesce(v.sale_price, v.price) AS our_price
        FROM tracked_urls t CROSS JOIN LATERAL (
            SELECT * FROM variants WHERE organization_id = $1 AND id = t.variant_id AND deleted_at IS NULL LIMIT 1
        ) v
        WHERE t.organization_id = $1 AND t.id >= b.number * {BLOCK} AND t.id < (b.number + 1) * {BLOCK}
          AND t.competitor_id IS NOT NULL
        OFFSET 0
    ) t
    ORDER BY t.id OFFSET $3 LIMIT $4
)
SELECT o.lists_revision AS revision, watched.*
FROM organizations o CROSS JOIN LATERAL ({_URL_ARRAYS},
           array_agg(product_title) AS product_titles, array_agg(title) AS titles,
           array_agg(trim_scale(our_price)) AS prices
    FROM (
        SELECT {_URL}, t.title, t.our_price, p.title AS product_title
        FROM page t CROSS JOIN LATERAL (
            SELECT title FROM products WHERE organization_id = $1 AND id = t.product_id LIMIT 1
        ) p {_NAMED} ORDER BY t.id) one
) watched
WHERE o.id = $1
"""
