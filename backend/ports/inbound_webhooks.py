"""A webhook that a platform sends us: verified by its adapter, kept by the business before it is answered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec


class InboundWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """One verified delivery."""

    platform: str
    address: str
    """Canonical address of the store it speaks of, as `Store.url`."""
    topic: str
    """The platform's word: `products/update`, `product.updated`."""
    delivery_key: str
    """The same for every repetition of one delivery, different for any two deliveries of one store."""
    event_id: str = ""
    """The same over several subscriptions, when the platform tells it."""
    triggered_at: datetime | None = None
    """When it happened, by the platform's clock."""
    body: bytes


class WebhookRefused(Exception):
    """Not signed as it must be, or unreadable; the message is for our log and holds no secret."""


class WebhookReceiver(Protocol):
    """Tells genuine webhooks of one platform from others. Pure."""

    def store_of(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """Return the id of the store whose own secret signs, as the delivery names it; None: the app's secret does.

        Args:     headers: names in lower case. query: of the address it was sent to.
        """
        ...

    def receive(self, headers: Mapping[str, str], body: bytes, secrets: tuple[str, ...]) -> InboundWebhook | None:
        """Verify the raw body under any of the secrets; None for a ping that says nothing.

        Raises:   WebhookRefused.
        """
        ...
