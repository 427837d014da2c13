"""Which catalog product and variant a row of a file is."""

from backend.domain.catalog.product_identity import KnownVariant, SkuHit, choose_product, choose_variants
from backend.ports.store_platform import PlatformVariant


def staged(sku: str = "", **options: str) -> PlatformVariant:
    return PlatformVariant(external_id="x", external_product_id="p", sku=sku, options=options)


def known(number: int, sku: str = "", **options: str) -> KnownVariant:
    return KnownVariant(number, 1, sku, options)


def test_what_nothing_is_known_of_is_new() -> None:
    assert choose_product([], [], {}).product_id is None


def test_a_sku_counts_more_than_a_handle() -> None:
    assert choose_product([SkuHit("A", 7, False)], [3], {}).product_id == 7


def test_the_oldest_product_with_the_handle_is_meant() -> None:
    assert choose_product([], [3, 5], {}).product_id == 3


def test_a_product_that_an_earlier_row_is_already_is_passed_over_by_handle() -> None:
    assert choose_product([], [3, 5], {3: 2}).product_id == 5
    assert choose_product([], [3], {3: 2}).product_id is None


def test_of_several_products_the_one_that_shares_most_skus_is_meant() -> None:
    hits = [SkuHit("A", 3, True), SkuHit("A", 7, False), SkuHit("B", 7, False)]
    assert choose_product(hits, [], {}).product_id == 7


def test_of_equals_the_one_with_the_same_handle_is_meant_then_the_oldest() -> None:
    assert choose_product([SkuHit("A", 3, False), SkuHit("A", 7, True)], [], {}).product_id == 7
    assert choose_product([SkuHit("A", 7, False), SkuHit("A", 3, False)], [], {}).product_id == 3


def test_skus_of_different_products_cannot_be_one() -> None:
    choice = choose_product([SkuHit("A", 3, False), SkuHit("B", 7, False)], [], {})
    assert choice.product_id is None
    assert '"A"' in choice.reason
    assert '"B"' in choice.reason


def test_two_rows_cannot_be_the_same_product_by_sku() -> None:
    assert "line 2" in choose_product([SkuHit("A", 3, False)], [], {3: 2}).reason


def test_a_variant_is_known_by_its_sku_whatever_its_options() -> None:
    assert choose_variants([staged("A", Size="S")], [known(1, "A", Size="M"), known(2, "B", Size="S")]) == [1]


def test_a_variant_without_a_known_sku_is_known_by_its_options_in_any_order() -> None:
    one = staged("new", Size="S", Colour="Red")
    assert choose_variants([one], [known(1, "old", Colour="Red", Size="S")]) == [1]


def test_a_variant_that_another_has_by_sku_is_not_given_away_by_options() -> None:
    assert choose_variants([staged("", Size="S"), staged("A", Size="M")], [known(1, "A", Size="S")]) == [None, 1]


def test_variants_without_sku_and_options_take_one_each() -> None:
    assert choose_variants([staged(), staged()], [known(1), known(2)]) == [1, 2]


def test_a_live_variant_is_preferred_because_it_comes_first() -> None:
    assert choose_variants([staged("A")], [known(9, "A"), known(2, "A")]) == [9]
