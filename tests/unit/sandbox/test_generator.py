"""The generator: the same every time, unique where it must be, as many as asked for."""

from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin_bridge.sandbox.generator import MAX_VARIANTS, generate_products, gtin13
from tests.support.sandbox import woo

COUNTS = st.integers(0, 40)
VARIANTS = st.integers(1, 12)


@settings(deadline=None)
@given(count=COUNTS, variants=VARIANTS, seed=st.integers(0, 10**6))
def test_the_same_arguments_give_the_same_products(count: int, variants: int, seed: int) -> None:
    assert list(generate_products(count, variants, seed)) == list(generate_products(count, variants, seed))


@settings(deadline=None)
@given(count=COUNTS, more=COUNTS, variants=VARIANTS)
def test_a_longer_catalog_begins_with_the_shorter_one(count: int, more: int, variants: int) -> None:
    longer = generate_products(count + more, variants)
    assert list(islice(longer, count)) == list(generate_products(count, variants))


@settings(deadline=None)
@given(count=COUNTS, variants=st.integers(1, MAX_VARIANTS))
def test_skus_barcodes_and_choices_are_unique(count: int, variants: int) -> None:
    products = list(generate_products(count, variants))
    rows = [variant for product in products for variant in product.variants]
    assert len(rows) == count * variants
    assert len({row.sku for row in rows}) == len(rows)
    assert len({row.barcode for row in rows}) == len(rows)
    for product in products:
        assert len({tuple(row.options.items()) for row in product.variants}) == variants
        assert all(tuple(row.options) == product.option_names for row in product.variants)


@settings(deadline=None)
@given(st.integers(0, 999_999_999))
def test_a_barcode_has_the_right_check_digit(number: int) -> None:
    code = gtin13(number)
    assert len(code) == 13
    assert sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(code)) % 10 == 0


def test_seven_products_with_one_variant_each_are_seven_simple_products() -> None:
    store = woo(generate_products(7, variants_per_product=1))
    assert [item.kind for item in store.shop.catalog.items.values()] == ["simple"] * 7


def test_more_variants_make_variable_products() -> None:
    kinds = [item.kind for item in woo(generate_products(2, 3)).shop.catalog.items.values()]
    assert kinds == ["variable", "variation", "variation", "variation"] * 2


@pytest.mark.parametrize(("count", "variants"), [(-1, 1), (1, 0), (1, MAX_VARIANTS + 1)])
def test_what_cannot_be_generated_is_refused(count: int, variants: int) -> None:
    with pytest.raises(ValueError, match="variants per product"):
        list(generate_products(count, variants))
