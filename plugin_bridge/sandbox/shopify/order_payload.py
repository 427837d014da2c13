"""What order webhooks carry; whoever ordered is only named to apps approved for customers' data."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from plugin_bridge.sandbox.shopify.gids import gid
from plugin_bridge.sandbox.shopify.order_fields import FIRST_NAME, LAST_NAME, total
from plugin_bridge.sandbox.shopify.records import Line, Order

Moment = Callable[[float | None], str | None]
"""Prints a Unix second in the shop's own zone."""

_ALWAYS_NULL = (
    *("app_id", "browser_ip", "cart_token", "checkout_token", "client_details", "closed_at", "confirmation_number"),
    *("current_total_additional_fees_set", "current_total_duties_set", "device_id", "landing_site", "landing_site_ref"),
    *("merchant_of_record_app_id", "note", "original_total_additional_fees_set", "original_total_duties_set"),
    *(
        "payment_terms",
        "phone",
        "po_number",
        "reference",
        "referring_site",
        "source_identifier",
        "source_url",
        "user_id",
    ),
    *("fulfillment_status", "location_id"),
)
_ALWAYS_EMPTY = (
    *("discount_applications", "discount_codes", "fulfillments", "line_item_groups", "note_attributes", "refunds"),
    *("returns", "shipping_lines", "tax_lines"),
)
_ALWAYS_ZERO = (
    *(
        "current_shipping_price",
        "current_total_discounts",
        "current_total_tax",
        "total_discounts",
        "total_shipping_price",
    ),
    *("total_tax", "total_cash_rounding_payment_adjustment", "total_cash_rounding_refund_adjustment"),
)
_ALWAYS_TOTAL = ("subtotal_price", "total_price", "total_line_items_price")
_CURRENT_TOTAL = ("current_subtotal_price", "current_total_price")
_SETS_ONLY = frozenset(
    {
        *("current_shipping_price", "total_shipping_price", "total_cash_rounding_payment_adjustment"),
        "total_cash_rounding_refund_adjustment",
    }
)
"""Amounts that are only told as a set of shop's and buyer's money."""


def order_payload(order: Order, moment: Moment, *, domain: str, personal: bool) -> dict[str, Any]:
    """Return an order as REST shows it.

    Args:     personal: names, addresses and the e-mail address are told; else they are null.
    """
    amount = total(order)
    left = "0.00" if order.cancelled_at else amount
    return {
        "id": order.id,
        "admin_graphql_api_id": gid("Order", order.id),
        "name": f"#{order.number}",
        "number": order.number - 1000,
        "order_number": order.number,
        "created_at": moment(order.created_at),
        "updated_at": moment(order.updated_at),
        "processed_at": moment(order.created_at),
        "cancelled_at": moment(order.cancelled_at),
        "cancel_reason": (order.cancel_reason or "").lower() or None,
        "currency": order.currency,
        "presentment_currency": order.currency,
        "financial_status": order.financial.lower(),
        "test": False,
        "confirmed": True,
        "buyer_accepts_marketing": False,
        "customer_locale": "en",
        "duties_included": False,
        "estimated_taxes": False,
        "tax_exempt": False,
        "taxes_included": False,
        "merchant_business_entity_id": "MTU0ODM4MDAwOQ",
        "order_status_url": f"https://{domain}/orders/{order.id}/authenticate",
        "payment_gateway_names": ["bogus"],
        "source_name": "web",
        "tags": "",
        "token": f"{order.id:x}",
        "total_outstanding": "0.00",
        "total_tip_received": "0.00",
        "total_weight": 0,
        "line_items": [_line(line, order) for line in order.lines],
        **dict.fromkeys(_ALWAYS_NULL),
        **{name: [] for name in _ALWAYS_EMPTY},
        **_amounts(_ALWAYS_ZERO, "0.00", order),
        **_amounts(_ALWAYS_TOTAL, amount, order),
        **_amounts(_CURRENT_TOTAL, left, order),
        **(_person(order, moment) if personal else _nobody(order)),
    }


def _amounts(names: tuple[str, ...], amount: str, order: Order) -> dict[str, Any]:
    told: dict[str, Any] = {name: amount for name in names if name not in _SETS_ONLY}
    return {**told, **{f"{name}_set": _both(amount, order) for name in names}}


def _both(amount: str, order: Order) -> dict[str, Any]:
    one = {"amount": amount, "currency_code": order.currency}
    return {"shop_money": one, "presentment_money": one}


def _nobody(order: Order) -> dict[str, Any]:
    hidden = dict.fromkeys(("email", "contact_email", "billing_address", "shipping_address"))
    customer = {"id": order.customer_id, "email": None, "first_name": None, "last_name": None, "phone": None}
    return {**hidden, "customer": customer}


def _person(order: Order, moment: Moment) -> dict[str, Any]:
    address = {
        "first_name": FIRST_NAME,
        "last_name": LAST_NAME,
        "name": f"{FIRST_NAME} {LAST_NAME}",
        "company": None,
        "address1": "1 Main Street",
        "address2": None,
        "city": "Springfield",
        "zip": "12345",
        "province": "Illinois",
        "province_code": "IL",
        "country": "United States",
        "country_code": "US",
        "phone": "555-0100",
        "latitude": None,
        "longitude": None,
    }
    customer: dict[str, Any] = {
        "id": order.customer_id,
        "admin_graphql_api_id": gid("Customer", order.customer_id),
        "email": order.customer_email,
        "first_name": FIRST_NAME,
        "last_name": LAST_NAME,
        "created_at": moment(order.created_at),
        "updated_at": moment(order.updated_at),
        "currency": order.currency,
        "state": "disabled",
        "tax_exempt": False,
        "tax_exemptions": [],
        "verified_email": True,
        **dict.fromkeys(("multipass_identifier", "note", "phone")),
        "default_address": {
            **address,
            "id": order.customer_id,
            "customer_id": order.customer_id,
            "country_name": "United States",
            "default": True,
        },
    }
    mail = order.customer_email
    return {
        "email": mail,
        "contact_email": mail,
        "customer": customer,
        "billing_address": address,
        "shipping_address": address,
    }


def _line(line: Line, order: Order) -> dict[str, Any]:
    price = f"{Decimal(line.price):.2f}"
    return {
        "id": line.id,
        "admin_graphql_api_id": gid("LineItem", line.id),
        "attributed_staffs": [],
        "product_id": line.product_id,
        "product_exists": True,
        "variant_id": line.variant_id,
        "variant_inventory_management": "shopify",
        "title": line.title,
        "variant_title": line.variant_title or None,
        "name": f"{line.title} - {line.variant_title}" if line.variant_title else line.title,
        "sku": line.sku or None,
        "vendor": line.vendor or None,
        "quantity": line.quantity,
        "current_quantity": 0 if order.cancelled_at else line.quantity,
        "fulfillable_quantity": 0 if order.cancelled_at else line.quantity,
        "fulfillment_service": "manual",
        "fulfillment_status": None,
        "grams": 0,
        "price": price,
        "price_set": _both(price, order),
        "total_discount": "0.00",
        "total_discount_set": _both("0.00", order),
        "requires_shipping": True,
        "taxable": True,
        "gift_card": False,
        "properties": [],
        "tax_lines": [],
        "duties": [],
        "discount_allocations": [],
        "sales_line_item_group_id": None,
    }
