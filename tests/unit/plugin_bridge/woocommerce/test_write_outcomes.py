"""Outcomes of writes by what a store answers and shows: pure rules."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.ports.store_platform import PlatformImage, PlatformProduct, PlatformVariant
from backend.ports.store_writes import (
    FAILED,
    REFUSED,
    STALE,
    UNCHANGED,
    WRITTEN,
    ProductCreation,
    ProductWrite,
    StockWrite,
    VariantWrite,
    WriteResult,
)
from plugin_bridge.woocommerce.answers import BatchRows, Refusal, sentence
from plugin_bridge.woocommerce.changes import STOCK_MARK, StockChange
from plugin_bridge.woocommerce.client import Answer
from plugin_bridge.woocommerce.current import Place
from plugin_bridge.woocommerce.look_up import _portions
from plugin_bridge.woocommerce.new_items import VARIANT_MARK, guard_sku, is_variable, paired
from plugin_bridge.woocommerce.pictures import together
from plugin_bridge.woocommerce.wire import WooAttribute, WooItem, WooMeta
from plugin_bridge.woocommerce.writing import place_of

STOCK = StockChange(
    write=StockWrite(key="k", external_product_id="1", external_id="2", believed=5, target=3), place=Place(1, 2)
)


def counted(pieces: int | None, managed: bool | str = True, **told: Any) -> WooItem:
    return WooItem(id=2, manage_stock=managed, stock_quantity=pieces, **told)


MARKED = [WooMeta(key=STOCK_MARK, value="k")]
OTHERS = [WooMeta(key=STOCK_MARK, value="another write")]


@pytest.mark.parametrize(
    ("item", "outcome", "code", "pieces"),
    [
        (counted(3), UNCHANGED, "", 3),
        (counted(4), STALE, "", 4),
        (counted(-1), STALE, "", -1),
        (counted(5, "parent"), REFUSED, "not_counted", None),
        (counted(5, False), REFUSED, "not_counted", None),
        (counted(None), REFUSED, "not_counted", None),
        (None, REFUSED, "gone", None),
    ],
    ids=["there", "other", "below", "parent", "uncounted", "unknown", "gone"],
)
def test_what_a_store_shows_may_decide_about_pieces(
    item: WooItem | None, outcome: str, code: str, pieces: int | None
) -> None:
    result = STOCK.before(item)
    assert result is not None
    assert (result.outcome, result.code, result.pieces) == (outcome, code, pieces)


def test_pieces_as_believed_are_to_be_written() -> None:
    assert STOCK.before(counted(5)) is None
    assert STOCK.after(counted(5), under_way=False) is None


@pytest.mark.parametrize(("pieces", "outcome"), [(3, WRITTEN), (2, STALE), (5, FAILED)])
def test_after_a_time_out_nothing_is_sent_again(pieces: int, outcome: str) -> None:
    result = STOCK.after(counted(pieces), under_way=True)
    assert result is not None
    assert result.outcome == outcome


@pytest.mark.parametrize(
    ("pieces", "marks", "outcome", "arrived"),
    [
        pytest.param(3, MARKED, UNCHANGED, True, id="it arrived"),
        pytest.param(2, MARKED, STALE, True, id="it arrived, and one was sold"),
        pytest.param(5, MARKED, STALE, True, id="it arrived, and as many came as it had taken"),
        pytest.param(3, OTHERS, STALE, False, id="as many were sold as it takes"),
        pytest.param(3, [], STALE, False, id="as many were sold as it takes, and nothing was ever sent"),
        pytest.param(4, OTHERS, STALE, False, id="one was sold"),
        pytest.param(3, None, UNCHANGED, None, id="a store that does not say"),
    ],
)
def test_the_mark_tells_whether_a_repeated_write_arrived_before(
    pieces: int, marks: list[WooMeta] | None, outcome: str, arrived: bool | None
) -> None:
    result = msgspec.structs.replace(STOCK, repeated=True).before(counted(pieces, meta_data=marks))
    assert result is not None
    assert (result.outcome, result.pieces, result.arrived) == (outcome, pieces, arrived)


def test_a_repeated_write_that_did_not_arrive_is_sent() -> None:
    assert msgspec.structs.replace(STOCK, repeated=True).before(counted(5, meta_data=OTHERS)) is None


def test_a_number_that_was_sold_to_while_no_answer_came_is_no_answer() -> None:
    result = STOCK.after(counted(3, meta_data=OTHERS), under_way=False)
    assert result is not None
    assert (result.outcome, result.arrived) == (STALE, False)


@pytest.mark.parametrize(("pieces", "outcome"), [(3, WRITTEN), (2, STALE), (5, STALE)])
def test_an_echo_that_shows_other_pieces_is_stale(pieces: int, outcome: str) -> None:
    result = STOCK.echoed(counted(pieces))
    assert (result.outcome, result.pieces) == (outcome, pieces)


@pytest.mark.parametrize(
    ("code", "data", "outcome", "ours"),
    [
        ("woocommerce_rest_product_invalid_id", {"status": 400}, REFUSED, "gone"),
        ("woocommerce_rest_product_variation_invalid_id", {"status": 400}, REFUSED, "gone"),
        ("product_invalid_sku", {"status": 400, "resource_id": 7}, REFUSED, "sku_taken"),
        ("product_invalid_global_unique_id", {"status": 400}, REFUSED, "barcode_taken"),
        ("woocommerce_product_image_upload_error", {"status": 400}, REFUSED, "image_refused"),
        ("woocommerce_variation_invalid_image_id", {"status": 400}, REFUSED, "image_refused"),
        ("rest_invalid_param", {"status": 400}, REFUSED, "rejected"),
        ("internal_server_error", {"status": 500}, FAILED, "server_error"),
        ("", None, REFUSED, "rejected"),
        ("strange", [1], REFUSED, "rejected"),
    ],
)
def test_refusals_are_told_in_the_words_of_the_port(code: str, data: object, outcome: str, ours: str) -> None:
    result = Refusal(code=code, message="<b>No</b> &amp; never", data=data).result("k")
    assert (result.outcome, result.code, result.message) == (outcome, ours, "No & never")


@pytest.mark.parametrize(
    ("data", "owner"), [({"resource_id": 7}, 7), ({"resource_id": "7"}, 7), ({"resource_id": True}, None), ([], None)]
)
def test_who_stands_in_the_way(data: object, owner: int | None) -> None:
    assert Refusal(data=data).owner == owner


def test_a_message_is_one_short_line() -> None:
    assert len(sentence("<p>no\n" * 400)) == 200


ROWS = msgspec.json.encode(
    {
        "update": [
            {"id": 5, "regular_price": "7.00", "meta_data": [{"id": 1, "key": "_x", "value": {"a": 1}}]},
            {"id": 6, "error": {"code": "product_invalid_sku", "message": "No", "data": {"resource_id": 9}}},
            {"id": "8", "price": 7, "meta_data": {"0": {"key": "_y", "value": 1}}},
        ]
    }
)


def read(body: bytes, count: int = 3) -> list[WooItem | Refusal] | None:
    rows = BatchRows("update", count)
    return rows.rows if rows(Answer(200, {"content-type": "application/json"}, body)) else None


def test_rows_are_read_in_their_order_also_bent_ones() -> None:
    rows = read(ROWS)
    assert rows is not None
    assert [row.id if isinstance(row, WooItem) else row.owner for row in rows] == [5, 9, 8]


@given(st.integers(0, len(ROWS) - 1))
def test_a_part_of_an_answer_is_never_taken_for_the_whole(length: int) -> None:
    assert read(ROWS[:length]) is None


def test_an_answer_with_fewer_rows_than_were_sent_cannot_be_used() -> None:
    assert read(ROWS, 4) is None
    assert read(b'{"update": [{"name": "no id"}]}', 1) is None
    assert read(b"<html>", 0) is None


@pytest.mark.parametrize(
    ("write", "place"),
    [
        (ProductWrite(key="k", external_product_id="7", fields={}), Place(0, 7)),
        (VariantWrite(key="k", external_product_id="7", external_id="7", fields={}), Place(0, 7)),
        (VariantWrite(key="k", external_product_id="7", external_id="8", fields={}), Place(7, 8)),
        (VariantWrite(key="k", external_product_id="7", external_id="8/../9", fields={}), None),
        (VariantWrite(key="k", external_product_id="٧", external_id="8", fields={}), None),
        (ProductWrite(key="k", external_product_id="9" * 30, fields={}), None),
        (ProductWrite(key="k", external_product_id="0", fields={}), None),
    ],
    ids=["product", "simple", "variation", "path", "arabic", "huge", "zero"],
)
def test_where_a_write_goes(write: ProductWrite | VariantWrite, place: Place | None) -> None:
    assert place_of(write) == place


def result(outcome: str, code: str = "") -> WriteResult:
    return WriteResult(key="k", outcome=outcome, code=code)


@pytest.mark.parametrize(
    ("fields", "pictures", "outcome", "code"),
    [
        (None, result(REFUSED, "image_refused"), REFUSED, "image_refused"),
        (result(WRITTEN), result(WRITTEN), WRITTEN, ""),
        (result(WRITTEN), result(UNCHANGED), WRITTEN, ""),
        (result(UNCHANGED), result(UNCHANGED), UNCHANGED, ""),
        (result(UNCHANGED), result(WRITTEN), WRITTEN, ""),
        (result(WRITTEN), result(REFUSED, "image_refused"), WRITTEN, "image_refused"),
        (result(WRITTEN), result(FAILED, "timeout"), FAILED, "timeout"),
        (result(REFUSED, "echo_differs"), result(WRITTEN), REFUSED, "echo_differs"),
        (result(WRITTEN), result(REFUSED, "gone"), REFUSED, "gone"),
    ],
)
def test_fields_and_images_make_one_outcome(
    fields: WriteResult | None, pictures: WriteResult, outcome: str, code: str
) -> None:
    both = together(fields, pictures)
    assert (both.outcome, both.code) == (outcome, code)


@given(st.lists(st.text("ABC-1,", min_size=1, max_size=60), unique=True, max_size=200))
def test_skus_are_asked_for_in_portions_that_fit_an_address(skus: list[str]) -> None:
    portions = _portions(skus)
    assert [sku for portion in portions for sku in portion] == skus
    assert all(0 < len(portion) <= 50 and len(",".join(portion)) < 1600 for portion in portions)


def variant(own: str, sku: str = "", **options: str) -> PlatformVariant:
    return PlatformVariant(external_id=own, external_product_id="p", sku=sku, options=options, price=Decimal(1))


def creation(*variants: PlatformVariant) -> ProductCreation:
    product = PlatformProduct(external_id="p", title="P", variants=variants, images=(PlatformImage(url="https://a/b"),))
    return ProductCreation(key="key", product=product)


def test_what_has_no_sku_of_its_own_bears_ours_while_it_is_made() -> None:
    assert guard_sku(creation(variant("a", "A"))) == ""
    assert guard_sku(creation(variant("a"))) == "storeloom-p"
    assert guard_sku(creation(variant("a", "A"), variant("b", "B"))) == "storeloom-p"
    assert guard_sku(creation()) == "storeloom-p"


def test_one_variant_without_options_is_a_simple_product() -> None:
    assert not is_variable(creation(variant("a")).product)
    assert is_variable(creation(variant("a", Size="S")).product)


def test_variants_are_found_by_our_mark_then_by_sku_then_by_options() -> None:
    size = [WooAttribute(name="size", option="large  ")]
    items = [
        WooItem(id=1, sku="A-1"),
        WooItem(id=2, attributes=size),
        WooItem(id=3, sku="other", meta_data=[WooMeta(key=VARIANT_MARK, value="m")]),
    ]
    variants = [variant("s", "a-1"), variant("o", Size="Large"), variant("m", "M"), variant("x", "X")]
    assert {own: item.id for own, item in paired(variants, items).items()} == {"s": 1, "o": 2, "m": 3}
