"""Shopify's own sample exports, where the folder with them is at hand."""

from pathlib import Path

import pytest

from backend.domain.catalog.product_csv import read_product_csv

FOLDER = Path(__file__).parents[4] / "shared" / "data"
FILES = {
    "shopify-apparel.csv": (22, 20, 22),
    "shopify-home-and-garden.csv": (21, 20, 21),
    "shopify-jewelery.csv": (41, 20, 23),
}


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_real_sample_is_read_whole(name: str) -> None:
    file = FOLDER / name
    if not file.exists():
        pytest.skip(f"THE SAMPLE FILE {file} IS NOT HERE: real product exports were not tried")
    result = read_product_csv(file)
    variants = [variant for product in result.products for variant in product.variants]
    assert (result.rows, len(result.products), len(variants)) == FILES[name]
    assert result.rejected == ()
    assert all(variant.price for variant in variants)
    assert all(product.images for product in result.products)
