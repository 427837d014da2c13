"""Handlers of orders."""

from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from plugin_bridge.sandbox.asgi import Reply, json_reply
from plugin_bridge.sandbox.woocommerce.bodies import Body, as_bool, read_body
from plugin_bridge.sandbox.woocommerce.fields import read_fields, select
from plugin_bridge.sandbox.woocommerce.listing import page_headers, page_reply
from plugin_bridge.sandbox.woocommerce.order import Order
from plugin_bridge.sandbox.woocommerce.ordering import Wanted, place, set_status
from plugin_bridge.sandbox.woocommerce.params import Params, read_params
from plugin_bridge.sandbox.woocommerce.rest import RestError, invalid_params, not_one_of
from plugin_bridge.sandbox.woocommerce.routes import Call

STATES = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed")


def list_orders(call: Call) -> Reply:
    """Answer `GET /orders`; dates filter as they do for products."""
    shop = call.shop
    params = read_params(call.request.query, shop.options.timezone, statuses=("any", "trash", *STATES))
    orders = [order for order in shop.orders.values() if _matches(order, params)]
    field = "modified_at" if params.orderby == "modified" else "created_at"
    orders.sort(key=lambda order: (getattr(order, field), order.id), reverse=not params.ascending)
    start = (params.page - 1) * params.per_page
    fields = read_fields(call.request.query)
    shown = orders[start : start + params.per_page]
    parts = [msgspec.json.encode(select(order.value(shop.options), fields)) for order in shown]
    return page_reply(parts, page_headers(call.request, shop.options, params, len(orders)))


def get_order(call: Call) -> Reply:
    """Answer `GET /orders/<id>`."""
    return json_reply(select(_find(call).value(call.shop.options), read_fields(call.request.query)))


def create_order(call: Call) -> Reply:
    """Answer `POST /orders`: takes stock when the order is paid for or being processed."""
    shop, body = call.shop, read_body(call.request)
    paid = as_bool(body.get("set_paid", False))
    status = _status(body, "pending")
    if paid and status == "pending":
        status = "processing"
    order = place(
        shop,
        _wanted(call, body),
        status,
        paid_at=int(shop.now()) if paid else None,
        billing=_texts(body.get("billing")),
        shipping=_texts(body.get("shipping")),
        customer_note=str(body.get("customer_note") or ""),
        payment_method=str(body.get("payment_method") or ""),
        payment_method_title=str(body.get("payment_method_title") or ""),
    )
    location = f"{shop.options.address}/wp-json/wc/v3/orders/{order.id}"
    return json_reply(order.value(shop.options), 201, {"location": location})


def update_order(call: Call) -> Reply:
    """Answer PUT, PATCH and POST on `/orders/<id>`: status and note."""
    order, body = _find(call), read_body(call.request)
    order.customer_note = str(body.get("customer_note") or order.customer_note)
    set_status(call.shop, order, _status(body, order.status))
    return json_reply(order.value(call.shop.options))


def _find(call: Call) -> Order:
    order = call.shop.orders.get(call.ids[0])
    if order is None:
        raise RestError("woocommerce_rest_shop_order_invalid_id", "Invalid ID.", 404)
    return order


def _matches(order: Order, params: Params) -> bool:
    return (
        params.status in ("any", order.status)
        and (not params.include or order.id in params.include)
        and (params.modified_after is None or order.modified_at > params.modified_after)
        and (params.modified_before is None or order.modified_at < params.modified_before)
        and (params.created_after is None or order.created_at > params.created_after)
        and (params.created_before is None or order.created_at < params.created_before)
    )


def _status(body: Body, default: str) -> str:
    status = str(body.get("status") or default)
    if status not in STATES:
        raise invalid_params({"status": not_one_of("status", STATES)})
    return status


def _wanted(call: Call, body: Body) -> list[Wanted]:
    rows = body.get("line_items")
    return [_line(call, row) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _line(call: Call, row: dict[str, Any]) -> Wanted:
    catalog = call.shop.catalog
    item_id = row.get("variation_id") or row.get("product_id") or catalog.by_sku.get(str(row.get("sku") or ""))
    item = catalog.items.get(item_id) if isinstance(item_id, int) else None
    if item is None:
        raise RestError("woocommerce_rest_required_product_reference", "Product ID or SKU is required.", 400)
    quantity = row.get("quantity", 1)
    if not isinstance(quantity, int) or isinstance(quantity, bool) or not 1 <= quantity <= 1_000_000:
        raise RestError("woocommerce_rest_invalid_quantity", "Quantity must be a whole number above zero.", 400)
    return Wanted(item, quantity, _total(row.get("total")))


def _total(value: Any) -> Decimal | None:
    try:
        total = Decimal(str(value))
    except InvalidOperation:
        return None
    return total if total.is_finite() and abs(total) < 10**12 else None


def _texts(value: Any) -> dict[str, str]:
    return {str(key): str(text) for key, text in value.items()} if isinstance(value, dict) else {}
