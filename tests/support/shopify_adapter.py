"""Our Shopify adapter, pointed at a simulated shop where the app is installed."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from backend.gateways.outbound import GuardedClients
from backend.gateways.shop_budget import LocalShopBudget
from backend.ports.store_platform import CatalogPage, CredentialRenewal, PlatformVariant, PullRequest
from backend.settings import Outbound, Shopify
from plugin_bridge.http import RetryPolicy
from plugin_bridge.shopify.adapter import ShopifyStore
from plugin_bridge.shopify.bulk import Patience
from plugin_bridge.shopify.connector import ShopifyConnector
from tests.support.shopify import ShopifyShop

FAST = RetryPolicy(base_s=0.01, cap_s=0.02, patience_s=1.0)
HASTY = Patience(first_s=0.02, most_s=0.1, here_s=10.0)
PLENTY: dict[str, Any] = {"restore_rate": 20_000.0}
"""So many points that nothing waits for them."""


def quick(**options: Any) -> dict[str, Any]:
    """A shop that does not let tests wait."""
    return {"options": {"bulk_delay_s": 0.02, **options}}


class Adapter:
    """Our adapter, pointed at a simulated shop where the app is installed."""

    def __init__(self, shop: ShopifyShop, *, patience: Patience = HASTY) -> None:
        self.shop = shop
        self.url = f"https://{shop.domain}"
        self.tokens: dict[str, Any] = shop.install()
        port = shop.server.base_url.rpartition(":")[2]
        outbound = Outbound(allowed_private_hosts=(f"127.0.0.1:{port}",))
        app = Shopify(client_id=shop.client_id, client_secret=shop.client_secret, shop_url=shop.shop_url_template)
        self.connector = ShopifyConnector(
            GuardedClients(outbound), outbound, app, LocalShopBudget(), policy=FAST, patience=patience
        )
        self.renewals = 0

    @property
    def credentials(self) -> dict[str, str]:
        """What would be stored."""
        ends_at = datetime.now(UTC) + timedelta(seconds=self.tokens["expires_in"])
        return {
            "access_token": self.tokens["access_token"],
            "refresh_token": self.tokens["refresh_token"],
            "expires_at": ends_at.isoformat(),
            "refresh_expires_at": "",
            "scope": self.tokens["scope"],
        }

    async def renew(self, outworn: Mapping[str, str]) -> Mapping[str, str]:
        """Implements `CredentialRenewal` without storing anything."""
        self.renewals += 1
        return await self.connector.renew(self.url, outworn)

    def open(self, credentials: Mapping[str, str] | None = None) -> ShopifyStore:
        """Open the shop."""
        renewal: CredentialRenewal = self.renew
        return self.connector.open(self.url, credentials or self.credentials, {}, renewal)

    async def walk(self, **request: Any) -> list[CatalogPage]:
        """Read a catalog to its end."""
        store = self.open()
        try:
            return [page async for page in store.read_catalog(PullRequest(**request))]
        finally:
            await store.aclose()

    def named(self, operation: str) -> int:
        """How often an operation was asked for."""
        return sum(operation in str(one) for one in self.shop.requests)


def sold(shop: ShopifyShop) -> tuple[set[str], set[str]]:
    """Which products and variants a shop holds, by the ids we know them by."""
    rows = shop.catalog
    return {str(row["product_id"]) for row in rows}, {str(row["id"]) for row in rows}


def variants_of(pages: list[CatalogPage]) -> dict[str, PlatformVariant]:
    """Variants of some pages by their SKU."""
    inside = [variant for page in pages for product in page.products for variant in product.variants]
    return {one.sku: one for one in [*inside, *(one for page in pages for one in page.variants)]}
