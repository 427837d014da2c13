"""Fields of orders and their lines."""

from decimal import Decimal
from typing import Any

from plugin_bridge.sandbox.shopify.context import Context, Table
from plugin_bridge.sandbox.shopify.gids import gid
from plugin_bridge.sandbox.shopify.records import Line, Order
from plugin_bridge.sandbox.shopify.values import listed, money_bag, time_text

FIRST_NAME, LAST_NAME = "Ada", "Shopper"


def total(order: Order) -> str:
    """Return the sum of an order's lines; the simulated shop knows neither taxes nor shipping."""
    return str(sum((Decimal(line.price) * line.quantity for line in order.lines), Decimal("0.00")))


def _pieces(order: Order) -> int:
    return sum(line.quantity for line in order.lines)


def _person(context: Context, order: Order) -> Order | None:
    """Return whom an order belongs to: nobody for an app that Shopify did not approve for customer data."""
    return order if context.shop.options.protected_customer_data and order.customer_id else None


def _address(context: Context, order: Order) -> dict[str, Any] | None:
    if _person(context, order) is None:
        return None
    return {
        "id": gid("MailingAddress", order.customer_id),
        "name": f"{FIRST_NAME} {LAST_NAME}",
        "firstName": FIRST_NAME,
        "lastName": LAST_NAME,
        "address1": "1 Main Street",
        "city": "Springfield",
        "zip": "12345",
        "country": "United States",
        "countryCodeV2": "US",
    }


ORDER: Table = {
    "id": lambda _, one, __: gid("Order", one.id),
    "legacyResourceId": lambda _, one, __: str(one.id),
    "name": lambda _, one, __: f"#{one.number}",
    "number": lambda _, one, __: one.number,
    "confirmed": lambda _, __, ___: True,
    "test": lambda _, __, ___: False,
    "note": lambda _, __, ___: None,
    "tags": lambda _, __, ___: [],
    "createdAt": lambda _, one, __: time_text(one.created_at),
    "updatedAt": lambda _, one, __: time_text(one.updated_at),
    "processedAt": lambda _, one, __: time_text(one.created_at),
    "closedAt": lambda _, __, ___: None,
    "closed": lambda _, __, ___: False,
    "cancelledAt": lambda _, one, __: time_text(one.cancelled_at),
    "cancelReason": lambda _, one, __: one.cancel_reason,
    "currencyCode": lambda _, one, __: one.currency,
    "presentmentCurrencyCode": lambda _, one, __: one.currency,
    "displayFinancialStatus": lambda _, one, __: one.financial,
    "displayFulfillmentStatus": lambda _, __, ___: "UNFULFILLED",
    "fullyPaid": lambda _, one, __: one.financial == "PAID",
    "unpaid": lambda _, one, __: one.financial == "PENDING",
    **{
        name: lambda context, one, _: money_bag(context, total(one))
        for name in ("subtotalPriceSet", "currentSubtotalPriceSet", "totalPriceSet", "currentTotalPriceSet")
    },
    **{
        name: lambda context, _, __: money_bag(context, "0.00")
        for name in ("totalTaxSet", "totalDiscountsSet", "totalShippingPriceSet")
    },
    "totalRefundedSet": lambda context, one, _: money_bag(context, total(one) if one.financial == "REFUNDED" else "0"),
    "subtotalLineItemsQuantity": lambda _, one, __: _pieces(one),
    "currentSubtotalLineItemsQuantity": lambda _, one, __: 0 if one.cancelled_at else _pieces(one),
    "email": lambda context, one, _: one.customer_email if _person(context, one) else None,
    "phone": lambda _, __, ___: None,
    "customer": lambda context, one, _: _person(context, one),
    "shippingAddress": lambda context, one, _: _address(context, one),
    "billingAddress": lambda context, one, _: _address(context, one),
    "sourceName": lambda _, __, ___: "web",
    "lineItems": lambda _, one, args: listed([(one, line) for line in one.lines], reverse=bool(args.get("reverse"))),
}

CUSTOMER: Table = {
    "id": lambda _, one, __: gid("Customer", one.customer_id),
    "legacyResourceId": lambda _, one, __: str(one.customer_id),
    "displayName": lambda _, __, ___: f"{FIRST_NAME} {LAST_NAME}",
    "firstName": lambda _, __, ___: FIRST_NAME,
    "lastName": lambda _, __, ___: LAST_NAME,
    "createdAt": lambda _, one, __: time_text(one.created_at),
    "updatedAt": lambda _, one, __: time_text(one.updated_at),
    "tags": lambda _, __, ___: [],
    "defaultEmailAddress": lambda _, one, __: {"emailAddress": one.customer_email},
}


def _line_total(line: Line) -> str:
    return str(Decimal(line.price) * line.quantity)


LINE_ITEM: Table = {
    "id": lambda _, pair, __: gid("LineItem", pair[1].id),
    "name": lambda _, pair, __: (
        f"{pair[1].title} - {pair[1].variant_title}" if pair[1].variant_title else pair[1].title
    ),
    "title": lambda _, pair, __: pair[1].title,
    "variantTitle": lambda _, pair, __: pair[1].variant_title or None,
    "sku": lambda _, pair, __: pair[1].sku or None,
    "vendor": lambda _, pair, __: pair[1].vendor or None,
    "quantity": lambda _, pair, __: pair[1].quantity,
    "currentQuantity": lambda _, pair, __: 0 if pair[0].cancelled_at else pair[1].quantity,
    "unfulfilledQuantity": lambda _, pair, __: 0 if pair[0].cancelled_at else pair[1].quantity,
    "requiresShipping": lambda _, __, ___: True,
    "taxable": lambda _, __, ___: True,
    "isGiftCard": lambda _, __, ___: False,
    "product": lambda context, pair, _: context.shop.catalog.products.get(pair[1].product_id),
    "variant": lambda context, pair, _: context.shop.catalog.variants.get(pair[1].variant_id),
    "originalUnitPriceSet": lambda context, pair, _: money_bag(context, pair[1].price),
    "discountedUnitPriceSet": lambda context, pair, _: money_bag(context, pair[1].price),
    "originalTotalSet": lambda context, pair, _: money_bag(context, _line_total(pair[1])),
    "discountedTotalSet": lambda context, pair, _: money_bag(context, _line_total(pair[1])),
    "totalDiscountSet": lambda context, _, __: money_bag(context, "0.00"),
}
