"""What the bodies of order webhooks say of stock."""

from datetime import UTC, datetime
from typing import Any

import pytest

from backend.domain.inbound import shopify_orders, woocommerce_orders
from backend.domain.inbound.body_parts import MOST_PIECES
from backend.domain.inbound.handling import Unreadable
from backend.domain.orders.shown_order import ShownLine, ShownOrder
from plugin_bridge.sandbox.shopify.order_payload import order_payload
from plugin_bridge.sandbox.shopify.records import Line as ShopifyLine
from plugin_bridge.sandbox.shopify.records import Order as ShopifyOrder
from plugin_bridge.sandbox.woocommerce.options import StoreOptions
from plugin_bridge.sandbox.woocommerce.order import Line, Order

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def woo(status: str = "processing", taken: str | None = None, **line: Any) -> dict[str, Any]:
    """A body as a store sends it: one line of three pieces."""
    meta = [] if taken is None else [{"id": 1, "key": "_reduced_stock", "value": taken}]
    row = {"id": 3, "product_id": 10, "variation_id": 0, "quantity": 3, "meta_data": meta, **line}
    return {
        "id": 338,
        "number": "338",
        "status": status,
        "date_created_gmt": "2026-11-20T12:00:00",
        "date_modified_gmt": "2026-11-20T12:05:00",
        "line_items": [row],
    }


def shopify(**values: Any) -> dict[str, Any]:
    """A body as a shop sends it: one line of three pieces."""
    row = {"id": 9, "product_id": 10, "variant_id": 11, "quantity": 3, "current_quantity": 3}
    return {
        "id": 5,
        "name": "#1001",
        "created_at": "2026-11-20T07:00:00-05:00",
        "updated_at": "2026-11-20T07:05:00-05:00",
        "cancelled_at": None,
        "line_items": [row],
        **values,
    }


def wanted(order: ShownOrder) -> list[int]:
    return [line.quantity for line in order.lines]


def test_a_woocommerce_order_is_read() -> None:
    line = ShownLine(line_id="3", external_variant_id="10", external_product_id="10", quantity=3)
    assert woocommerce_orders.read(woo()) == ShownOrder(
        order_id="338",
        number="338",
        created_at=NOON,
        modified_at=NOON.replace(minute=5),
        lines=(line,),
    )


def test_a_variation_is_what_was_sold() -> None:
    (line,) = woocommerce_orders.read(woo(variation_id=12)).lines
    assert (line.external_variant_id, line.external_product_id) == ("12", "10")


@pytest.mark.parametrize(
    ("status", "taken", "pieces"),
    [
        ("on-hold", None, 3),
        ("processing", None, 3),
        ("completed", None, 3),
        ("processing", "2", 2),
        ("pending", None, 0),
        ("failed", None, 0),
        ("failed", "3", 3),
        ("checkout-draft", None, 0),
        ("cancelled", None, 0),
        ("cancelled", "3", 0),
        ("refunded", None, 0),
        ("refunded", "1", 1),
        ("trash", None, 0),
        ("shipped", "3", 3),
        ("shipped", None, 0),
    ],
)
def test_what_a_woocommerce_order_needs_follows_from_its_status_and_what_the_store_took(
    status: str, taken: str | None, pieces: int
) -> None:
    assert wanted(woocommerce_orders.read(woo(status, taken))) == [pieces]


def test_only_a_cancelled_woocommerce_order_is_cancelled() -> None:
    assert woocommerce_orders.read(woo("cancelled")).state == "cancelled"
    assert woocommerce_orders.read(woo("pending")).state == "open"


@pytest.mark.parametrize(("status", "stock_taken"), [("processing", True), ("processing", False), ("pending", False)])
def test_an_order_as_the_simulated_store_shows_it_is_read(status: str, stock_taken: bool) -> None:
    line = Line(id=3, name="Cup", product_id=10, quantity=2, price=0, stock_taken=stock_taken)  # type: ignore[arg-type]
    at = int(NOON.timestamp())
    order = Order(id=7, status=status, order_key="k", created_at=at, modified_at=at, lines=[line])
    read = woocommerce_orders.read(order.value(StoreOptions(address="https://a.example", timezone="Asia/Tokyo")))
    assert (read.created_at, wanted(read)) == (NOON, [0 if status == "pending" else 2])


def test_a_shopify_order_is_read() -> None:
    line = ShownLine(line_id="9", external_variant_id="11", external_product_id="10", quantity=3)
    assert shopify_orders.read(shopify()) == ShownOrder(
        order_id="5",
        number="#1001",
        created_at=NOON,
        modified_at=NOON.replace(minute=5),
        lines=(line,),
    )


def refund(kind: str, quantity: int) -> dict[str, Any]:
    return {"refund_line_items": [{"line_item_id": 9, "quantity": quantity, "restock_type": kind}]}


@pytest.mark.parametrize(
    ("current", "refunds", "pieces"),
    [
        (3, [], 3),
        (2, [], 2),
        (1, [refund("return", 2)], 1),
        (1, [refund("no_restock", 2)], 3),
        (0, [refund("cancel", 2), refund("no_restock", 1)], 1),
    ],
    ids=["all", "edited", "put-back", "refunded-for-good", "both"],
)
def test_what_was_refunded_and_not_put_back_is_gone(current: int, refunds: list[Any], pieces: int) -> None:
    line = {"id": 9, "variant_id": 11, "quantity": 3, "current_quantity": current}
    assert wanted(shopify_orders.read(shopify(line_items=[line], refunds=refunds))) == [pieces]


def test_an_order_that_is_not_confirmed_needs_nothing_yet() -> None:
    assert wanted(shopify_orders.read(shopify(confirmed=False))) == [0]


def test_a_line_that_is_no_product_is_left_out() -> None:
    assert shopify_orders.read(shopify(line_items=[{"id": 9, "variant_id": None, "quantity": 1}])).lines == ()


@pytest.mark.parametrize(("cancelled_at", "pieces"), [(None, 2), (int(NOON.timestamp()), 0)])
def test_an_order_as_the_simulated_shop_shows_it_is_read(cancelled_at: int | None, pieces: int) -> None:
    line = ShopifyLine(
        id=9, variant_id=11, product_id=10, title="Cup", variant_title="", sku="", vendor="", quantity=2, price="1.00"
    )
    order = ShopifyOrder(
        id=5,
        number=1001,
        lines=(line,),
        currency="EUR",
        location_id=1,
        created_at=int(NOON.timestamp()),
        updated_at=int(NOON.timestamp()),
        customer_id=3,
        customer_email="ada@example.com",
    )
    order.cancelled_at = cancelled_at
    body = order_payload(order, _moment, domain="a.myshopify.com", personal=False)
    read = shopify_orders.read(body)
    assert (read.created_at, read.state) == (NOON, "cancelled" if cancelled_at else "open")
    assert wanted(read) == [pieces]


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()


ABSURD: list[Any] = [None, "", [], {}, True, -5, 1.5, "x", "\x00", "1e999", 10**30, float("nan")]


@pytest.mark.parametrize("value", ABSURD, ids=repr)
@pytest.mark.parametrize("field", ["id", "created_at", "updated_at", "line_items", "refunds", "name", "cancelled_at"])
def test_no_shopify_body_ends_otherwise_than_read_or_unreadable(field: str, value: Any) -> None:
    for body in (shopify(**{field: value}), shopify(line_items=[{**shopify()["line_items"][0], field: value}])):
        _read_or_not(shopify_orders.read, body)


@pytest.mark.parametrize("value", ABSURD, ids=repr)
@pytest.mark.parametrize("field", ["id", "quantity", "product_id", "variation_id", "meta_data", "status"])
def test_no_woocommerce_body_ends_otherwise_than_read_or_unreadable(field: str, value: Any) -> None:
    _read_or_not(woocommerce_orders.read, {**woo(), field: value})
    _read_or_not(woocommerce_orders.read, woo(**{field: value}) if field != "status" else woo())
    _read_or_not(woocommerce_orders.read, woo(taken=value))


def _read_or_not(read: Any, body: dict[str, Any]) -> None:
    try:
        order = read(body)
    except Unreadable:
        return
    assert all(0 <= line.quantity <= MOST_PIECES and "\x00" not in line.line_id for line in order.lines)
