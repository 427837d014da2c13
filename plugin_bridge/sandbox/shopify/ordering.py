"""Places orders as customers do, pays and cancels them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from plugin_bridge.sandbox.shopify.records import Line, Order, Variant

if TYPE_CHECKING:
    from plugin_bridge.sandbox.shopify.shop import Shop

FIRST_NUMBER = 1001


def place(
    shop: "Shop", lines: Sequence[tuple[Variant, int]], *, email: str = "ada@example.com", created_at: int | None = None
) -> Order:
    """Place a paid order: stock falls where it is counted, webhooks tell of it."""
    now = int(shop.now()) if created_at is None else created_at
    order = Order(
        id=shop.ids.take(),
        number=FIRST_NUMBER + len(shop.orders),
        lines=tuple(_line(shop, variant, quantity) for variant, quantity in lines),
        currency=shop.options.currency,
        location_id=shop.first_location.id,
        created_at=now,
        updated_at=now,
        customer_id=shop.ids.take(),
        customer_email=email,
    )
    shop.orders[order.id] = order
    shop.revision += 1
    for variant, quantity in lines:
        _take(shop, variant, -quantity, order.location_id)
    shop.announce("orders/create", order.id)
    shop.announce("orders/paid", order.id)
    return order


def cancel(shop: "Shop", order: Order, reason: str = "CUSTOMER") -> None:
    """Cancel an order: what it took goes back, the money too."""
    now = int(shop.now())
    order.cancelled_at, order.updated_at = now, now
    order.cancel_reason, order.financial = reason, "REFUNDED"
    shop.revision += 1
    for line in order.lines:
        variant = shop.catalog.variants.get(line.variant_id)
        if variant is not None:
            _take(shop, variant, line.quantity, order.location_id)
    shop.announce("orders/cancelled", order.id)
    shop.announce("orders/updated", order.id)


def _take(shop: "Shop", variant: Variant, pieces: int, location_id: int) -> None:
    if variant.tracked:
        shop.set_stock(variant, location_id, variant.levels.get(location_id, 0) + pieces)


def _line(shop: "Shop", variant: Variant, quantity: int) -> Line:
    product = shop.catalog.products[variant.product_id]
    return Line(
        id=shop.ids.take(),
        variant_id=variant.id,
        product_id=product.id,
        title=product.title,
        variant_title="" if variant.title == "Default Title" else variant.title,
        sku=variant.sku,
        vendor=product.vendor,
        quantity=quantity,
        price=variant.price,
    )
