"""Tells a WooCommerce store's webhooks from others.

Each store signs with a secret of its own, so the delivery URL names the store. Nothing but the body is signed, not even
the topic, and no time is: a delivery is a hint to look at the store, never the truth about it.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping

from backend.ports.inbound_webhooks import InboundWebhook, WebhookRefused

PLATFORM = "woocommerce"
STORE_PARAMETER = "store"
_PING = re.compile(rb"webhook_id=\d{1,20}")
_TOPIC = re.compile(r"[a-z_]{1,50}\.[a-z_]{1,100}")


class WooWebhooks:
    """Implements `WebhookReceiver` for WooCommerce."""

    def store_of(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """Return the id of the store that the delivery URL names, "" when it names none."""
        return query.get(STORE_PARAMETER, "")

    def receive(self, headers: Mapping[str, str], body: bytes, secrets: tuple[str, ...]) -> InboundWebhook | None:
        """Verify a delivery; None for the unsigned ping that a store sends when a webhook is made.

        Raises:   WebhookRefused.
        """
        signature = headers.get("x-wc-webhook-signature")
        if signature is None:
            if _PING.fullmatch(body) and headers.get("content-type", "").startswith(
                "application/x-www-form-urlencoded"
            ):
                return None
            raise WebhookRefused("no signature")
        if not any(_signs(secret, body, signature) for secret in secrets):
            raise WebhookRefused("the signature fits no secret of this store")
        topic = headers.get("x-wc-webhook-topic", "")
        if not _TOPIC.fullmatch(topic):
            raise WebhookRefused("no topic")
        return InboundWebhook(
            platform=PLATFORM,
            address=headers.get("x-wc-webhook-source", "").rstrip("/"),
            topic=topic,
            delivery_key=_delivery_key(headers.get("x-wc-webhook-id", ""), topic, body),
            body=body,
        )


def _signs(secret: str, body: bytes, signature: str) -> bool:
    expected = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
    return bool(secret) and hmac.compare_digest(expected, signature.encode("latin-1", "replace"))


def _delivery_key(webhook_id: str, topic: str, body: bytes) -> str:
    """Return what tells deliveries apart: WooCommerce's own id is shared by all that leave within one second."""
    digest = hashlib.sha256(f"{webhook_id}\n{topic}\n".encode())
    digest.update(body)
    return digest.hexdigest()
