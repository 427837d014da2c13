"""Shopify's product export read into neutral products."""

from decimal import Decimal

import pytest

from backend.domain.catalog.product_csv import ReadResult, read_product_csv
from backend.ports.store_platform import PlatformProduct, PlatformVariant
from tests.support.product_files import SHOPIFY, csv_bytes

ONE = {"Handle": "cap", "Title": "Cap", "Option1 Name": "Title", "Option1 Value": "Default Title", "Variant Price": "5"}
SIZED = {"Handle": "shirt", "Title": "Shirt", "Option1 Name": "Size", "Option1 Value": "S", "Variant Price": "5"}


def read(*rows: dict[str, object]) -> ReadResult:
    return read_product_csv(csv_bytes(SHOPIFY, rows))


def only(*rows: dict[str, object]) -> PlatformProduct:
    result = read(*rows)
    assert result.rejected == ()
    (product,) = result.products
    return product


def variant(**cells: object) -> PlatformVariant:
    return only(ONE | {key.replace("_", " "): value for key, value in cells.items()}).variants[0]


def reason(*rows: dict[str, object]) -> str:
    """Return why the one rejected row was rejected."""
    (rejected,) = read(*rows).rejected
    return rejected.reason


def test_a_default_title_variant_has_no_options_and_the_id_of_its_handle() -> None:
    product = only(ONE)
    assert (product.external_id, product.handle, product.option_names) == ("cap", "cap", ())
    (item,) = product.variants
    assert (item.external_id, item.external_product_id, item.title, item.options) == ("cap", "cap", "", {})


def test_rows_of_one_handle_are_one_product_with_their_options() -> None:
    product = only(
        SIZED | {"Option2 Name": "Colour", "Option2 Value": "Red/Blue"},
        {"Handle": "shirt", "Option1 Value": "M", "Option2 Value": "Red", "Variant Price": "6"},
    )
    assert product.option_names == ("Size", "Colour")
    assert [(v.external_id, v.title, v.options) for v in product.variants] == [
        ("shirt/S/Red~1Blue", "S / Red/Blue", {"Size": "S", "Colour": "Red/Blue"}),
        ("shirt/M/Red", "M / Red", {"Size": "M", "Colour": "Red"}),
    ]


def test_a_handle_that_comes_back_later_is_merged() -> None:
    result = read(SIZED, ONE, {"Handle": "shirt", "Option1 Value": "M", "Variant Price": "6"})
    assert [len(product.variants) for product in result.products] == [2, 1]
    assert result.lines == ((2, 4), (3,))


def test_the_title_may_stand_on_a_later_row() -> None:
    product = only({"Handle": "shirt", "Option1 Value": "M", "Variant Price": "6"}, SIZED)
    assert [v.title for v in product.variants] == ["M", "S"]


def test_another_title_under_the_same_handle_is_rejected() -> None:
    assert "line 2" in reason(ONE, ONE | {"Title": "Hat"})


def test_the_same_title_on_every_row_is_fine() -> None:
    assert len(only(SIZED, SIZED | {"Option1 Value": "M"}).variants) == 2


def test_a_higher_compare_at_price_is_the_regular_price() -> None:
    item = variant(Variant_Price="42.99", Variant_Compare_At_Price="44.99")
    assert (item.price, item.sale_price) == (Decimal("44.99"), Decimal("42.99"))


@pytest.mark.parametrize("compare_at", ["", "5", "4.99", "0"])
def test_a_compare_at_price_that_is_not_higher_says_nothing(compare_at: str) -> None:
    item = variant(Variant_Compare_At_Price=compare_at)
    assert (item.price, item.sale_price) == (Decimal("5"), None)


@pytest.mark.parametrize("price", ["12,50", "abc", "1,234.50", "$5", "1e3", "-5", "NaN", "٥"])
def test_a_price_that_would_have_to_be_guessed_is_rejected_with_how_to_write_it(price: str) -> None:
    told = reason(ONE | {"Variant Price": price})
    assert price in told
    assert "12.50" in told or "positive" in told


def test_a_rejected_variant_does_not_lose_its_sisters() -> None:
    result = read(SIZED | {"Variant Price": "12,50"}, {"Handle": "shirt", "Option1 Value": "M", "Variant Price": "6"})
    (product,) = result.products
    assert (product.title, [v.title for v in product.variants]) == ("Shirt", ["M"])
    assert [row.line for row in result.rejected] == [2]


def test_a_product_none_of_whose_variants_could_be_taken_is_rejected_with_all_its_rows() -> None:
    result = read(SIZED | {"Variant Price": "abc"}, {"Handle": "shirt", "Image Src": "https://x.test/1.jpg"})
    assert result.products == ()
    assert [row.line for row in result.rejected] == [2, 3]


def test_an_empty_price_means_not_for_sale() -> None:
    assert variant(Variant_Price="", Variant_SKU="A").price is None


def test_without_an_inventory_tracker_the_item_is_not_counted() -> None:
    item = variant(Variant_Inventory_Qty="0", Variant_Inventory_Tracker="")
    assert (item.stock, item.in_stock) == (None, True)


def test_a_counted_item_has_its_pieces_and_may_be_negative() -> None:
    item = variant(Variant_Inventory_Qty="-3", Variant_Inventory_Tracker="shopify", Variant_Inventory_Policy="continue")
    assert (item.stock, item.in_stock, item.backorder) == (-3, False, True)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("Variant Inventory Qty", "five"),
        ("Variant Inventory Qty", "5.5"),
        ("Variant Inventory Qty", "99999999999"),
        ("Variant Inventory Policy", "perhaps"),
        ("Variant Grams", "1,5"),
        ("Variant Grams", "-1"),
        ("Variant Barcode", "8.41E+12"),
        ("Variant Image", "picture.jpg"),
        ("Cost per item", "1,5"),
        ("Published", "maybe"),
        ("Status", "sold"),
        ("Title", "x" * 5_001),
        ("Variant SKU", "x" * 256),
        ("Tags", "x" * 256),
    ],
)
def test_a_cell_that_cannot_be_taken_rejects_its_row_and_names_the_column(column: str, value: str) -> None:
    assert column in reason(ONE | {column: value})


def test_a_title_of_5000_characters_with_emoji_is_taken() -> None:
    assert only(ONE | {"Title": "🧢" * 5_000}).title == "🧢" * 5_000


def test_a_barcode_keeps_its_leading_zeros_and_loses_a_spreadsheets_apostrophe() -> None:
    assert variant(Variant_Barcode="'0012345678905").barcode == "0012345678905"


def test_a_weight_becomes_whole_grams_and_zero_means_unknown() -> None:
    assert variant(Variant_Grams="250.5").weight_g == 251
    assert variant(Variant_Grams="0").weight_g is None


@pytest.mark.parametrize(
    ("published", "status", "expected"),
    [
        ("true", "active", "active"),
        ("TRUE", "", "active"),
        ("", "", "active"),
        ("false", "active", "draft"),
        ("true", "draft", "draft"),
        ("false", "archived", "archived"),
        ("true", "unlisted", "draft"),
    ],
)
def test_what_is_not_published_is_a_draft(published: str, status: str, expected: str) -> None:
    assert only(ONE | {"Published": published, "Status": status}).status == expected


def test_images_come_in_the_order_of_their_positions() -> None:
    product = only(
        ONE | {"Image Src": "https://x.test/2.jpg", "Image Position": "2", "Image Alt Text": "back"},
        {"Handle": "cap", "Image Src": "https://x.test/1.jpg", "Image Position": "1"},
        {"Handle": "cap", "Image Src": "https://x.test/2.jpg", "Image Position": "3", "Image Alt Text": "back"},
    )
    assert [(image.url, image.alt) for image in product.images] == [
        ("https://x.test/1.jpg", ""),
        ("https://x.test/2.jpg", "back"),
    ]


def test_a_bad_image_is_reported_and_the_variant_of_its_row_is_kept() -> None:
    result = read(ONE | {"Image Src": "cap.jpg"})
    assert len(result.products[0].variants) == 1
    assert [row.line for row in result.rejected] == [2]


def test_a_variant_has_its_own_image() -> None:
    assert variant(Variant_Image="https://x.test/red.jpg").image_url == "https://x.test/red.jpg"


def test_google_shopping_columns_become_attributes_of_every_variant() -> None:
    product = only(
        SIZED | {"Google Shopping / MPN": "M1", "Google Shopping / Custom Label 0": "summer"},
        {"Handle": "shirt", "Option1 Value": "M", "Variant Price": "6", "Google Shopping / MPN": "M2"},
    )
    assert [v.attributes for v in product.variants] == [
        {"mpn": "M1", "custom_label_0": "summer"},
        {"mpn": "M2", "custom_label_0": "summer"},
    ]


def test_vendor_type_and_tags_are_brand_category_and_tags() -> None:
    product = only(ONE | {"Vendor": "Acme", "Type": "Hats", "Tags": "red, wool,red ,"})
    assert (product.brand, product.categories, product.tags) == ("Acme", ("Hats",), ("red", "wool"))


def test_a_sku_that_is_there_twice_is_rejected_with_the_first_line() -> None:
    assert "line 2" in reason(
        SIZED | {"Variant SKU": "A"}, {"Handle": "shirt", "Option1 Value": "M", "Variant SKU": "A"}
    )


def test_a_row_that_was_rejected_for_something_else_does_not_hold_its_sku() -> None:
    told = reason(
        SIZED | {"Variant SKU": "A", "Variant Price": "abc"},
        {"Handle": "shirt", "Option1 Value": "M", "Variant SKU": "A"},
    )
    assert "not a price" in told


def test_many_variants_without_a_sku_are_normal() -> None:
    assert len(only(SIZED, {"Handle": "shirt", "Option1 Value": "M", "Variant Price": "6"}).variants) == 2


def test_two_variants_with_the_same_options_leave_the_first() -> None:
    assert "line 2" in reason(SIZED, {"Handle": "shirt", "Option1 Value": "S", "Variant Price": "6"})


def test_an_option_value_without_a_name_is_rejected() -> None:
    assert "no name" in reason(SIZED, {"Handle": "shirt", "Option1 Value": "M", "Option2 Value": "Red"})


def test_a_missing_option_value_is_rejected() -> None:
    assert "missing" in reason(SIZED, {"Handle": "shirt", "Variant SKU": "A"})


def test_two_options_of_one_name_reject_the_product() -> None:
    assert "same" in reason(SIZED | {"Option2 Name": "Size", "Option2 Value": "M"})


def test_a_row_without_a_handle_is_rejected() -> None:
    assert "Handle is empty" in reason(ONE | {"Handle": ""})


def test_rows_whose_product_has_no_title_are_rejected() -> None:
    result = read({"Handle": "cap", "Variant SKU": "A"}, {"Handle": "cap", "Image Src": "https://x.test/1.jpg"})
    assert [row.line for row in result.rejected] == [2, 3]


def test_a_row_with_nothing_but_its_handle_is_rejected() -> None:
    assert "neither" in reason(ONE, {"Handle": "cap"})


def test_a_refused_product_names_its_line_on_its_other_rows() -> None:
    result = read(SIZED | {"Status": "sold"}, {"Handle": "shirt", "Option1 Value": "M", "Variant Price": "6"})
    assert result.products == ()
    assert "line 2" in result.rejected[1].reason


def test_a_title_alone_is_a_product_with_one_variant_not_for_sale() -> None:
    result = read_product_csv(b"Handle,Title\ncap,Cap\n")
    assert [v.price for v in result.products[0].variants] == [None]


def test_the_newer_column_names_are_read() -> None:
    row: dict[str, object] = {
        "Title": "Cap",
        "URL handle": "cap",
        "Description": "<p>Wool</p>",
        "Vendor": "Acme",
        "Product category": "Apparel > Hats",
        "Type": "Caps",
        "Tags": "red",
        "Published on online store": "TRUE",
        "Status": "Active",
        "SKU": "C1",
        "Barcode": "012",
        "Option1 name": "Size",
        "Option1 value": "S",
        "Price": "8",
        "Compare-at price": "10",
        "Cost per item": "3",
        "Inventory tracker": "shopify",
        "Inventory quantity": "4",
        "Continue selling when out of stock": "FALSE",
        "Weight value (grams)": "120",
        "Product image URL": "https://x.test/1.jpg",
        "Image position": "1",
        "Image alt text": "front",
        "Variant image URL": "https://x.test/2.jpg",
        "Google Shopping / Google product category": "178",
        "Google Shopping / Manufacturer part number (MPN)": "M1",
    }
    result = read_product_csv(csv_bytes(list(row), [row]))
    assert result.rejected == ()
    (product,) = result.products
    (item,) = product.variants
    assert (product.handle, product.description, product.brand) == ("cap", "<p>Wool</p>", "Acme")
    assert product.categories == ("Apparel > Hats", "Caps")
    assert (item.sku, item.barcode, item.price, item.sale_price, item.cost) == ("C1", "012", 10, 8, 3)
    assert (item.stock, item.backorder, item.weight_g) == (4, False, 120)
    assert item.attributes == {"google_product_category": "178", "mpn": "M1"}


def test_a_file_tells_which_fields_it_says_something_about() -> None:
    result = read_product_csv(b"Handle,Title,Variant Price\ncap,Cap,1\n")
    assert result.product_fields == {"handle"}
    assert result.variant_fields == {"price"}
