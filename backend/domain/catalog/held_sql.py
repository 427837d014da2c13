"""SQL expressions that spell what the catalog holds as `fields.spelled` does; `p` is a product, `v` a variant."""

HELD_PRODUCT = """jsonb_build_object(
    'title', p.title, 'description', p.description, 'status', p.status, 'images', p.images,
    'tags', coalesce((SELECT jsonb_agg(DISTINCT tag COLLATE "C" ORDER BY tag COLLATE "C")
                      FROM unnest(p.tags) AS tag), '[]'),
    'brand', coalesce((SELECT b.name FROM brands b WHERE b.id = p.brand_id), ''))"""

PIECES = """(SELECT sum(k.on_hand)::bigint FROM stock_levels k
     WHERE k.organization_id = v.organization_id AND k.variant_id = v.id)"""

HELD_VARIANT = f"""jsonb_build_object(
    'sku', v.sku, 'barcode', v.barcode, 'weight_g', v.weight_g, 'price', trim_scale(v.price)::text,
    'sale_price', trim_scale(v.sale_price)::text, 'stock', {PIECES})"""
