"""Orders as a store keeps and shows them."""

from decimal import Decimal
from typing import Any

import msgspec

from plugin_bridge.sandbox.woocommerce.currencies import symbol_of
from plugin_bridge.sandbox.woocommerce.dates import gmt_text, local_text
from plugin_bridge.sandbox.woocommerce.options import StoreOptions

ADDRESS_KEYS = ("first_name", "last_name", "company", "address_1", "address_2", "city", "state", "postcode", "country")


class Line(msgspec.Struct, kw_only=True):
    """One line of an order; the price is for one piece."""

    id: int
    name: str
    product_id: int
    variation_id: int = 0
    quantity: int
    price: Decimal
    sku: str = ""
    gtin: str = ""
    parent_name: str | None = None
    stock_taken: bool = False


class Order(msgspec.Struct, kw_only=True):
    """One order; times are Unix seconds."""

    id: int
    status: str
    order_key: str
    created_at: int
    modified_at: int
    paid_at: int | None = None
    completed_at: int | None = None
    created_via: str = "rest-api"
    billing: dict[str, str] = {}
    shipping: dict[str, str] = {}
    lines: list[Line] = []
    customer_note: str = ""
    payment_method: str = ""
    payment_method_title: str = ""
    meta: list[dict[str, Any]] = []

    def value(self, options: StoreOptions) -> dict[str, Any]:
        """Return the order as the REST API shows it."""
        zone = options.timezone
        total = sum((line.price * line.quantity for line in self.lines), Decimal())
        root = f"{options.address}/wp-json/wc/v3/orders"
        pay = f"{options.address}/checkout/order-pay/{self.id}/?pay_for_order=true&key={self.order_key}"
        return {
            "id": self.id,
            "parent_id": 0,
            "status": self.status,
            "currency": options.currency,
            "version": options.version,
            "prices_include_tax": False,
            "date_created": local_text(self.created_at, zone),
            "date_modified": local_text(self.modified_at, zone),
            "discount_total": "0.00",
            "discount_tax": "0.00",
            "shipping_total": "0.00",
            "shipping_tax": "0.00",
            "cart_tax": "0.00",
            "total": f"{total:.2f}",
            "total_tax": "0.00",
            "customer_id": 0,
            "order_key": self.order_key,
            "billing": {key: self.billing.get(key, "") for key in (*ADDRESS_KEYS, "email", "phone")},
            "shipping": {key: self.shipping.get(key, "") for key in (*ADDRESS_KEYS, "phone")},
            "payment_method": self.payment_method,
            "payment_method_title": self.payment_method_title,
            "transaction_id": "",
            "customer_ip_address": "",
            "customer_user_agent": "",
            "created_via": self.created_via,
            "customer_note": self.customer_note,
            "date_completed": None if self.completed_at is None else local_text(self.completed_at, zone),
            "date_paid": None if self.paid_at is None else local_text(self.paid_at, zone),
            "cart_hash": "",
            "number": str(self.id),
            "meta_data": self.meta,
            "line_items": [_line(line) for line in self.lines],
            "tax_lines": [],
            "shipping_lines": [],
            "fee_lines": [],
            "coupon_lines": [],
            "refunds": [],
            "payment_url": pay,
            "is_editable": self.status in ("pending", "on-hold", "auto-draft"),
            "needs_payment": self.status in ("pending", "failed") and total > 0,
            "needs_processing": True,
            "date_created_gmt": gmt_text(self.created_at),
            "date_modified_gmt": gmt_text(self.modified_at),
            "date_completed_gmt": None if self.completed_at is None else gmt_text(self.completed_at),
            "date_paid_gmt": None if self.paid_at is None else gmt_text(self.paid_at),
            "currency_symbol": _plain_symbol(options.currency),
            "_links": {
                "self": [
                    {
                        "href": f"{root}/{self.id}",
                        "targetHints": {"allow": ["GET", "POST", "PUT", "PATCH", "DELETE"]},
                    }
                ],
                "collection": [{"href": root}],
                "email_templates": [{"embeddable": True, "href": f"{root}/{self.id}/actions/email_templates"}],
            },
        }


def _line(line: Line) -> dict[str, Any]:
    total = f"{line.price * line.quantity:.2f}"
    taken = str(line.quantity)
    reduced = {
        "id": line.id * 10 + 1,
        "key": "_reduced_stock",
        "value": taken,
        "display_key": "_reduced_stock",
        "display_value": taken,
    }
    return {
        "id": line.id,
        "name": line.name,
        "product_id": line.product_id,
        "variation_id": line.variation_id,
        "quantity": line.quantity,
        "tax_class": "",
        "subtotal": total,
        "subtotal_tax": "0.00",
        "total": total,
        "total_tax": "0.00",
        "taxes": [],
        "meta_data": [reduced] if line.stock_taken else [],
        "sku": line.sku,
        "global_unique_id": line.gtin,
        "price": int(line.price) if line.price == int(line.price) else float(line.price),
        "image": {"id": "", "src": ""},
        "parent_name": line.parent_name,
    }


def _plain_symbol(currency: str) -> str:
    plain = {"&#36;": "$", "&euro;": "€", "&pound;": "£", "&yen;": "¥"}
    symbol = symbol_of(currency)
    return plain.get(symbol, symbol)
