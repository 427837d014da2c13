"""WooCommerce rows to neutral products: what is mapped, what is refused, and that nothing raises."""

import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.kit.text import storable
from backend.ports.store_platform import PlatformProduct, PlatformVariant, RowIssue
from plugin_bridge.woocommerce.bent import read_items
from plugin_bridge.woocommerce.mapping import Mapper, Shop
from plugin_bridge.woocommerce.wire import PRODUCT_FIELDS, VARIATION_FIELDS, WooItem, is_plain


def products(*rows: Any, shop: Shop | None = None, raw: bytes | None = None) -> tuple[Any, list[RowIssue]]:
    page = read_items(raw or json.dumps(list(rows)).encode(), "application/json")
    assert page is not None
    mapper = Mapper(page, shop or Shop())
    return mapper.products(), mapper.issues


def variants(*rows: Any, parent: int | None = None) -> tuple[tuple[PlatformVariant, ...], list[RowIssue]]:
    page = read_items(json.dumps(list(rows)).encode(), "application/json")
    assert page is not None
    mapper = Mapper(page, Shop())
    return mapper.variants(parent), mapper.issues


def simple(**fields: Any) -> dict[str, Any]:
    return {"id": 10, "name": "Cup", "type": "simple", "status": "publish", "regular_price": "6.00", **fields}


def variant(**fields: Any) -> PlatformVariant:
    (product,), _ = products(simple(**fields))
    (only,) = product.variants
    return only


def test_a_simple_product_carries_its_one_variant() -> None:
    (product,), issues = products(
        simple(
            name="Salt &amp; Pepper &#8211; set",
            slug="salt",
            permalink="https://shop.test/product/salt/",
            date_modified_gmt="2026-11-24T13:17:47",
            description="<p>Fine &amp; white</p>\n",
            sku="S-1",
            global_unique_id="4006381333931",
            manage_stock=True,
            stock_quantity=-3,
            stock_status="onbackorder",
            backorders="notify",
            weight="0.5",
            categories=[{"id": 15, "name": "Kitchen &amp; Home"}],
            brands=[{"id": 3, "name": "Acme"}],
            tags=[{"id": 4, "name": "new"}, {"id": 5, "name": "new"}],
            images=[{"src": "https://shop.test/a.jpg", "alt": "A &lt;b&gt;"}, {"src": "/b.jpg"}],
            attributes=[{"name": "Main Colour", "options": ["Red", "Blue"], "variation": False}],
        )
    )
    assert issues == []
    (only,) = product.variants
    moment = datetime(2026, 11, 24, 13, 17, 47, tzinfo=UTC)
    assert (product.external_id, product.title, product.handle) == ("10", "Salt & Pepper – set", "salt")
    assert product.description == "<p>Fine &amp; white</p>\n"
    assert (product.brand, product.categories, product.tags) == ("Acme", ("Kitchen & Home",), ("new",))
    assert [(image.url, image.alt) for image in product.images] == [("https://shop.test/a.jpg", "A <b>")]
    assert (product.status, product.modified_at, product.option_names) == ("active", moment, ())
    assert (only.external_id, only.external_product_id, only.sku) == ("10", "10", "S-1")
    assert (only.barcode, only.price, only.sale_price) == ("4006381333931", Decimal("6.00"), None)
    assert (only.stock, only.in_stock, only.backorder, only.weight_g) == (-3, True, True, 500)
    assert only.attributes == {"main_colour": "Red, Blue"}
    assert (only.image_url, only.url) == ("https://shop.test/a.jpg", "https://shop.test/product/salt/")
    assert (only.active, only.modified_at) == (True, moment)


@pytest.mark.parametrize("kind", ["variable", "variable-subscription", "grouped"])
def test_a_parent_carries_no_variant_of_its_own(kind: str) -> None:
    (product,), _ = products(simple(type=kind, attributes=[{"name": "Size", "variation": True, "options": ["S"]}]))
    assert product.variants == ()
    assert product.option_names == ("Size",)


@pytest.mark.parametrize("kind", ["simple", "external", "subscription", "bundle", "yith_bundle", "", None, 7])
def test_every_other_type_is_sold_as_it_is(kind: Any) -> None:
    (product,), _ = products(simple(type=kind))
    assert len(product.variants) == 1


def test_a_variation_names_its_parent_and_its_options() -> None:
    (only,), issues = variants(
        {
            "id": 214,
            "parent_id": 210,
            "name": "XL, Red",
            "regular_price": "13",
            "manage_stock": "parent",
            "stock_quantity": 15,
            "image": {"src": "https://shop.test/v.jpg"},
            "attributes": [{"id": 0, "name": "Size", "slug": "size", "option": "XL"}, {"name": "Colour", "option": ""}],
        }
    )
    assert issues == []
    assert (only.external_id, only.external_product_id, only.title) == ("214", "210", "XL, Red")
    assert (only.options, only.stock, only.image_url) == ({"Size": "XL"}, 15, "https://shop.test/v.jpg")


def test_an_old_variation_takes_parent_and_title_from_its_list_and_options() -> None:
    (only,), _ = variants({"id": 4, "attributes": [{"name": "Size", "option": "M"}]}, parent=9)
    assert (only.external_product_id, only.title) == ("9", "M")


def test_a_variation_without_a_parent_is_an_issue() -> None:
    made, issues = variants({"id": 4, "parent_id": 0})
    assert made == ()
    assert [issue.code for issue in issues] == ["parent_missing"]


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("", None),
        (None, None),
        ("6", Decimal(6)),
        ("12.50", Decimal("12.50")),
        (12, Decimal(12)),
        (12.5, Decimal("12.5")),
        (0.1, Decimal("0.1")),
        ("0", Decimal(0)),
        (" 7.10 ", Decimal("7.10")),
    ],
)
def test_a_readable_price_is_taken_as_it_is(text: Any, price: Decimal | None) -> None:
    (product,), issues = products(simple(regular_price=text, price=""))
    assert product.variants[0].price == price
    assert issues == []


@pytest.mark.parametrize(
    "text",
    ["12,50", "1,234.50", "abc", "€5", "1e3", "NaN", "Infinity", "-5", "٣", "9" * 20, 1e300, 10**30, True, "1.1.1"],
)
def test_an_unreadable_price_is_an_issue_and_never_a_guess(text: Any) -> None:
    (product,), issues = products(simple(regular_price=text, price="12"))
    assert product.variants[0].price is None
    assert [(issue.code, issue.external_id, issue.field) for issue in issues] == [
        ("price_unreadable", "10", "regular_price")
    ]


def test_without_a_regular_price_the_current_one_counts() -> None:
    assert variant(regular_price="", price="8.50").price == Decimal("8.50")


@pytest.mark.parametrize(
    ("fields", "sale"),
    [
        ({"on_sale": True, "sale_price": "4"}, Decimal(4)),
        ({"on_sale": False, "sale_price": "4"}, None),
        ({"on_sale": True, "sale_price": "", "price": "5"}, Decimal(5)),
        ({"on_sale": True, "sale_price": "6"}, None),
        ({"on_sale": True, "sale_price": "9"}, None),
        ({"on_sale": True, "sale_price": "4,5"}, None),
    ],
)
def test_only_a_lower_price_in_force_is_a_sale_price(fields: dict[str, Any], sale: Decimal | None) -> None:
    assert variant(regular_price="6", **fields).sale_price == sale


@pytest.mark.parametrize(
    ("managed", "quantity", "stock", "codes"),
    [
        (True, 5, 5, []),
        (True, "7", 7, []),
        (True, 5.0, 5, []),
        (True, 5.5, 5, ["stock_rounded"]),
        (True, "5.5", 5, ["stock_rounded"]),
        (True, -2, -2, []),
        (True, None, None, []),
        (True, "", None, []),
        (True, "many", None, ["stock_unreadable"]),
        (True, "nan", None, ["stock_unreadable"]),
        (True, 1e300, None, ["stock_unreadable"]),
        (True, 10**12, None, ["stock_unreadable"]),
        (True, True, None, ["stock_unreadable"]),
        (False, 5, None, []),
        ("parent", 3, 3, []),
    ],
)
def test_stock_is_read_where_the_store_counts(managed: Any, quantity: Any, stock: int | None, codes: list[str]) -> None:
    (product,), issues = products(simple(manage_stock=managed, stock_quantity=quantity))
    assert product.variants[0].stock == stock
    assert [issue.code for issue in issues] == codes


@pytest.mark.parametrize(
    ("weight", "unit", "grams"),
    [("0.5", "kg", 500), ("12", "g", 12), ("1", "lbs", 454), ("1", "oz", 28), (1.5, "kg", 1500), ("", "kg", None)],
)
def test_weight_is_turned_into_grams(weight: Any, unit: str, grams: int | None) -> None:
    (product,), issues = products(simple(weight=weight), shop=Shop(weight_unit=unit))
    assert product.variants[0].weight_g == grams
    assert issues == []


@pytest.mark.parametrize("weight", ["0,5", "heavy", "-1", "999999999999", True])
def test_an_unreadable_weight_is_an_issue(weight: Any) -> None:
    (product,), issues = products(simple(weight=weight))
    assert product.variants[0].weight_g is None
    assert [issue.code for issue in issues] == ["weight_unreadable"]


@pytest.mark.parametrize(
    ("status", "neutral", "active"),
    [("publish", "active", True), ("draft", "draft", False), ("private", "draft", False), ("trash", "archived", False)],
)
def test_status_is_neutral(status: str, neutral: str, active: bool) -> None:
    (product,), _ = products(simple(status=status))
    assert (product.status, product.variants[0].active) == (neutral, active)


def test_a_nameless_product_gets_its_slug_and_an_issue() -> None:
    (product, other), issues = products(simple(name=" ", slug="a-cup"), simple(id=11, name="", slug=""))
    assert (product.title, other.title) == ("a-cup", "Product 11")
    assert [issue.code for issue in issues] == ["title_missing", "title_missing"]


def test_categories_become_paths_the_deepest_last() -> None:
    shop = Shop(category_paths={1: "Clothing", 2: "Clothing > Shirts > Silk", 3: "Sale"})
    terms = [
        {"id": 2, "name": "Silk"},
        {"id": 1, "name": "Clothing"},
        {"id": 3, "name": "Sale"},
        {"id": 9, "name": "Odd"},
    ]
    (product,), _ = products(simple(categories=terms), shop=shop)
    assert product.categories == ("Clothing", "Sale", "Odd", "Clothing > Shirts > Silk")


def test_a_brand_may_be_an_attribute() -> None:
    (product,), _ = products(simple(brands=[], attributes=[{"name": "Brand", "options": ["Acme"]}]))
    assert product.brand == "Acme"


def test_bent_types_cost_only_the_bent_field() -> None:
    (product, other), issues = products(
        simple(
            id="12", sku=[], name={"rendered": "x"}, images={"0": {"src": "https://x.test/a.jpg"}}, categories="none"
        ),
        simple(id=13),
    )
    assert (product.external_id, other.external_id) == ("12", "13")
    assert [image.url for image in product.images] == ["https://x.test/a.jpg"]
    assert {issue.code for issue in issues} == {"field_unreadable", "title_missing"}
    assert product.variants[0].price == Decimal("6.00")


def test_rows_that_are_no_products_are_issues() -> None:
    made, issues = products("x", 5, None, [], {"name": "no id"}, simple())
    assert [product.external_id for product in made] == ["10"]
    assert [issue.code for issue in issues] == ["row_unreadable"] * 4 + ["id_missing"]


@pytest.mark.parametrize(
    "raw",
    [
        rb'[{"id":10,"name":"a\u0000b\u0007\ud800c","regular_price":"1"}]',
        rb'[{"id":10,"name":"abc\b\f","regular_price":"1"}]',
        b'[{"id":10,"name":"abc\x7f\xef\xbf\xbf","regular_price":"1"}]',
        b'[{"id":10,"name":"abc&#127;&#12;","regular_price":"1"}]',
        b'Warning: x\n[{"id":10,"name":"abc","regular_price":"1"}]',
    ],
)
def test_what_cannot_be_stored_is_left_out(raw: bytes) -> None:
    (product,), _ = products(raw=raw)
    assert product.title == "abc"


def test_invalid_utf8_is_shown_as_replacement() -> None:
    (product,), _ = products(raw=b'[{"id":10,"name":"caf\xe9","regular_price":"1"}]')
    assert product.title == "caf\ufffd"


def test_emoji_and_long_names_stay_whole() -> None:
    for name in ("🦊 fox 👩‍👩‍👧", "x" * 10_000, "Ω" * 10_000):
        (product,), _ = products(simple(name=name))
        assert product.title == name


@pytest.mark.parametrize("raw", [b"", b"<html></html>", b'[{"id":1', b'{"code":"x"}', b"null", b'"text"', b"[" * 9999])
def test_what_is_no_list_is_no_page(raw: bytes) -> None:
    assert read_items(raw, "application/json") is None


def test_the_fields_asked_for_are_the_fields_read() -> None:
    asked = {*PRODUCT_FIELDS.split(","), *VARIATION_FIELDS.split(",")}
    # Meta data is for what we made ourselves; a walk does not ask for it.
    assert asked == set(WooItem.__struct_fields__) - {"meta_data"}


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["12,50", "abc", "6.00", "&amp;&#0;", "https://x.test/&#1;", "2026-11-24T13:17:47", "publish"])
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
term = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("id", "name", "src", "alt", "option", "options", "variation"), anything)
)
row = st.fixed_dictionaries(
    {"id": st.integers(1, 10**6) | anything},
    optional={
        **{name: anything for name in WooItem.__struct_fields__ if name != "id"},
        **{
            name: st.lists(term, max_size=3) | anything
            for name in ("categories", "brands", "tags", "images", "attributes")
        },
    },
)


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in texts(part)]
    if isinstance(value, list | tuple):
        return [text for part in value for text in texts(part)]
    if hasattr(value, "__struct_fields__"):
        return [text for name in value.__struct_fields__ for text in texts(getattr(value, name))]
    return []


def check_sound(made: tuple[PlatformProduct, ...] | tuple[PlatformVariant, ...], issues: list[RowIssue]) -> None:
    assert all(storable(text) == text for text in [*texts(made), *texts(issues)])
    every = [v for item in made for v in (item.variants if isinstance(item, PlatformProduct) else (item,))]
    for one in every:
        for amount in (one.price, one.sale_price):
            assert amount is None or (amount.is_finite() and amount >= 0)
        assert one.stock is None or (type(one.stock) is int and abs(one.stock) < 2**31)
        assert one.weight_g is None or 0 <= one.weight_g < 2**31
        assert one.modified_at is None or one.modified_at.tzinfo is UTC
        assert math.isfinite(float(one.external_id))


@settings(max_examples=150, deadline=None)
@given(st.lists(row | anything, max_size=4), st.booleans())
def test_any_json_is_mapped_without_raising_to_storable_text_and_finite_money(
    rows: list[Any], ascii_only: bool
) -> None:
    content = json.dumps(rows, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    page = read_items(content, "application/json")
    if page is None:  # numbers of thousands of digits and the like: no JSON reader takes them
        return
    for as_variants in (False, True):
        mapper = Mapper(page, Shop())
        made = mapper.variants(1) if as_variants else mapper.products()
        check_sound(made, mapper.issues)


@given(st.text(), st.booleans())
def test_a_page_called_plain_needs_no_cleaning(text: str, ascii_only: bool) -> None:
    body = json.dumps([text], ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    page = read_items(b'[{"id":1,"name":%s,"sku":%s}]' % (body[1:-1], body[1:-1]), "application/json")
    assert page is not None
    (item,) = page.items
    assert storable(item.sku) == item.sku
    if is_plain(body) and "\ufffd" not in item.sku:
        assert item.name == item.sku == text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Salt &amp; Pepper", "Salt & Pepper"),
        ("Fisch &#8211; Br&ouml;tchen", "Fisch – Brötchen"),
        ("Cats &notes", "Cats &notes"),
        ("R&D; x", "R&D; x"),
        ("a &#x1F98A; b", "a 🦊 b"),
        ("5 &lt; 6 &#0;", "5 < 6 \ufffd"),
    ],
)
def test_whole_entities_in_names_become_characters(name: str, shown: str) -> None:
    for ascii_only in (True, False):
        content = json.dumps([simple(name=name)], ensure_ascii=ascii_only).encode()
        assert products(raw=content)[0][0].title == shown
    escaped = json.dumps([simple(name=name)]).replace("&", "\\u0026").encode()
    assert products(raw=escaped)[0][0].title == shown


def test_parameters_of_an_address_are_not_taken_for_entities() -> None:
    url = "https://shop.test/product/x/?a=1&copy=2&reg=3"
    for printed in (url, url.replace("&", "&amp;"), url.replace("&", "&#038;")):
        (product,), _ = products(simple(permalink=printed, images=[{"src": printed}]))
        assert (product.url, product.images[0].url) == (url, url)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    read_items(b"[" + content, "application/json")
    read_items(content, "text/html")
