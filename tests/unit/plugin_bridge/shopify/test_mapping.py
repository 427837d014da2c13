"""Shopify's words to ours: prices, stock by place, options, categories, and whatever a merchant may type."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.ports.store_platform import PlatformProduct, PlatformVariant
from plugin_bridge.shopify.answers import Place
from plugin_bridge.shopify.mapping import Mapper, location, number, unreadable
from plugin_bridge.shopify.wire import ProductLine, VariantLine

VARIANT = {
    "id": "gid://shopify/ProductVariant/45",
    "title": "S / Red",
    "sku": "CARD-S",
    "barcode": "4006381333931",
    "price": "39.90",
    "compareAtPrice": "59.90",
    "availableForSale": True,
    "inventoryPolicy": "CONTINUE",
    "inventoryQuantity": 7,
    "updatedAt": "2026-11-20T10:00:00Z",
    "selectedOptions": [{"name": "Size", "value": "S"}, {"name": "Colour", "value": "Red"}],
    "mpn": {"value": "M-1"},
    "product": {
        "id": "gid://shopify/Product/8",
        "status": "ACTIVE",
        "onlineStoreUrl": "https://loom.example.com/products/cardigan",
        "googleProductCategory": {"value": "1604"},
        "mpn": {"value": "of the product"},
        "ageGroup": {"value": "adult"},
        "gender": None,
    },
    "inventoryItem": {
        "id": "gid://shopify/InventoryItem/46",
        "tracked": True,
        "unitCost": {"amount": "17.5"},
        "measurement": {"weight": {"unit": "KILOGRAMS", "value": 0.4}},
    },
}
PRODUCT = {
    "id": "gid://shopify/Product/8",
    "title": "Cardigan",
    "descriptionHtml": "<p>Warm</p>",
    "handle": "cardigan",
    "vendor": "Acme",
    "productType": "Knitwear",
    "tags": ["wool"],
    "status": "ACTIVE",
    "updatedAt": "2026-11-20T10:00:00Z",
    "onlineStoreUrl": "https://loom.example.com/products/cardigan",
    "hasOnlyDefaultVariant": False,
    "category": {"fullName": "Apparel & Accessories > Clothing"},
    "options": [{"name": "Size"}, {"name": "Colour"}],
}


def line(shape: type[Any], values: dict[str, Any], **changes: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode({**values, **changes}), type=shape)


def child(**values: Any) -> Any:
    return line(VariantLine, {"__parentId": "gid://shopify/ProductVariant/45"}, **values)


def variant(*children: Any, **changes: Any) -> PlatformVariant:
    return Mapper().variant(line(VariantLine, VARIANT, **changes), children)


def product(*pictures: Any, **changes: Any) -> PlatformProduct:
    return Mapper().product(line(ProductLine, PRODUCT, **changes), pictures)


def level(place: int, pieces: int) -> Any:
    return child(location={"id": f"gid://shopify/Location/{place}"}, quantities=[{"quantity": pieces}])


def test_a_variant_says_everything_it_knows() -> None:
    found = variant(level(41, 3), level(42, 4), child(image={"url": "https://cdn.example.com/v.jpg"}))
    assert found == PlatformVariant(
        external_id="45",
        external_product_id="8",
        title="S / Red",
        sku="CARD-S",
        barcode="4006381333931",
        price=Decimal("59.90"),
        sale_price=Decimal("39.90"),
        cost=Decimal("17.5"),
        stock=7,
        levels={"41": 3, "42": 4},
        inventory_id="46",
        in_stock=True,
        backorder=True,
        options={"Size": "S", "Colour": "Red"},
        image_url="https://cdn.example.com/v.jpg",
        url="https://loom.example.com/products/cardigan?variant=45",
        weight_g=400,
        active=True,
        attributes={"google_product_category": "1604", "mpn": "M-1", "age_group": "adult"},
        modified_at=found.modified_at,
    )
    assert found.modified_at is not None


def test_a_product_says_everything_it_knows() -> None:
    picture = line(ProductLine, {}, alt="Front", image={"url": "https://cdn.example.com/1.jpg"})
    other = line(ProductLine, {}, alt=None, image={"url": "https://cdn.example.com/2.jpg"})
    video = line(ProductLine, {}, alt="A film")
    found = product(picture, video, other)
    assert found.external_id == "8"
    assert (found.title, found.brand, found.handle, found.status) == ("Cardigan", "Acme", "cardigan", "active")
    assert found.categories == ("Knitwear", "Apparel & Accessories > Clothing")
    assert [(image.url[-5:], image.alt) for image in found.images] == [("1.jpg", "Front"), ("2.jpg", "")]
    assert found.option_names == ("Size", "Colour")
    assert found.variants == ()


@pytest.mark.parametrize(
    ("price", "before", "ours", "sale"),
    [
        ("10.00", None, "10.00", None),
        ("10.00", "15.00", "15.00", "10.00"),
        ("10.00", "10.00", "10.00", None),
        ("10.00", "5.00", "10.00", None),
        ("10.00", "", "10.00", None),
        ("0.00", "5.00", "5.00", "0.00"),
        (None, "5.00", None, None),
    ],
    ids=["no sale", "sale", "same", "lower before", "empty before", "free", "no price"],
)
def test_the_price_before_a_sale_is_the_price(
    price: str | None, before: str | None, ours: str | None, sale: str | None
) -> None:
    found = variant(price=price, compareAtPrice=before)
    assert found.price == (None if ours is None else Decimal(ours))
    assert found.sale_price == (None if sale is None else Decimal(sale))


@pytest.mark.parametrize("text", ["12,50", "abc", "-1.00", "1e3"])
def test_a_price_that_would_have_to_be_guessed_is_an_issue(text: str) -> None:
    mapper = Mapper()
    found = mapper.variant(line(VariantLine, VARIANT, price=text))
    assert (found.price, found.sale_price) == (None, None)
    assert [(one.code, one.external_id, one.field) for one in mapper.issues] == [("price_unreadable", "45", "price")]


def test_what_is_not_counted_has_no_stock_and_no_levels() -> None:
    item = {**VARIANT["inventoryItem"], "tracked": False}  # type: ignore[dict-item]
    found = variant(level(41, 3), inventoryItem=item)
    assert (found.stock, found.levels, found.in_stock) == (None, {}, True)


def test_stock_below_zero_is_kept() -> None:
    found = variant(level(41, -2), inventoryQuantity=-2, availableForSale=False, inventoryPolicy="DENY")
    assert (found.stock, found.levels, found.in_stock, found.backorder) == (-2, {"41": -2}, False, False)


def test_a_product_without_options_shows_none() -> None:
    found = variant(title="Default Title", selectedOptions=[{"name": "Title", "value": "Default Title"}])
    assert (found.title, found.options) == ("", {})
    assert found.url == "https://loom.example.com/products/cardigan"
    assert product(hasOnlyDefaultVariant=True, options=[{"name": "Title"}]).option_names == ()


def test_an_option_that_really_is_called_title_is_kept() -> None:
    assert variant(selectedOptions=[{"name": "Title", "value": "Duke"}]).options == {"Title": "Duke"}


@pytest.mark.parametrize(
    ("status", "ours", "sold"),
    [
        ("ACTIVE", "active", True),
        ("DRAFT", "draft", False),
        ("ARCHIVED", "archived", False),
        ("UNLISTED", "draft", False),
        ("NEW_KIND", "draft", False),
    ],
    ids=["active", "draft", "archived", "unlisted", "unknown"],
)
def test_only_active_products_are_offered(status: str, ours: str, sold: bool) -> None:
    assert product(status=status).status == ours
    assert variant(product={"id": "gid://shopify/Product/8", "status": status}).active is sold


def test_a_product_that_is_in_no_online_store_has_no_address() -> None:
    assert product(onlineStoreUrl=None).url == ""
    assert variant(product={"id": "gid://shopify/Product/8", "status": "ACTIVE"}).url == ""


@pytest.mark.parametrize(
    ("unit", "value", "grams"),
    [("GRAMS", 12.4, 12), ("OUNCES", 1, 28), ("POUNDS", 2, 907), ("KILOGRAMS", 0, None), ("STONES", 1, None)],
    ids=["grams", "ounces", "pounds", "none", "unknown unit"],
)
def test_weights_are_grams(unit: str, value: float, grams: int | None) -> None:
    item = {**VARIANT["inventoryItem"], "measurement": {"weight": {"unit": unit, "value": value}}}  # type: ignore[dict-item]
    assert variant(inventoryItem=item).weight_g == grams


@pytest.mark.parametrize(
    ("category", "kind", "ours"),
    [
        (None, "", ()),
        (None, " Shirts ", ("Shirts",)),
        ("Clothing > Shirts", "", ("Clothing > Shirts",)),
        ("Clothing > Shirts", "shirts", ("Clothing > Shirts",)),
        ("Clothing > Shirts", "Tops", ("Tops", "Clothing > Shirts")),
    ],
    ids=["none", "type", "category", "same", "both"],
)
def test_the_most_specific_category_comes_last(category: str | None, kind: str, ours: tuple[str, ...]) -> None:
    told = None if category is None else {"fullName": category}
    assert product(category=told, productType=kind).categories == ours


def test_a_product_without_a_title_gets_a_stand_in_and_an_issue() -> None:
    mapper = Mapper()
    assert mapper.product(line(ProductLine, PRODUCT, title=" ", handle="")).title == "Product 8"
    assert [one.code for one in mapper.issues] == ["title_missing"]


def test_variants_of_different_products_keep_to_their_own() -> None:
    other = {"id": "gid://shopify/Product/9", "status": "DRAFT", "color": {"value": "blue"}}
    lines = [line(VariantLine, VARIANT), line(VariantLine, VARIANT, product=other, mpn=None)]
    one, two, again = Mapper().variants([(each, []) for each in [*lines, lines[0]]])
    assert (two.external_product_id, two.attributes, two.url) == ("9", {"color": "blue"}, "")
    assert one == again


def test_a_page_says_the_same_as_a_file() -> None:
    nodes = [{"location": {"id": "gid://shopify/Location/41"}, "quantities": [{"quantity": 3}]}]
    item = {**VARIANT["inventoryItem"], "inventoryLevels": {"nodes": nodes}}  # type: ignore[dict-item]
    media = {"nodes": [{}, {"image": {"url": "https://cdn.example.com/v.jpg"}}]}
    on_a_page = variant(inventoryItem=item, media=media)
    assert on_a_page == variant(level(41, 3), child(image={"url": "https://cdn.example.com/v.jpg"}))


def test_ids_and_places_are_numbers() -> None:
    assert number("gid://shopify/Product/632910392") == "632910392"
    place = location(Place(id="gid://shopify/Location/41", name="Berlin", is_active=False))
    assert (place.external_id, place.name, place.active) == ("41", "Berlin", False)


def test_an_unreadable_row_is_shown_in_part() -> None:
    issue = unreadable(b"\xff" + b"x" * 1_000)
    assert issue.code == "row_unreadable"
    assert len(issue.message) < 300


TEXT = st.none() | st.text(max_size=30)
LOOSE = st.fixed_dictionaries(
    {"id": st.from_regex(r"gid://shopify/ProductVariant/[0-9]{1,19}", fullmatch=True)},
    optional={
        "title": TEXT,
        "sku": TEXT,
        "barcode": TEXT,
        "price": TEXT,
        "compareAtPrice": TEXT,
        "inventoryQuantity": st.none() | st.integers(-(2**31), 2**31),
        "inventoryPolicy": st.text(max_size=9),
        "selectedOptions": st.lists(st.fixed_dictionaries({"name": st.text(max_size=5), "value": st.text(max_size=5)})),
        "mpn": st.none() | st.fixed_dictionaries({"value": st.text(max_size=5)}),
        "product": st.none()
        | st.fixed_dictionaries({"id": st.text(max_size=9)}, optional={"status": st.text(), "onlineStoreUrl": TEXT}),
        "inventoryItem": st.none()
        | st.fixed_dictionaries(
            {"tracked": st.booleans()},
            optional={
                "unitCost": st.none() | st.fixed_dictionaries({"amount": st.text(max_size=9)}),
                "measurement": st.none()
                | st.fixed_dictionaries(
                    {
                        "weight": st.none()
                        | st.fixed_dictionaries({"unit": st.text(max_size=9), "value": st.floats(-1e12, 1e12)})
                    }
                ),
            },
        ),
    },
)


@settings(max_examples=300, deadline=None)
@given(values=LOOSE)
def test_nothing_a_merchant_types_breaks_the_mapping(values: dict[str, Any]) -> None:
    found = Mapper().variant(line(VariantLine, values))
    assert found.price is None or found.price >= 0
    assert found.sale_price is None or (found.price is not None and found.sale_price < found.price)
    assert found.url == "" or found.url.startswith(("http://", "https://"))
    assert found.weight_g is None or found.weight_g >= 0
    assert all(found.options)
    assert all(found.options.values())


MONEY = st.decimals(min_value=0, max_value=10**6, places=2)


@given(price=MONEY, before=st.none() | MONEY)
def test_a_customer_never_pays_more_than_shopify_says(price: Decimal, before: Decimal | None) -> None:
    found = variant(price=str(price), compareAtPrice=None if before is None else str(before))
    assert (found.sale_price if found.sale_price is not None else found.price) == price
    assert found.price == (before if before is not None and before > price else price)
