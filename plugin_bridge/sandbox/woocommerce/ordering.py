"""Places orders, takes stock for them and gives it back."""

import secrets
from decimal import Decimal
from typing import Any

import msgspec

from plugin_bridge.sandbox.woocommerce.item import Item
from plugin_bridge.sandbox.woocommerce.order import Line, Order
from plugin_bridge.sandbox.woocommerce.shop import Shop

TAKES_STOCK = ("processing", "completed", "on-hold")
GIVES_BACK = ("cancelled", "pending")


class Wanted(msgspec.Struct, frozen=True):
    """A line before it is an order's: the item, how many, and the line total where the request gives one."""

    item: Item
    quantity: int
    total: Decimal | None = None


def place(shop: Shop, wanted: list[Wanted], status: str, **facts: Any) -> Order:
    """Place an order: stock is taken where the status says so, dates move, webhooks fire.

    Args:     facts: further fields of `Order`.
    """
    at = int(shop.now())
    order = Order(
        id=shop.take_id(),
        status=status,
        order_key=f"wc_order_{secrets.token_hex(7)[:13]}",
        created_at=at,
        modified_at=at,
        lines=[_line(shop, one, number) for number, one in enumerate(wanted, 1)],
        **facts,
    )
    shop.orders[order.id] = order
    settle_stock(shop, order)
    shop.revision += 1
    shop.announce("order.created", order.id)
    return order


def set_status(shop: Shop, order: Order, status: str) -> None:
    """Move an order to another status with what follows from it."""
    order.status = status
    at = int(shop.now())
    if status == "completed" and order.completed_at is None:
        order.completed_at = at
    if status in TAKES_STOCK and order.paid_at is None and status != "on-hold":
        order.paid_at = at
    settle_stock(shop, order)
    order.modified_at = at
    shop.revision += 1
    shop.announce("order.updated", order.id)


def settle_stock(shop: Shop, order: Order) -> None:
    """Take the stock of lines that need it and return that of a cancelled order, each once."""
    for line in order.lines:
        item = shop.catalog.items.get(line.variation_id or line.product_id)
        if item is None:
            continue
        if order.status in TAKES_STOCK and not line.stock_taken:
            shop.take_stock(item, line.quantity)
            line.stock_taken = item.manage_stock
        elif order.status in GIVES_BACK and line.stock_taken:
            shop.take_stock(item, -line.quantity)
            line.stock_taken = False


def _line(shop: Shop, wanted: Wanted, number: int) -> Line:
    item = wanted.item
    parent = shop.catalog.items.get(item.parent_id)
    price = Decimal(item.own_price or "0")
    if wanted.total is not None and wanted.quantity:
        price = wanted.total / wanted.quantity
    name = item.name if parent is None else f"{parent.name} - {shop.renderer.name(item)}"
    return Line(
        id=number + 2,
        name=name,
        product_id=item.id if parent is None else parent.id,
        variation_id=0 if parent is None else item.id,
        quantity=wanted.quantity,
        price=price,
        sku=item.sku,
        gtin=item.gtin,
        parent_name=None if parent is None else parent.name,
    )
