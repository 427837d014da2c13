"""Which variants of its product the variants of a store's product are."""

from hypothesis import given
from hypothesis import strategies as st

from backend.domain.catalog.linking_rules import HeldVariant, ShownVariant, gtin, place, sku_key

EAN = "4006381333931"


def shown(name: str, sku: str = "", barcode: str = "", **options: str) -> ShownVariant:
    return ShownVariant(name, sku, barcode, options)


def held(number: int, sku: str = "", barcode: str = "", **options: str) -> HeldVariant:
    return HeldVariant(number, 1, sku, barcode, options)


def ids(placed: dict[str, HeldVariant]) -> dict[str, int]:
    return {name: one.id for name, one in placed.items()}


def test_variants_meet_by_sku_then_by_barcode() -> None:
    page = [shown("x", "A", EAN), shown("y", "", "0" + EAN)]
    assert ids(place(page, [held(1, "A"), held(2, "B", EAN)])) == {"x": 1, "y": 2}


def test_a_variant_without_a_sku_meets_the_one_with_its_options() -> None:
    page = [shown("x", "", size="L"), shown("y", "", size="M")]
    assert ids(place(page, [held(1, "A", size="L"), held(2, "B", size="S")])) == {"x": 1}


def test_options_do_not_outweigh_another_sku_unless_a_person_said_the_products_are_one() -> None:
    page, catalog = (
        [shown("x", "OTHER", size="L"), shown("y", "A", size="M")],
        [held(1, "A", size="M"), held(2, "C", size="L")],
    )
    assert ids(place(page, catalog)) == {"y": 1}
    assert ids(place(page, catalog, confirmed=True)) == {"y": 1, "x": 2}


def test_what_two_have_in_common_places_neither() -> None:
    assert place([shown("x", "A"), shown("y", "A")], [held(1, "A")]) == {}
    assert place([shown("x", "A")], [held(1, "A"), held(2, "A")]) == {}


def test_only_variants_meet_once_a_person_said_that_the_products_are_one() -> None:
    page, catalog = [shown("x", "A")], [held(1, "B")]
    assert place(page, catalog) == {}
    assert ids(place(page, catalog, confirmed=True)) == {"x": 1}


some = st.tuples(
    st.sampled_from(["", "A", "B", "C"]),
    st.sampled_from(["", EAN, "0" + EAN, "5901234123457"]),
    st.dictionaries(st.just("size"), st.sampled_from(["S", "M"]), max_size=1),
)


@given(st.lists(some, max_size=5), st.lists(some, max_size=5), st.booleans())
def test_no_variant_is_given_twice_and_an_equal_sku_is_never_passed_over(
    page: list[tuple[str, str, dict[str, str]]], catalog: list[tuple[str, str, dict[str, str]]], confirmed: bool
) -> None:
    ours = [ShownVariant(str(n), *row) for n, row in enumerate(page)]
    theirs = [HeldVariant(n, 1, *row) for n, row in enumerate(catalog)]
    placed = place(ours, theirs, confirmed=confirmed)
    assert len({one.id for one in placed.values()}) == len(placed)
    for one in ours:
        same = [other for other in theirs if sku_key(one.sku) and sku_key(other.sku) == sku_key(one.sku)]
        if len(same) == 1 and sum(sku_key(other.sku) == sku_key(one.sku) for other in ours) == 1:
            assert placed[one.external_id] == same[0]
    if not confirmed:
        for one in ours:
            met = placed.get(one.external_id)
            if met is not None and sku_key(one.sku) and sku_key(met.sku) != sku_key(one.sku):
                assert gtin(one.barcode) == gtin(met.barcode) != ""
