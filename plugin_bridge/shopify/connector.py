"""Opens Shopify stores; remembers per shop how it may be talked to, longer than one job lives."""

from collections import OrderedDict
from collections.abc import Mapping

from backend.ports.outbound_http import OutboundClients
from backend.ports.shop_budget import ShopBudget
from backend.ports.store_platform import CredentialRenewal
from backend.settings import Outbound, Shopify
from plugin_bridge.http import RetryPolicy
from plugin_bridge.redaction import guard_http_logs
from plugin_bridge.shopify.access import ShopAccess
from plugin_bridge.shopify.adapter import ShopifyStore
from plugin_bridge.shopify.bulk import Patience
from plugin_bridge.shopify.client import ShopifyClient, ShopTraffic
from plugin_bridge.shopify.shop_domain import asked_at, shop_of, typed_shop
from plugin_bridge.shopify.tokens import ShopifyTokens
from plugin_bridge.shopify.writing import MOST_WRITES, WRITES

_REMEMBERED = 10_000
_AT_ONCE = 4
"""Requests at once to one shop: what really limits us is its points, which the budget keeps."""


class ShopifyConnector:
    """Implements `PlatformConnector` for Shopify.

    Args:     clients: the guarded clients. outbound: read time-out. shopify: this server's app, where shops are asked.
              budget: the shops' points, shared by all processes. policy, patience: None takes the defaults.
    """

    writes = WRITES
    writes_at_once = MOST_WRITES
    subscribes = False

    def __init__(
        self,
        clients: OutboundClients,
        outbound: Outbound,
        shopify: Shopify,
        budget: ShopBudget,
        *,
        policy: RetryPolicy | None = None,
        patience: Patience | None = None,
    ) -> None:
        guard_http_logs()
        self._clients = clients
        self._outbound = outbound
        self._shopify = shopify
        self._budget = budget
        self._policy = policy
        self._patience = patience
        self._tokens = ShopifyTokens(clients, shopify)
        self._traffic: OrderedDict[str, ShopTraffic] = OrderedDict()

    def canonical_url(self, text: str) -> str:
        """Return `https://{name}.myshopify.com` for a bare name, a domain or an address; see the port."""
        return f"https://{typed_shop(text)}"

    def open(
        self,
        url: str,
        credentials: Mapping[str, str],
        facts: Mapping[str, str],
        renewal: CredentialRenewal | None = None,
    ) -> ShopifyStore:
        """Return the shop; no request is made yet.

        Args:     credentials: `access_token`, `refresh_token`, `expires_at`, … as `ports.shopify_app.Credentials`.
        """
        shop = shop_of(url)
        client = ShopifyClient(
            self._clients,
            base=asked_at(self._shopify.shop_url, shop),
            shop=shop,
            access=ShopAccess(credentials, renewal),
            budget=self._budget,
            traffic=self._traffic_of(shop),
            read_timeout_s=self._outbound.read_timeout_s,
            policy=self._policy,
        )
        return ShopifyStore(client, facts, self._patience)

    async def renew(self, url: str, credentials: Mapping[str, str]) -> Mapping[str, str]:
        """Turn the refresh token into newer credentials; see `ShopifyTokens.renew`."""
        return await self._tokens.renew(shop_of(url), credentials)

    def _traffic_of(self, shop: str) -> ShopTraffic:
        traffic = self._traffic.pop(shop, None) or ShopTraffic(_AT_ONCE)
        self._traffic[shop] = traffic
        while len(self._traffic) > _REMEMBERED:
            self._traffic.popitem(last=False)
        return traffic
