"""Which catalog product a store's new product is, as far as skus and barcodes tell."""

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from backend.domain.catalog.linking_rules import (
    BARCODE_ONLY,
    BARCODES_DIFFER,
    MOST_HITS,
    PARTLY,
    SKU_AMBIGUOUS,
    SKU_REPEATED,
    VARIANTS_DIFFER,
    Decision,
    Found,
    HeldVariant,
    ShownVariant,
    decide,
    decide_all,
    gtin,
    sku_key,
    spellings,
)

EAN, OTHER_EAN = "4006381333931", "5901234123457"


def shown(sku: str = "", barcode: str = "", name: str = "v") -> ShownVariant:
    return ShownVariant(name, sku, barcode)


def held(number: int, product: int, sku: str = "", barcode: str = "", *, here: bool = False) -> HeldVariant:
    return HeldVariant(number, product, sku, barcode, {}, here)


def found(catalog: Iterable[HeldVariant], page: Iterable[ShownVariant]) -> Found:
    """What a look-up finds in a catalog for what a page shows."""
    skus: dict[str, list[HeldVariant]] = {}
    gtins: dict[str, list[HeldVariant]] = {}
    for one in catalog:
        skus.setdefault(sku_key(one.sku), []).append(one)
        if gtin(one.barcode):
            gtins.setdefault(gtin(one.barcode), []).append(one)
    return Found(skus, gtins, Counter(sku_key(one.sku) for one in page))


def decided(page: Sequence[ShownVariant], catalog: Iterable[HeldVariant]) -> Decision:
    return decide(page, found(catalog, page))


def doubted(decision: Decision) -> list[tuple[int, str]]:
    assert decision.product_id is None
    return [(doubt.candidate_id, doubt.reason) for doubt in decision.doubts]


def test_a_product_whose_only_sku_is_one_live_variant_is_that_product() -> None:
    assert decided([shown("A")], [held(1, 10, "A"), held(2, 11, "B")]) == Decision(product_id=10)


def test_a_product_all_of_whose_skus_are_one_products_is_that_product_though_it_has_more() -> None:
    catalog = [held(1, 10, "A"), held(2, 10, "B"), held(3, 10, "C")]
    assert decided([shown("A", name="1"), shown("B", name="2")], catalog).product_id == 10


def test_a_variant_without_a_sku_does_not_stand_in_the_way() -> None:
    assert decided([shown("A", name="1"), shown("", name="2")], [held(1, 10, "A")]).product_id == 10


def test_what_nothing_is_known_of_is_new() -> None:
    assert decided([shown("A", EAN)], [held(1, 10, "B", OTHER_EAN)]) == Decision()


def test_empty_skus_never_meet() -> None:
    assert decided([shown("  ")], [held(1, 10, ""), held(2, 11, " ")]) == Decision()


def test_blanks_around_a_sku_do_not_count_but_its_case_does() -> None:
    assert decided([shown(" A ")], [held(1, 10, "A")]).product_id == 10
    assert decided([shown("a")], [held(1, 10, "A")]) == Decision()


def test_a_barcode_alone_is_for_a_person_to_decide() -> None:
    assert doubted(decided([shown("A", EAN)], [held(1, 10, "B", EAN)])) == [(10, BARCODE_ONLY)]
    assert doubted(decided([shown("", EAN)], [held(1, 10, "", EAN)])) == [(10, BARCODE_ONLY)]


def test_a_sku_of_two_variants_is_for_a_person_to_decide() -> None:
    catalog = [held(1, 10, "A"), held(2, 11, "A")]
    assert doubted(decided([shown("A")], catalog)) == [(10, SKU_AMBIGUOUS), (11, SKU_AMBIGUOUS)]


def test_a_sku_that_two_variants_of_one_product_have_is_for_a_person_to_decide() -> None:
    assert doubted(decided([shown("A")], [held(1, 10, "A"), held(2, 10, "A")])) == [(10, SKU_AMBIGUOUS)]


def test_a_sku_that_the_store_has_already_makes_another_product_with_it_doubtful() -> None:
    catalog = [held(1, 10, "A"), held(2, 11, "A", here=True)]
    assert doubted(decided([shown("A")], catalog)) == [(10, SKU_AMBIGUOUS)]


def test_a_product_that_the_store_shows_already_is_no_candidate() -> None:
    assert decided([shown("A", EAN)], [held(1, 10, "A", EAN, here=True)]) == Decision()


def test_a_sku_that_more_variants_have_than_anybody_could_compare_says_nothing() -> None:
    assert decided([shown("1")], [held(n, n, "1") for n in range(MOST_HITS + 1)]) == Decision()


def test_some_skus_known_and_others_not_is_for_a_person_to_decide() -> None:
    page = [shown("A", name="1"), shown("B", name="2")]
    assert doubted(decided(page, [held(1, 10, "A")])) == [(10, PARTLY)]


def test_variants_of_several_products_are_for_a_person_to_decide_the_nearest_first() -> None:
    page = [shown(sku, name=sku) for sku in "ABC"]
    catalog = [held(1, 10, "A"), held(2, 11, "B"), held(3, 11, "C")]
    assert doubted(decided(page, catalog)) == [(11, VARIANTS_DIFFER), (10, VARIANTS_DIFFER)]


def test_a_barcode_that_denies_the_sku_is_for_a_person_to_decide() -> None:
    assert doubted(decided([shown("A", EAN)], [held(1, 10, "A", OTHER_EAN)])) == [(10, BARCODES_DIFFER)]


def test_a_barcode_that_names_another_product_than_the_sku_suggests_both() -> None:
    catalog = [held(1, 10, "A"), held(2, 11, "B", EAN)]
    assert doubted(decided([shown("A", EAN)], catalog)) == [(10, BARCODES_DIFFER), (11, BARCODES_DIFFER)]


def test_barcodes_that_differ_in_zeros_before_them_do_not_deny_a_sku() -> None:
    assert decided([shown("A", "0" + EAN)], [held(1, 10, "A", EAN)]).product_id == 10


def test_two_products_of_a_page_with_one_sku_are_both_for_a_person_to_decide() -> None:
    products = {"de": [shown("A", name="1")], "en": [shown("A", name="2")]}
    page = list(itertools.chain(*products.values()))
    decisions = decide_all(products, found([held(1, 10, "A")], page))
    assert {name: doubted(one) for name, one in decisions.items()} == {
        "de": [(10, SKU_REPEATED)],
        "en": [(10, SKU_REPEATED)],
    }


def test_two_products_of_a_page_that_are_variants_of_one_are_both_for_a_person_to_decide() -> None:
    products = {"s": [shown("A", name="1")], "m": [shown("B", name="2")]}
    page = list(itertools.chain(*products.values()))
    decisions = decide_all(products, found([held(1, 10, "A"), held(2, 10, "B")], page))
    assert [doubted(one) for one in decisions.values()] == [[(10, VARIANTS_DIFFER)], [(10, VARIANTS_DIFFER)]]


def test_what_is_no_number_of_an_article_is_not_compared_as_a_barcode() -> None:
    for text in ("", "0", "00000000", "1234567", "123456789012345", "Does not apply", "4006381-33393X", "٤٠٠٦٣٨١٣"):
        assert gtin(text) == "", text


def test_a_barcode_is_fourteen_digits_however_it_is_written() -> None:
    assert {gtin(text) for text in (EAN, "0" + EAN, " 4006381 333931", "4006-3813-33931")} == {"0" + EAN}


digits = st.text("0123456789", min_size=8, max_size=14)


@given(digits)
def test_every_spelling_of_a_barcode_means_the_same_and_finds_the_others(barcode: str) -> None:
    ways = spellings(barcode)
    assert (barcode in ways) == bool(gtin(barcode))
    for way in ways:
        assert gtin(way) in (gtin(barcode), "")
        assert len(way) < 8 or ways - {barcode} <= spellings(way)


few_skus = st.sampled_from(["", "A", "B", "C", " A"])
few_barcodes = st.sampled_from(["", EAN, "0" + EAN, OTHER_EAN, "n/a"])
pages = st.dictionaries(
    st.sampled_from(["p", "q", "r"]), st.lists(st.tuples(few_skus, few_barcodes), min_size=1, max_size=3), min_size=1
).map(
    lambda products: {
        name: [shown(sku, barcode, f"{name}{n}") for n, (sku, barcode) in enumerate(rows)]
        for name, rows in products.items()
    }
)
catalogs = st.lists(st.tuples(st.integers(10, 13), few_skus, few_barcodes), max_size=6).flatmap(
    lambda rows: st.sets(st.integers(10, 13)).map(
        lambda here: [held(n, product, sku, code, here=product in here) for n, (product, sku, code) in enumerate(rows)]
    )
)


def all_found(products: Mapping[str, Sequence[ShownVariant]], catalog: Sequence[HeldVariant]) -> Found:
    return found(catalog, itertools.chain(*products.values()))


@given(pages, catalogs)
def test_what_is_linked_for_certain_is_so_by_every_word_of_the_rule(
    products: dict[str, list[ShownVariant]], catalog: list[HeldVariant]
) -> None:
    everything = [one for variants in products.values() for one in variants]
    decisions = decide_all(products, all_found(products, catalog))
    for name, decision in decisions.items():
        if decision.product_id is None:
            continue
        assert decision.doubts == ()
        with_sku = [one for one in products[name] if sku_key(one.sku)]
        assert with_sku
        for one in with_sku:
            same = [other for other in catalog if sku_key(other.sku) == sku_key(one.sku)]
            assert [other.product_id for other in same] == [decision.product_id]
            assert not same[0].here
            assert sum(sku_key(other.sku) == sku_key(one.sku) for other in everything) == 1
            assert not gtin(one.barcode) or gtin(same[0].barcode) in ("", gtin(one.barcode))
    linked = [one.product_id for one in decisions.values() if one.product_id is not None]
    assert len(linked) == len(set(linked))


@given(pages, catalogs)
def test_nothing_is_suggested_that_the_store_shows_already_or_that_shares_nothing(
    products: dict[str, list[ShownVariant]], catalog: list[HeldVariant]
) -> None:
    for name, decision in decide_all(products, all_found(products, catalog)).items():
        for doubt in decision.doubts:
            of_it = [one for one in catalog if one.product_id == doubt.candidate_id]
            assert not any(one.here for one in of_it)
            skus = {sku_key(one.sku) for one in products[name]} - {""}
            codes = {gtin(one.barcode) for one in products[name]} - {""}
            assert any(sku_key(one.sku) in skus or gtin(one.barcode) in codes for one in of_it)


@given(pages, catalogs, st.randoms(use_true_random=False))
def test_the_order_of_rows_decides_nothing(
    products: dict[str, list[ShownVariant]], catalog: list[HeldVariant], random: object
) -> None:
    once = decide_all(products, all_found(products, catalog))
    turned = {name: variants[::-1] for name, variants in reversed(products.items())}
    again = decide_all(turned, all_found(turned, catalog[::-1]))
    assert {name: one.product_id for name, one in once.items()} == {name: one.product_id for name, one in again.items()}
    assert {name: doubted(one) for name, one in once.items() if one.doubts} == {
        name: doubted(one) for name, one in again.items() if one.doubts
    }
