"""Webhooks as Shopify signs them: with the app's secret, over the raw body, the rest in headers."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from backend.ports.inbound_webhooks import InboundWebhook, WebhookRefused
from plugin_bridge.shopify.shop_domain import exact_shop
from plugin_bridge.shopify.signatures import webhook_is_genuine

_FAMILIES = ("x-shopify-", "shopify-")
"""Headers of webhooks, and of the newer events."""
_TOPIC = re.compile(r"[A-Za-z0-9_./-]{1,120}")
_KEY = re.compile(r"[\x21-\x7e]{1,200}")


class ShopifyWebhooks:
    """Implements `WebhookReceiver`."""

    def store_of(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """Return None: the app's secret signs for all shops."""
        return None

    def receive(self, headers: Mapping[str, str], body: bytes, secrets: tuple[str, ...]) -> InboundWebhook | None:
        """Verify a delivery, first of all its signature; no token of the shop is needed, which may be dead by now.

        Raises:   WebhookRefused.
        """
        family = _family(headers)
        if not body or not webhook_is_genuine(body, headers[family + "hmac-sha256"], secrets):
            raise WebhookRefused("the signature does not fit the body")
        shop = exact_shop(headers.get(family + "shop-domain", ""))
        if shop is None:
            raise WebhookRefused("no shop is named")
        if not headers.get(family + "api-version"):
            raise WebhookRefused("no API version is named")
        event_id = headers.get(family + "event-id", "")
        return InboundWebhook(
            platform="shopify",
            address=f"https://{shop}",
            topic=_needed(headers, family + "topic", _TOPIC),
            delivery_key=_needed(headers, family + "webhook-id", _KEY),
            event_id=event_id if _KEY.fullmatch(event_id) else "",
            triggered_at=_moment(headers.get(family + "triggered-at", "")),
            body=body,
        )


def _family(headers: Mapping[str, str]) -> str:
    """Return how the headers' names begin; two spellings at once would say two things, of which one is unsigned."""
    found = [family for family in _FAMILIES if family + "hmac-sha256" in headers]
    if len(found) != 1:
        raise WebhookRefused("the signature is missing" if not found else "two signatures are there")
    return found[0]


def _needed(headers: Mapping[str, str], name: str, shape: re.Pattern[str]) -> str:
    value = headers.get(name, "")
    if not shape.fullmatch(value):
        raise WebhookRefused(f"{name} is missing or unreadable")
    return value


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
