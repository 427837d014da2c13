"""A neutral product as Shopify takes it when it is made."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.ports.store_platform import PlatformProduct, PlatformVariant
from backend.ports.store_writes import ProductCreation
from plugin_bridge.shopify.creating import adopted_by_sku, matched
from plugin_bridge.shopify.creation_inputs import choices_of, handle_of, product_input
from plugin_bridge.shopify.inputs import NotWritable
from plugin_bridge.shopify.wire import Chosen, Item, Parent, VariantLine


def product(
    *options: dict[str, str], title: str = "A Lamp", own_id: str = "p", names: tuple[str, ...] = ()
) -> PlatformProduct:
    variants = tuple(
        PlatformVariant(external_id=f"v{at}", external_product_id=own_id, sku=f"S{at}", options=one)
        for at, one in enumerate(options)
    )
    return PlatformProduct(external_id=own_id, title=title, variants=variants, option_names=names)


@given(st.text(max_size=300), st.text(min_size=1, max_size=40))
def test_a_handle_is_one_that_shopify_keeps_as_it_is(title: str, own_id: str) -> None:
    handle = handle_of(product(title=title, own_id=own_id))
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", handle)
    assert len(handle) <= 100
    assert handle == handle_of(product(title=title, own_id=own_id))


def test_products_of_one_title_have_handles_of_their_own() -> None:
    assert handle_of(product(own_id="1")) != handle_of(product(own_id="2"))
    assert handle_of(product(title="Ärmel & Café")).startswith("armel-cafe-")
    assert handle_of(product(title="燈")).startswith("product-")


def test_a_variant_that_says_nothing_of_an_option_gets_a_dash() -> None:
    found = choices_of(product({"Size": "M", "Colour": "red"}, {"Size": "L"}))
    assert found == [{"Size": "M", "Colour": "red"}, {"Size": "L", "Colour": "-"}]


def test_variants_without_options_get_one() -> None:
    assert choices_of(product({}, {})) == [{"Variant": "S0"}, {"Variant": "S1"}]
    assert choices_of(product({})) == [{"Title": "Default Title"}]


@pytest.mark.parametrize(
    "given_",
    [product(), product({"a": "1", "b": "2", "c": "3", "d": "4"}), product({"a": "x"}, {"a": "X "})],
    ids=["no variants", "four options", "twins"],
)
def test_what_shopify_cannot_sell_is_refused(given_: PlatformProduct) -> None:
    with pytest.raises(NotWritable):
        choices_of(given_)


def test_an_unknown_status_is_refused() -> None:
    with pytest.raises(NotWritable):
        product_input(PlatformProduct(external_id="p", title="x", status="sold", variants=product({}).variants), None)


def line(number: int, sku: str, parent: str = "gid://shopify/Product/1", **options: str) -> VariantLine:
    return VariantLine(
        id=f"gid://shopify/ProductVariant/{number}",
        sku=sku,
        selected_options=[Chosen(name=name, value=value) for name, value in options.items()],
        inventory_item=Item(id=f"gid://shopify/InventoryItem/{number}0"),
        product=Parent(id=parent),
    )


def test_variants_are_found_by_their_options_in_any_spelling() -> None:
    there = [line(2, "x", size="L "), line(1, "y", Size="m")]
    found = matched(product({"Size": "M"}, {"Size": "l"}, {"Size": "XL"}), there)
    assert [one.id[-1] if one else None for one in found] == ["1", "2", None]


def test_a_product_is_adopted_when_it_has_all_skus() -> None:
    creation = ProductCreation(key="c", product=product({"Size": "M"}, {"Size": "L"}))
    found = adopted_by_sku(creation, [line(1, "S0"), line(2, "S1"), line(3, "S1", "gid://shopify/Product/2")])
    assert found is not None
    assert found.created is not None
    assert [one.external_id for one in found.created.variants] == ["1", "2"]
    assert adopted_by_sku(creation, []) is None


def test_skus_in_several_products_are_refused() -> None:
    creation = ProductCreation(key="c", product=product({"Size": "M"}, {"Size": "L"}))
    found = adopted_by_sku(creation, [line(1, "S0"), line(3, "S1", "gid://shopify/Product/2")])
    assert found is not None
    assert found.code == "sku_taken"
