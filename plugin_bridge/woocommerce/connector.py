"""Opens WooCommerce stores; remembers per store how it may be talked to, longer than one job lives."""

from collections import OrderedDict
from collections.abc import Mapping

from backend.ports.outbound_http import OutboundClients
from backend.ports.platform_errors import Cause, StoreRefused
from backend.ports.store_platform import CredentialRenewal
from backend.settings import Outbound
from plugin_bridge.http import RetryPolicy
from plugin_bridge.pace import Traffic
from plugin_bridge.redaction import guard_http_logs
from plugin_bridge.woocommerce.adapter import WooStore
from plugin_bridge.woocommerce.address import canonical_url
from plugin_bridge.woocommerce.batches import MOST
from plugin_bridge.woocommerce.client import Keys, WooClient
from plugin_bridge.woocommerce.field_values import WRITABLE

_REMEMBERED = 10_000


class WooConnector:
    """Implements `PlatformConnector` for WooCommerce.

    Args:     clients: the guarded clients. settings: concurrency per store and read time-out.
              policy: short retries; None takes the default.
    """

    subscribes = True
    writes = WRITABLE
    writes_at_once = MOST

    def __init__(self, clients: OutboundClients, settings: Outbound, policy: RetryPolicy | None = None) -> None:
        guard_http_logs()
        self._clients = clients
        self._settings = settings
        self._policy = policy
        self._traffic: OrderedDict[str, Traffic] = OrderedDict()

    def canonical_url(self, text: str) -> str:
        """Return the store's address in its one spelling; see the port."""
        return canonical_url(text)

    def open(
        self,
        url: str,
        credentials: Mapping[str, str],
        facts: Mapping[str, str],
        renewal: CredentialRenewal | None = None,
    ) -> WooStore:
        """Return the store; no request is made yet.

        Args:     credentials: `consumer_key`, `consumer_secret`. renewal: not asked, keys last until they are revoked.
        """
        keys = Keys(credentials.get("consumer_key", ""), credentials.get("consumer_secret", ""))
        client = WooClient(
            self._clients,
            url,
            keys,
            facts.get("auth", "basic"),
            self._traffic_of(url),
            read_timeout_s=self._settings.read_timeout_s,
            policy=self._policy,
        )
        return WooStore(client, facts)

    async def renew(self, url: str, credentials: Mapping[str, str]) -> Mapping[str, str]:
        """Refuse: keys are made by people."""
        raise StoreRefused(Cause.KEY_REVOKED, "The store refuses this key; make a new one and connect again")

    def _traffic_of(self, url: str) -> Traffic:
        traffic = self._traffic.pop(url, None) or Traffic(self._settings.store_concurrency)
        self._traffic[url] = traffic
        while len(self._traffic) > _REMEMBERED:
            self._traffic.popitem(last=False)
        return traffic
