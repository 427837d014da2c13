"""WooCommerce's product export read into neutral products."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from backend.domain.catalog.product_csv import ReadResult, read_product_csv
from backend.ports.store_platform import PlatformProduct, PlatformVariant
from tests.support.product_files import WOOCOMMERCE, csv_bytes

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HEADER = [*WOOCOMMERCE, "Short description", "Date sale price starts", "Date sale price ends", "Meta: anything"]
CAP = {"ID": "7", "Type": "simple", "SKU": "cap", "Name": "Cap", "Published": "1", "Regular price": "20"}
SHIRT = {
    "ID": "10",
    "Type": "variable",
    "SKU": "shirt",
    "Name": "Shirt",
    "Published": "1",
    "Attribute 1 name": "Size",
    "Attribute 1 value(s)": "S, M",
    "Attribute 2 name": "Fabric",
    "Attribute 2 value(s)": "Cotton, Wool",
}
SMALL = {
    "ID": "11",
    "Type": "variation",
    "Published": "1",
    "Regular price": "5",
    "Parent": "id:10",
    "Attribute 1 name": "Size",
    "Attribute 1 value(s)": "S",
}
MEDIUM = SMALL | {"ID": "12", "Attribute 1 value(s)": "M", "Parent": "shirt"}


def read(*rows: dict[str, object]) -> ReadResult:
    return read_product_csv(csv_bytes(HEADER, rows), now=NOW)


def only(*rows: dict[str, object]) -> PlatformProduct:
    result = read(*rows)
    assert result.rejected == ()
    (product,) = result.products
    return product


def variant(cells: dict[str, object]) -> PlatformVariant:
    return only(CAP | cells).variants[0]


def reason(*rows: dict[str, object]) -> str:
    """Return why the one rejected row was rejected."""
    (rejected,) = read(*rows).rejected
    return rejected.reason


def test_a_simple_product_has_one_variant_with_its_id() -> None:
    product = only(CAP | {"Brands": "Acme > Sport, Other", "Categories": "Hats > Caps, Sale", "Tags": "red, wool"})
    (item,) = product.variants
    assert (product.external_id, item.external_id, item.external_product_id) == ("7", "7", "7")
    assert (item.sku, item.price, item.sale_price, item.options) == ("cap", Decimal("20"), None, {})
    assert product.brand == "Sport"
    assert product.categories == ("Sale", "Hats > Caps")
    assert product.tags == ("red", "wool")


def test_a_product_without_an_id_is_known_by_its_sku() -> None:
    assert only(CAP | {"ID": ""}).external_id == "cap"


def test_a_product_with_neither_is_rejected() -> None:
    assert "neither" in reason(CAP | {"ID": "", "SKU": ""})


def test_variations_find_their_parent_by_id_and_by_sku() -> None:
    product = only(SHIRT, SMALL, MEDIUM)
    assert (product.external_id, product.option_names) == ("10", ("Size",))
    assert [(v.external_id, v.external_product_id, v.title, v.options) for v in product.variants] == [
        ("11", "10", "S", {"Size": "S"}),
        ("12", "10", "M", {"Size": "M"}),
    ]


def test_variations_may_stand_before_their_parent() -> None:
    result = read(SMALL, CAP, SHIRT)
    assert [product.external_id for product in result.products] == ["7", "10"]
    assert result.lines == ((3,), (2, 4))


def test_attributes_that_are_no_options_belong_to_every_variant() -> None:
    assert [v.attributes for v in only(SHIRT, SMALL, MEDIUM).variants] == [{"fabric": "Cotton, Wool"}] * 2
    assert variant({"Attribute 1 name": "Head Size", "Attribute 1 value(s)": "56"}).attributes == {"head_size": "56"}


def test_an_attribute_without_a_value_means_any_value() -> None:
    product = only(SHIRT, SMALL | {"Attribute 2 name": "Fabric"})
    assert (product.option_names, product.variants[0].options) == (("Size",), {"Size": "S"})


def test_a_variation_without_its_parent_is_rejected() -> None:
    assert "not in this file" in reason(CAP, SMALL)
    assert "not in this file" in reason(CAP, MEDIUM)
    assert "names no parent" in reason(SHIRT, MEDIUM, SMALL | {"Parent": ""})


def test_a_variation_of_a_simple_product_is_rejected() -> None:
    assert "not a variable product" in reason(CAP, SMALL | {"Parent": "cap"})


def test_a_variation_of_a_rejected_product_names_its_line() -> None:
    result = read(SHIRT | {"Name": ""}, SMALL)
    assert [row.line for row in result.rejected] == [2, 3]
    assert "line 2" in result.rejected[1].reason


def test_a_variable_product_without_variations_is_rejected() -> None:
    assert "No variation" in reason(SHIRT)


def test_a_rejected_variation_does_not_lose_its_sisters() -> None:
    result = read(SHIRT, SMALL | {"Regular price": "12,50"}, MEDIUM)
    assert [v.title for v in result.products[0].variants] == ["M"]
    assert [row.line for row in result.rejected] == [3]


def test_two_variations_with_the_same_attributes_leave_the_first() -> None:
    assert "line 3" in reason(SHIRT, SMALL, MEDIUM | {"Attribute 1 value(s)": "S"})


def test_a_type_may_have_several_words() -> None:
    assert only(CAP | {"Type": "simple, downloadable, virtual"}).title == "Cap"
    assert only(SHIRT | {"Type": "variable, virtual"}, SMALL | {"Type": "variation, virtual"}).title == "Shirt"
    assert only(SHIRT | {"Type": "variable-subscription"}, SMALL | {"Type": "subscription_variation"}).title == "Shirt"


def test_a_grouped_product_is_not_for_sale_itself() -> None:
    assert variant({"Type": "grouped", "Regular price": ""}).price is None


def test_an_external_product_has_its_address() -> None:
    assert only(CAP | {"Type": "external", "External URL": "https://x.test/cap"}).url == "https://x.test/cap"


def test_a_sale_price_below_the_regular_one_is_in_force() -> None:
    assert variant({"Sale price": "15"}).sale_price == Decimal("15")


@pytest.mark.parametrize(
    ("begins", "ends", "in_force"),
    [
        ("2026-11-24", "2026-11-24", True),
        ("2026-11-25", "", False),
        ("", "2026-11-23", False),
        ("2026-11-24 9:00:00", "2026-11-24 13:00:00", True),
        ("2026-11-24 13:00:00", "", False),
    ],
)
def test_a_dated_sale_price_counts_between_its_dates(begins: str, ends: str, in_force: bool) -> None:
    item = variant({"Sale price": "15", "Date sale price starts": begins, "Date sale price ends": ends})
    assert (item.sale_price == Decimal("15")) is in_force


@pytest.mark.parametrize(("sale", "regular"), [("20", "20"), ("21", "20"), ("5", "")])
def test_a_sale_price_that_is_not_below_the_regular_one_is_rejected(sale: str, regular: str) -> None:
    assert "Sale price" in reason(CAP | {"Sale price": sale, "Regular price": regular})


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("Regular price", "12,50"),
        ("Regular price", "abc"),
        ("Sale price", "1.2.3"),
        ("Stock", "5.5"),
        ("In stock?", "perhaps"),
        ("Backorders allowed?", "perhaps"),
        ("Weight (g)", "heavy"),
        ("Published", "maybe"),
        ("Name", "x" * 5_001),
        ("Categories", "x" * 501),
        ("ID", "seven"),
        ("Date sale price starts", "24.11.2026"),
        ("External URL", "x.test"),
        ("GTIN, UPC, EAN, or ISBN", "4E+12"),
    ],
)
def test_a_cell_that_cannot_be_taken_rejects_its_row_and_names_the_column(column: str, value: str) -> None:
    assert column in reason(CAP | {column: value})


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"Stock": "4", "In stock?": "1"}, (4, True, False)),
        ({"Stock": "0", "In stock?": "0"}, (0, False, False)),
        ({"Stock": "'-2", "In stock?": "0"}, (-2, False, False)),
        ({"In stock?": "1"}, (None, True, False)),
        ({"In stock?": "0"}, (None, False, False)),
        ({"In stock?": "backorder"}, (None, False, True)),
        ({"Stock": "3"}, (3, True, False)),
        ({"Stock": "0", "Backorders allowed?": "notify"}, (0, False, True)),
        ({"Backorders allowed?": "1"}, (None, True, True)),
    ],
)
def test_stock_is_read_with_its_state(cells: dict[str, object], expected: tuple[int | None, bool, bool]) -> None:
    item = variant(cells)
    assert (item.stock, item.in_stock, item.backorder) == expected


def test_a_variation_shares_its_parents_stock_when_it_says_so() -> None:
    product = only(SHIRT | {"Stock": "9", "In stock?": "1"}, SMALL | {"Stock": "parent"}, MEDIUM)
    assert [v.stock for v in product.variants] == [9, None]


def test_a_variation_inherits_its_parents_weight() -> None:
    product = only(SHIRT | {"Weight (g)": "300"}, SMALL, MEDIUM | {"Weight (g)": "400"})
    assert [v.weight_g for v in product.variants] == [300, 400]


@pytest.mark.parametrize(("unit", "grams"), [("kg", 500), ("g", 1), ("lbs", 227), ("lb", 227), ("oz", 14)])
def test_weights_are_turned_into_grams(unit: str, grams: int) -> None:
    data = f"ID,Name,Regular price,Weight ({unit})\n1,Cap,1,.5\n".encode()
    assert read_product_csv(data).products[0].variants[0].weight_g == grams


@pytest.mark.parametrize(
    ("published", "status"),
    [("1", "active"), ("", "active"), ("0", "draft"), ("'-1", "draft"), ("-1", "draft"), ("2", "draft")],
)
def test_what_is_not_published_is_a_draft(published: str, status: str) -> None:
    assert only(CAP | {"Published": published}).status == status


def test_a_private_variation_is_hidden_and_one_of_a_draft_is_not() -> None:
    assert [v.active for v in only(SHIRT, SMALL | {"Published": "0"}, MEDIUM).variants] == [False, True]
    assert [v.active for v in only(SHIRT | {"Published": "-1"}, SMALL | {"Published": "-1"}).variants] == [True]


def test_images_are_split_at_commas_and_a_variation_has_the_first_of_its_own() -> None:
    product = only(
        SHIRT | {"Images": "https://x.test/a.jpg, https://x.test/b\\,c.jpg"}, SMALL | {"Images": "https://x.test/s.jpg"}
    )
    assert [image.url for image in product.images] == ["https://x.test/a.jpg", "https://x.test/b,c.jpg"]
    assert product.variants[0].image_url == "https://x.test/s.jpg"


def test_a_bad_image_is_reported_and_the_product_is_kept() -> None:
    result = read(CAP | {"Images": "https://x.test/a.jpg, a.jpg"})
    assert [image.url for image in result.products[0].images] == ["https://x.test/a.jpg"]
    assert [row.line for row in result.rejected] == [2]


def test_escaped_commas_and_guarded_formulas_are_read_back() -> None:
    product = only(CAP | {"Name": "'=SUM(1)", "Tags": "'@home, one\\, two"})
    assert (product.title, product.tags) == ("=SUM(1)", ("@home", "one, two"))


def test_line_breaks_in_a_description_are_read_back() -> None:
    assert only(CAP | {"Description": "a\\nb\\\\nc"}).description == "a\nb\\nc"


def test_the_short_description_stands_in_for_a_missing_one() -> None:
    assert only(CAP | {"Short description": "short"}).description == "short"
    assert only(CAP | {"Short description": "short", "Description": "long"}).description == "long"


@pytest.mark.parametrize("column", ["ID", "SKU"])
def test_an_id_or_sku_that_is_there_twice_is_rejected_with_the_first_line(column: str) -> None:
    second = CAP | {"ID": "8", "SKU": "hat", column: CAP[column]}
    told = reason(CAP, second)
    assert column in told
    assert "line 2" in told


def test_a_row_known_by_a_sku_that_is_anothers_id_is_rejected() -> None:
    assert "line 2" in reason(CAP, CAP | {"ID": "", "SKU": "7"})
    assert "line 2" in reason(CAP | {"ID": "", "SKU": "7"}, CAP)


def test_a_parent_on_a_product_that_is_no_variation_is_rejected() -> None:
    assert "Type" in reason(CAP | {"Parent": "id:10"})


def test_google_listing_metadata_becomes_attributes() -> None:
    assert variant({"Meta: _wc_gla_mpn": "M1", "Meta: anything": "x"}).attributes == {"mpn": "M1"}


def test_a_file_tells_which_fields_it_says_something_about() -> None:
    result = read_product_csv(b"SKU,Name,Regular price,Tags\ncap,Cap,1,x\n")
    assert result.product_fields == {"tags"}
    assert result.variant_fields == {"sku", "price"}
