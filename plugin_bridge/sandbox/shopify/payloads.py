"""What webhooks carry: the shapes of the old REST API, ids as numbers beside `admin_graphql_api_id`."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from plugin_bridge.sandbox.shopify.gids import gid
from plugin_bridge.sandbox.shopify.order_payload import order_payload
from plugin_bridge.sandbox.shopify.product_fields import category
from plugin_bridge.sandbox.shopify.records import Image, Product, Variant

if TYPE_CHECKING:
    from plugin_bridge.sandbox.shopify.shop import Shop

TOPICS = (
    *("products/create", "products/update", "products/delete", "inventory_levels/update"),
    *("orders/create", "orders/updated", "orders/paid", "orders/cancelled"),
    *("bulk_operations/finish", "app/uninstalled", "app/scopes_update"),
)
"""What the app is subscribed to by its configuration, beside the compliance topics."""

VARIANTS_TOLD = 100
"""A product's webhooks show no more variants; `variant_gids` names all."""

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
        "variants": [_variant(shop, variant) for variant in variants[:VARIANTS_TOLD]],
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
        "category": _category(product.category) if product.category else None,
    }


def _category(full_name: str) -> dict[str, Any]:
    said = category(full_name) or {}
    return {"admin_graphql_api_id": said["id"], "name": said["name"], "full_name": full_name}


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
    options = shop.options

    def moment(at: float | None) -> str | None:
        return _moment(shop, at)

    return order_payload(order, moment, domain=options.domain, personal=options.protected_customer_data)


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
        "customer_email": "owner@example.com",
        "shop_owner": "Olive Owner",
        "myshopify_domain": shop.options.domain,
        "currency": shop.options.currency,
        "enabled_presentment_currencies": [shop.options.currency],
        "iana_timezone": shop.options.timezone,
        "timezone": f"(GMT) {shop.options.timezone}",
        "created_at": _moment(shop, shop.seeded_at),
        "updated_at": _moment(shop, shop.seeded_at),
        "primary_location_id": shop.first_location.id,
        "primary_locale": "en",
        "plan_name": "partner_test",
        "plan_display_name": "Development",
        "money_format": "${{amount}}",
        "money_in_emails_format": "${{amount}}",
        "money_with_currency_format": "${{amount}} USD",
        "money_with_currency_in_emails_format": "${{amount}} USD",
        "weight_unit": "kg",
        "province": "Illinois",
        "province_code": "IL",
        "country": "US",
        "country_code": "US",
        "country_name": "United States",
        "address1": "1 Main Street",
        "city": "Springfield",
        "zip": "12345",
        "phone": "5550100",
        **dict.fromkeys(_SHOP_NULL),
        **dict.fromkeys(_SHOP_FALSE, False),
        **dict.fromkeys(_SHOP_TRUE, True),
    }


_SHOP_NULL = (
    *("address2", "auto_configure_tax_inclusivity", "county_taxes", "domain", "google_apps_domain", "source"),
    *("google_apps_login_enabled", "latitude", "longitude", "password_enabled", "tax_shipping", "taxes_included"),
)
_SHOP_FALSE = (
    *("has_discounts", "marketing_sms_consent_enabled_at_checkout", "pre_launch_enabled", "setup_required"),
    *("requires_extra_payments_agreement", "transactional_sms_disabled"),
)
_SHOP_TRUE = (
    *("checkout_api_supported", "eligible_for_payments", "finances", "has_gift_cards", "has_storefront"),
    "multi_location_enabled",
)

_BUILDERS: Mapping[str, Callable[["Shop", int, int], Any]] = {
    "products/create": _product,
    "products/update": _product,
    "products/delete": _deleted,
    "inventory_levels/update": _level,
    **dict.fromkeys(("orders/create", "orders/updated", "orders/paid", "orders/cancelled"), _order),
    "bulk_operations/finish": _operation,
    "app/uninstalled": _shop,
}
