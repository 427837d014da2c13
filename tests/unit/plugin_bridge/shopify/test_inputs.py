"""Neutral fields to Shopify's inputs: the inverse of the mapping that reads."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.ports.store_platform import PlatformImage, PlatformVariant
from backend.ports.store_writes import ProductWrite, VariantWrite
from plugin_bridge.shopify.inputs import (
    NotWritable,
    gallery_inputs,
    needs_reading,
    price_inputs,
    product_fields,
    shows_all,
    variant_input,
)
from plugin_bridge.shopify.mapping import Mapper
from plugin_bridge.shopify.wire import Image, Item, Measurement, Picture, VariantLine, Weight

D = Decimal
PRICES = st.decimals(0, 1_000_000, places=2)


def variant(**fields: Any) -> VariantWrite:
    return VariantWrite(key="k", external_product_id="1", external_id="2", fields=fields)


def read(price: str | None, compare_at: str | None) -> PlatformVariant:
    """What reading makes of Shopify's two prices."""
    return Mapper().variant(VariantLine(id="gid://shopify/ProductVariant/2", price=price, compare_at_price=compare_at))


@given(PRICES, st.none() | PRICES)
def test_writing_prices_is_the_inverse_of_reading_them(price: Decimal, sale: Decimal | None) -> None:
    if sale is not None and sale >= price:
        price, sale = sale + 1, price
    given_ = price_inputs(price, sale)
    shown = read(given_["price"], given_["compareAtPrice"])
    assert (shown.price, shown.sale_price) == (price, sale)


@given(PRICES, st.none() | PRICES)
def test_reading_prices_and_writing_them_shows_the_same(price: Decimal, compare_at: Decimal | None) -> None:
    shown = read(f"{price:f}", None if compare_at is None else f"{compare_at:f}")
    again = price_inputs(shown.price, shown.sale_price)
    assert read(again["price"], again["compareAtPrice"]) == shown


@given(PRICES, PRICES, st.none() | PRICES)
def test_a_price_alone_leaves_the_sale_or_is_refused(new: Decimal, price: Decimal, compare_at: Decimal | None) -> None:
    shown = read(f"{price:f}", None if compare_at is None else f"{compare_at:f}")
    if shown.sale_price is not None and shown.sale_price >= new:
        with pytest.raises(NotWritable):
            variant_input(variant(price=new), shown)
        return
    sent = variant_input(variant(price=new), shown)
    after = read(sent["price"], sent["compareAtPrice"])
    assert (after.price, after.sale_price) == (new, shown.sale_price)


@given(st.integers(1, 2_147_483_647))
def test_writing_a_weight_is_the_inverse_of_reading_it(grams: int) -> None:
    weight = variant_input(variant(weight_g=grams))["inventoryItem"]["measurement"]["weight"]
    item = Item(id="i", measurement=Measurement(weight=Weight(**weight)))
    assert Mapper().variant(VariantLine(id="v", inventory_item=item)).weight_g == grams


@pytest.mark.parametrize(
    ("price", "sale"),
    [(None, None), (None, D(1)), (D(-1), None), (D(1), D(-1)), (D(1), D(1)), (D(1), D(2))],
    ids=["none", "only a sale", "negative", "negative sale", "no lower", "higher"],
)
def test_prices_that_shopify_cannot_show_are_refused(price: Decimal | None, sale: Decimal | None) -> None:
    with pytest.raises(NotWritable) as caught:
        price_inputs(price, sale)
    assert caught.value.code == "price_invalid"


@pytest.mark.parametrize("amount", [D("NaN"), D("Infinity"), 5, "5"], ids=["nan", "infinity", "int", "text"])
def test_what_is_no_amount_is_refused(amount: Any) -> None:
    with pytest.raises(NotWritable):
        variant_input(variant(price=amount, sale_price=None))


@pytest.mark.parametrize("grams", [-1, 2**40, 10**400], ids=["negative", "too heavy", "absurd"])
def test_what_is_no_weight_is_refused(grams: int) -> None:
    with pytest.raises(NotWritable):
        variant_input(variant(weight_g=grams))


def test_only_named_fields_are_sent() -> None:
    assert variant_input(variant(barcode=None)) == {"id": "gid://shopify/ProductVariant/2", "barcode": ""}
    assert variant_input(variant(sku="A"))["inventoryItem"] == {"sku": "A"}
    write = ProductWrite(key="k", external_product_id="1", fields={"brand": "B", "tags": ("x",), "status": "draft"})
    assert product_fields(write) == {"vendor": "B", "tags": ["x"], "status": "DRAFT"}


def test_a_status_that_is_none_is_refused() -> None:
    with pytest.raises(NotWritable):
        product_fields(ProductWrite(key="k", external_product_id="1", fields={"status": "sold"}))


@pytest.mark.parametrize(
    ("names", "needed"),
    [(("price",), True), (("sale_price",), True), (("price", "sale_price"), False), (("sku",), False)],
    ids=["price", "sale", "both", "neither"],
)
def test_one_price_alone_asks_for_the_other(names: tuple[str, ...], needed: bool) -> None:
    assert needs_reading(dict.fromkeys(names)) is needed


def picture(number: int, url: str) -> Picture:
    return Picture(id=f"gid://shopify/MediaImage/{number}", image=Image(url=url), alt="there")


FILM = Picture(id="gid://shopify/Video/9")


def test_pictures_that_are_there_stay_in_the_order_that_is_wanted_and_films_stay_too() -> None:
    there = [picture(1, "https://cdn.test/a.jpg?v=1"), FILM, picture(2, "https://cdn.test/b.jpg?v=2")]
    wanted = [
        PlatformImage(url="https://cdn.test/b.jpg?v=2", alt="B"),
        PlatformImage(url="https://hub.test/c.jpg", alt="C"),
    ]
    assert gallery_inputs(wanted, there) == [
        {"id": "gid://shopify/MediaImage/2", "alt": "B"},
        {"originalSource": "https://hub.test/c.jpg", "alt": "C", "contentType": "IMAGE"},
        {"id": "gid://shopify/Video/9"},
    ]


def test_the_same_picture_twice_is_taken_once_from_what_is_there() -> None:
    wanted = [PlatformImage(url="https://cdn.test/a.jpg")] * 2
    found = gallery_inputs(wanted, [picture(1, "https://cdn.test/a.jpg")])
    assert ["id" in one for one in found] == [True, False]


def test_a_picture_that_is_still_fetched_is_not_shown_yet() -> None:
    assert shows_all([picture(1, "https://cdn.test/a.jpg"), FILM])
    assert not shows_all([Picture(id="gid://shopify/MediaImage/3")])
