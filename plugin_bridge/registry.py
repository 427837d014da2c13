"""The single list of platforms: a new one is a folder beside this file and one line here."""

from collections.abc import Callable

from backend.ports.outbound_http import OutboundClients
from backend.ports.store_platform import PlatformConnector
from backend.settings import Outbound
from plugin_bridge.woocommerce.connector import WooConnector

PLATFORMS: dict[str, Callable[[OutboundClients, Outbound], PlatformConnector]] = {
    "woocommerce": WooConnector,
}


class Registry:
    """Implements `Platforms`: one connector per platform for the life of the process."""

    def __init__(self, clients: OutboundClients, settings: Outbound) -> None:
        self._connectors = {name: make(clients, settings) for name, make in PLATFORMS.items()}

    def get(self, name: str) -> PlatformConnector:
        """Return the connector; raise KeyError for an unknown platform."""
        return self._connectors[name]
