"""What webhooks carry: the shapes of the old REST API, ids as numbers beside `admin_graphql_api_id`."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from plugin_bridge.sandbox.shopify.gids import gid
from plugin_bridge.sandbox.shopify.order_fields import FIRST_NAME, LAST_NAME, total
from plugin_bridge.sandbox.shopify.records import Image, Line, Order, Product, Variant

if TYPE_CHECKING:
    from plugin_bridge.sandbox.shopify.shop import Shop

TOPICS = (
    *("products/create", "products/update", "products/delete", "inventory_levels/update"),
    *("orders/create", "orders/updated", "orders/paid", "orders/cancelled"),
    *("bulk_operations/finish", "app/uninstalled", "app/scopes_update"),
)
"""What the app is subscribed to by its configuration, beside the compliance topics."""

COMPLIANCE = ("customers/data_request", "customers/redact", "shop/redact")
"""Sent to every app, installed or not."""


def payload(shop: "Shop", topic: str, resource: tuple[int, int]) -> Any:
    """Return what a webhook of a topic says of a thing now; None when there is nothing to say any more."""
    return _BUILDERS[topic](shop, *resource)


def _moment(shop: "Shop", at: float | None) -> str | None:
    """Print a moment in the shop's own zone, as REST does."""
    if at is None:
        return None
    return datetime.fromtimestamp(int(at), UTC).astimezone(ZoneInfo(shop.options.timezone)).isoformat()


def _product(shop: "Shop", product_id: int, _: int) -> Any:
    product = shop.catalog.products.get(product_id)
    if product is None:
        return None
    variants = shop.catalog.variants_of(product)
    images = [_image(shop, product, image, place) for place, image in enumerate(product.images, 1)]
    return {
        "admin_graphql_api_id": gid("Product", product.id),
        "body_html": product.body_html,
        "created_at": _moment(shop, product.created_at),
        "handle": product.handle,
        "id": product.id,
        "product_type": product.product_type,
        "published_at": _moment(shop, product.published_at),
        "template_suffix": product.template or None,
        "title": product.title,
        "updated_at": _moment(shop, product.updated_at),
        "vendor": product.vendor,
        "status": product.status.lower(),
        "published_scope": "global",
        "tags": ", ".join(product.tags),
        "variants": [_variant(shop, variant) for variant in variants],
        "options": [
            {
                "name": option.name,
                "id": option.id,
                "product_id": product.id,
                "position": place,
                "values": [value.name for value in option.values],
            }
            for place, option in enumerate(product.options, 1)
        ],
        "images": images,
        "image": images[0] if images else None,
        "media": [],
        "variant_gids": [
            {"admin_graphql_api_id": gid("ProductVariant", one.id), "updated_at": _moment(shop, one.updated_at)}
            for one in variants
        ],
        "has_variants_that_requires_components": False,
        "category": {"full_name": product.category} if product.category else None,
    }


def _variant(shop: "Shop", variant: Variant) -> dict[str, Any]:
    choices = [*(variant.choices or ("Default Title",)), None, None, None]
    return {
        "admin_graphql_api_id": gid("ProductVariant", variant.id),
        "barcode": variant.barcode or None,
        "compare_at_price": variant.compare_at,
        "created_at": _moment(shop, variant.created_at),
        "id": variant.id,
        "inventory_policy": variant.policy.lower(),
        "position": variant.position,
        "price": variant.price,
        "product_id": variant.product_id,
        "sku": variant.sku or None,
        "taxable": variant.taxable,
        "title": variant.title,
        "updated_at": _moment(shop, variant.updated_at),
        "option1": choices[0],
        "option2": choices[1],
        "option3": choices[2],
        "image_id": variant.image_id or None,
        "inventory_item_id": variant.inventory_id,
        "inventory_quantity": variant.available,
        "old_inventory_quantity": variant.available,
    }


def _image(shop: "Shop", product: Product, image: Image, place: int) -> dict[str, Any]:
    return {
        "id": image.id,
        "alt": image.alt or None,
        "position": place,
        "product_id": product.id,
        "created_at": _moment(shop, product.created_at),
        "updated_at": _moment(shop, product.created_at),
        "admin_graphql_api_id": gid("MediaImage", image.id),
        "width": 1024,
        "height": 1024,
        "src": image.url,
        "variant_ids": [one.id for one in shop.catalog.variants_of(product) if one.image_id == image.id],
    }


def _deleted(_: "Shop", product_id: int, __: int) -> Any:
    return {"id": product_id}


def _level(shop: "Shop", variant_id: int, location_id: int) -> Any:
    variant = shop.catalog.variants.get(variant_id)
    if variant is None or location_id not in variant.levels:
        return None
    return {
        "inventory_item_id": variant.inventory_id,
        "location_id": location_id,
        "available": variant.levels[location_id],
        "updated_at": _moment(shop, variant.updated_at),
        "admin_graphql_api_id": f"gid://shopify/InventoryLevel/{location_id}?inventory_item_id={variant.inventory_id}",
    }


def _order(shop: "Shop", order_id: int, _: int) -> Any:
    order = shop.orders.get(order_id)
    if order is None:
        return None
    amount = total(order)
    both = {"amount": amount, "currency_code": order.currency}
    return {
        "id": order.id,
        "admin_graphql_api_id": gid("Order", order.id),
        "name": f"#{order.number}",
        "number": order.number - 1000,
        "order_number": order.number,
        "created_at": _moment(shop, order.created_at),
        "updated_at": _moment(shop, order.updated_at),
        "processed_at": _moment(shop, order.created_at),
        "cancelled_at": _moment(shop, order.cancelled_at),
        "cancel_reason": (order.cancel_reason or "").lower() or None,
        "closed_at": None,
        "currency": order.currency,
        "presentment_currency": order.currency,
        "financial_status": order.financial.lower(),
        "fulfillment_status": None,
        "test": False,
        "confirmed": True,
        "subtotal_price": amount,
        "total_price": amount,
        "total_tax": "0.00",
        "total_discounts": "0.00",
        "total_price_set": {"shop_money": both, "presentment_money": both},
        "source_name": "web",
        "tags": "",
        "taxes_included": False,
        "location_id": None,
        "line_items": [_line(line) for line in order.lines],
        **_person(shop, order),
    }


def _person(shop: "Shop", order: Order) -> dict[str, Any]:
    if not shop.options.protected_customer_data or not order.customer_id:
        return {"email": "", "phone": None, "customer": {"id": order.customer_id}, "shipping_address": None}
    address = {
        "first_name": FIRST_NAME,
        "last_name": LAST_NAME,
        "address1": "1 Main Street",
        "city": "Springfield",
        "zip": "12345",
        "country_code": "US",
    }
    customer = {
        "id": order.customer_id,
        "email": order.customer_email,
        "first_name": FIRST_NAME,
        "last_name": LAST_NAME,
        "admin_graphql_api_id": gid("Customer", order.customer_id),
    }
    return {"email": order.customer_email, "phone": None, "customer": customer, "shipping_address": address}


def _line(line: Line) -> dict[str, Any]:
    return {
        "id": line.id,
        "admin_graphql_api_id": gid("LineItem", line.id),
        "product_id": line.product_id,
        "variant_id": line.variant_id,
        "title": line.title,
        "variant_title": line.variant_title or None,
        "name": f"{line.title} - {line.variant_title}" if line.variant_title else line.title,
        "sku": line.sku or None,
        "vendor": line.vendor or None,
        "quantity": line.quantity,
        "current_quantity": line.quantity,
        "fulfillable_quantity": line.quantity,
        "fulfillment_status": None,
        "price": f"{Decimal(line.price):.2f}",
        "total_discount": "0.00",
        "requires_shipping": True,
        "taxable": True,
        "gift_card": False,
    }


def _operation(shop: "Shop", operation_id: int, _: int) -> Any:
    operation = shop.operations.by_id.get(operation_id)
    if operation is None:
        return None
    return {
        "admin_graphql_api_id": gid("BulkOperation", operation.id),
        "completed_at": _moment(shop, operation.completed_at),
        "created_at": _moment(shop, operation.created_at),
        "error_code": operation.error_code.lower() if operation.error_code else None,
        "status": operation.status.lower(),
        "type": operation.type.lower(),
    }


def _shop(shop: "Shop", _: int, __: int) -> Any:
    return {
        "id": shop.id,
        "name": shop.options.name,
        "email": "owner@example.com",
        "domain": None,
        "myshopify_domain": shop.options.domain,
        "currency": shop.options.currency,
        "iana_timezone": shop.options.timezone,
        "created_at": _moment(shop, shop.seeded_at),
        "updated_at": _moment(shop, shop.seeded_at),
        "plan_name": "partner_test",
        "shop_owner": "Olive Owner",
    }


_BUILDERS: Mapping[str, Callable[["Shop", int, int], Any]] = {
    "products/create": _product,
    "products/update": _product,
    "products/delete": _deleted,
    "inventory_levels/update": _level,
    **dict.fromkeys(("orders/create", "orders/updated", "orders/paid", "orders/cancelled"), _order),
    "bulk_operations/finish": _operation,
    "app/uninstalled": _shop,
}
