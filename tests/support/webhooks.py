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
