"""Webhooks as platforms sign and send them."""

import base64
import hashlib
import hmac
import json
import uuid
from datetime import UTC, datetime
from typing import Any

SECRET = "a client secret only for tests"
SECRET_OLD = "the client secret before it"
SHOP = "loom-test.myshopify.com"


def signature(secret: str, body: bytes) -> str:
    """Base64 HMAC-SHA256 of a raw body."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def shopify_webhook(
    topic: str,
    document: Any = None,
    *,
    shop: str = SHOP,
    secret: str = SECRET,
    webhook_id: str | None = None,
    triggered_at: datetime | None = None,
    body: bytes | None = None,
) -> tuple[dict[str, str], bytes]:
    """Headers and body of one delivery."""
    body = json.dumps({} if document is None else document).encode() if body is None else body
    headers = {
        "content-type": "application/json",
        "x-shopify-topic": topic,
        "x-shopify-shop-domain": shop,
        "x-shopify-api-version": "2026-07",
        "x-shopify-webhook-id": webhook_id or str(uuid.uuid4()),
        "x-shopify-event-id": str(uuid.uuid4()),
        "x-shopify-triggered-at": (triggered_at or datetime.now(UTC)).isoformat(),
        "x-shopify-hmac-sha256": signature(secret, body),
    }
    return headers, body


def woo_webhook(
    topic: str, document: Any, secret: str, *, webhook_id: int = 7, source: str = "https://shop.example.com/"
) -> tuple[dict[str, str], bytes]:
    """Headers and body of one delivery of a WooCommerce store."""
    body = json.dumps(document).encode()
    resource, _, event = topic.partition(".")
    headers = {
        "content-type": "application/json",
        "x-wc-webhook-source": source,
        "x-wc-webhook-topic": topic,
        "x-wc-webhook-resource": resource,
        "x-wc-webhook-event": event,
        "x-wc-webhook-signature": signature(secret, body),
        "x-wc-webhook-id": str(webhook_id),
        "x-wc-webhook-delivery-id": uuid.uuid4().hex,
    }
    return headers, body


_IMAGE: dict[str, Any] = {
    "admin_graphql_api_id": "gid://shopify/ProductImage/1",
    "alt": None,
    "created_at": "2026-11-19T19:00:00-05:00",
    "height": 600,
    "id": 1,
    "position": 1,
    "product_id": 788032119674292922,
    "src": "https://cdn.example.com/cup.png",
    "updated_at": "2026-11-19T19:00:00-05:00",
    "variant_ids": [],
    "width": 600,
}
_PRODUCT: dict[str, Any] = {
    "admin_graphql_api_id": "gid://shopify/Product/788032119674292922",
    "body_html": "<p>Holds tea</p>",
    "category": None,
    "created_at": None,
    "handle": "cup",
    "has_variants_that_requires_components": False,
    "id": 788032119674292922,
    "image": _IMAGE,
    "images": [_IMAGE],
    "media": [],
    "options": [],
    "product_type": "Cups",
    "published_at": "2026-11-20T19:00:00-05:00",
    "published_scope": "web",
    "status": "active",
    "tags": "tea, kitchen",
    "template_suffix": None,
    "title": "Cup",
    "updated_at": "2026-11-20T19:00:00-05:00",
    "variant_gids": [],
    "variants": [
        {
            "admin_graphql_api_id": "gid://shopify/ProductVariant/642667041472713922",
            "barcode": None,
            "compare_at_price": "24.99",
            "created_at": "2026-11-19T19:00:00-05:00",
            "id": 642667041472713922,
            "image_id": None,
            "inventory_item_id": None,
            "inventory_policy": "deny",
            "inventory_quantity": 75,
            "old_inventory_quantity": 75,
            "option1": "Small",
            "option2": None,
            "option3": None,
            "position": 1,
            "price": "19.99",
            "product_id": 788032119674292922,
            "sku": None,
            "taxable": True,
            "title": "Small",
            "updated_at": "2026-11-20T19:00:00-05:00",
        }
    ],
    "vendor": "Acme",
}
DOCUMENTS: dict[str, Any] = {
    "products/create": _PRODUCT,
    "products/update": _PRODUCT,
    "products/delete": {"id": 788032119674292922},
    "inventory_levels/update": {
        "inventory_item_id": 271878346596884015,
        "location_id": 24826418,
        "available": 10,
        "updated_at": "2026-11-20T19:00:00-05:00",
        "admin_graphql_api_id": "gid://shopify/InventoryLevel/24826418?inventory_item_id=271878346596884015",
    },
    "bulk_operations/finish": {
        "admin_graphql_api_id": "gid://shopify/BulkOperation/147595010",
        "completed_at": "2026-11-20T07:34:56-05:00",
        "created_at": "2026-11-20T07:17:28-05:00",
        "error_code": None,
        "status": "completed",
        "type": "query",
    },
    "app/scopes_update": {
        "id": 1,
        "shop_id": "gid://shopify/Shop/548380009",
        "previous": ["read_products"],
        "current": ["read_products", "read_inventory"],
        "updated_at": "2026-11-20T00:00:00.000Z",
    },
    "customers/data_request": {
        "shop_id": 954889,
        "shop_domain": SHOP,
        "customer": {"id": 191167, "email": "bea@example.com", "phone": "555-625-1199"},
        "orders_requested": [299938, 280263],
        "data_request": {"id": 9999},
    },
    "customers/redact": {
        "shop_id": 954889,
        "shop_domain": SHOP,
        "customer": {"id": 191167, "email": "bea@example.com", "phone": "555-625-1199"},
        "orders_to_redact": [299938, 280263],
    },
    "shop/redact": {"shop_id": 954889, "shop_domain": SHOP},
}
"""A body of each Shopify topic; a test holds them against Shopify's own schemas."""
