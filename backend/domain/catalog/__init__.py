"""One catalog per organization: products, variants, brands, categories, images, options, stock.

Owns tables `brands categories products variants stock_levels product_links listings`. Large amounts go through
`staging` (COPY into temporary tables) and `merge` (set-based SQL); unchanged rows are not written again.
Product files are read by `product_csv` (pure) and brought in by `product_import`, which finds rows again by SKU and
handle since a file knows no store.
"""
