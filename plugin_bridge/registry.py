"""The single list of platforms: a new one is a folder beside this file and one line here."""

from collections.abc import Callable

from backend.ports.inbound_webhooks import WebhookReceiver
from backend.ports.outbound_http import OutboundClients
from backend.ports.shop_budget import ShopBudget
from backend.ports.store_platform import PlatformConnector
from backend.settings import Settings
from plugin_bridge.shopify.connector import ShopifyConnector
from plugin_bridge.shopify.webhooks import ShopifyWebhooks
from plugin_bridge.woocommerce.connector import WooConnector
from plugin_bridge.woocommerce.webhooks import WooWebhooks

PLATFORMS: dict[str, Callable[[OutboundClients, Settings, ShopBudget], PlatformConnector]] = {
    "shopify": lambda clients, settings, budget: ShopifyConnector(clients, settings.outbound, settings.shopify, budget),
    "woocommerce": lambda clients, settings, _: WooConnector(clients, settings.outbound),
}

RECEIVERS: dict[str, Callable[[], WebhookReceiver]] = {
    "shopify": ShopifyWebhooks,
    "woocommerce": WooWebhooks,
}
"""Who tells a platform's webhooks from others."""


class Registry:
    """Implements `Platforms`: one connector per platform for the life of the process.

    Args:     budget: points that shops let us spend, shared by all processes.
    """

    def __init__(self, clients: OutboundClients, settings: Settings, budget: ShopBudget) -> None:
        self._connectors = {name: make(clients, settings, budget) for name, make in PLATFORMS.items()}

    def get(self, name: str) -> PlatformConnector:
        """Return the connector; raise KeyError for an unknown platform."""
        return self._connectors[name]
