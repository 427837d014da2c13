"""Fields to WooCommerce's JSON and back: nothing but what was asked for, and the same value when it is read again."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kit.money import MAX_AMOUNT
from backend.ports.store_platform import PlatformImage
from backend.ports.store_writes import FieldValue
from plugin_bridge.sandbox.woocommerce.prices import read_price
from plugin_bridge.woocommerce.connector import WooConnector
from plugin_bridge.woocommerce.field_values import (
    WRITABLE,
    amount_text,
    bare_text,
    body_of,
    differing,
    same,
    shown,
    status_text,
    unfit,
    weight_text,
)
from plugin_bridge.woocommerce.mapping import GRAMS, Shop
from plugin_bridge.woocommerce.wire import MAX_COUNT, WooItem

AMOUNTS = st.decimals(0, MAX_AMOUNT, allow_nan=False, allow_infinity=False, places=6)
SHOP = Shop()


@given(AMOUNTS)
def test_an_amount_is_read_back_as_the_same_amount_by_the_store_and_by_us(amount: Decimal) -> None:
    text = amount_text(amount)
    assert read_price(text) == text
    item = WooItem(id=1, regular_price=text)
    assert shown(item, 0, {"price": amount}, SHOP) == {"price": amount}


@given(AMOUNTS, AMOUNTS)
def test_a_fit_sale_is_one_below_the_price(price: Decimal, sale: Decimal) -> None:
    assert (unfit({"price": price, "sale_price": sale}) is None) == (sale < price)


@pytest.mark.parametrize(
    "value",
    [Decimal("-0.01"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), MAX_AMOUNT + 1, "12,50", 12],
    ids=["negative", "nan", "signalling", "infinite", "huge", "text", "number"],
)
def test_what_is_no_amount_is_unfit(value: FieldValue) -> None:
    assert unfit({"price": value}) is not None
    assert unfit({"sale_price": value}) is not None


def test_a_sale_without_a_price_beside_it_is_left_to_the_store() -> None:
    assert unfit({"sale_price": Decimal(5)}) is None
    assert unfit({"price": None, "sale_price": Decimal(5)}) is not None
    assert unfit({"price": Decimal(5), "sale_price": None}) is None


@given(st.integers(0, MAX_COUNT), st.sampled_from(sorted(GRAMS)))
def test_a_weight_is_read_back_as_the_same_grams_in_every_unit(grams: int, unit: str) -> None:
    item = WooItem(id=1, weight=weight_text(grams, unit))
    assert shown(item, 0, {"weight_g": grams}, Shop(weight_unit=unit)) == {"weight_g": grams}


@pytest.mark.parametrize("grams", [-1, MAX_COUNT + 1, "900"])
def test_what_is_no_weight_is_unfit(grams: FieldValue) -> None:
    assert unfit({"weight_g": grams}) is not None


def test_no_value_empties_a_field() -> None:
    fields = dict.fromkeys(("title", "description", "sku", "barcode", "price", "sale_price", "weight_g"))
    assert set(body_of(fields).values()) == {""}


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "title": st.text(),
            "description": st.text(),
            "sku": st.text(),
            "barcode": st.text(),
            "price": AMOUNTS | st.none(),
            "sale_price": AMOUNTS | st.none(),
            "weight_g": st.integers(0, 10_000) | st.none(),
            "status": st.sampled_from(["active", "draft", "archived"]),
            "tags": st.lists(st.sampled_from(["a", "b"]), unique=True).map(tuple),
        },
    )
)
def test_a_body_holds_what_was_asked_for_and_nothing_else(fields: dict[str, FieldValue]) -> None:
    body = body_of(fields, tag_ids={"a": 1, "b": 2})
    assert len(body) == len(fields)
    assert all(isinstance(value, str | list) for value in body.values())


def test_all_that_can_be_written_is_said_by_the_connector() -> None:
    assert (WooConnector.writes, WooConnector.writes_at_once) == (WRITABLE, 100)
    assert "brand" not in WRITABLE


@pytest.mark.parametrize(("ours", "theirs"), [("active", "publish"), ("draft", "draft"), ("archived", "draft")])
def test_a_status_is_read_back_as_one_that_counts_as_the_same(ours: str, theirs: str) -> None:
    assert status_text(ours) == theirs
    seen = shown(WooItem(id=1, status=theirs), 0, {"status": ours}, SHOP)
    assert differing({"status": ours}, seen) == []


def test_hidden_is_not_on_sale() -> None:
    assert not same("status", "active", "draft")
    assert not same("status", "draft", "active")


@given(st.text(st.characters(codec="utf-8", exclude_characters="&<>")))
def test_a_text_is_the_same_however_wordpress_wraps_it(text: str) -> None:
    assert same("description", text, f"<p>{text}</p>\n")
    assert same("description", f"<p>{text}</p>\n<p>More<br>tea</p>", f"<p>{text}</p>\r\n\r\n<p>More<br />\ntea</p>\n")


@pytest.mark.parametrize(
    ("sent", "seen", "alike"),
    [
        ("Tom & Jerry", "Tom &amp; Jerry", True),
        ("5 µm – fine", "5 &micro;m &#8211; fine", True),
        ("a  b", "a b", True),
        ("<b>Tea</b>", "Tea", False),
        ("Tea", "Coffee", False),
        ("", "<p></p>", True),
    ],
)
def test_texts_are_the_same_but_for_what_wordpress_does(sent: str, seen: str, alike: bool) -> None:
    assert same("description", sent, seen) is alike
    assert (bare_text(sent) == bare_text(seen)) is alike


def test_tags_are_the_same_in_any_order_and_case() -> None:
    assert same("tags", ("b", "A"), ("a", "B"))
    assert not same("tags", ("a",), ("a", "b"))
    assert same("tags", (), ())


def test_images_are_the_same_when_there_are_as_many() -> None:
    ours, copy = PlatformImage(url="https://a/1.png"), PlatformImage(url="https://b/wp-content/1.png")
    assert same("images", (ours,), (copy,))
    assert not same("images", (ours, ours), (copy,))
    assert same("images", (), ())


def test_a_variation_has_no_title_of_its_own_to_show() -> None:
    item = WooItem(id=2, parent_id=1, name="Red", sku="A")
    assert shown(item, 1, {"title": "x", "sku": "A"}, SHOP) == {"sku": "A"}
