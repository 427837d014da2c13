"""A product that knows a simulated shop's app, connected to the shop."""

from datetime import UTC, datetime, timedelta
from typing import Any

from backend.domain.stores.connecting import ConnectRequest
from plugin_bridge.shopify.bulk import Patience
from plugin_bridge.shopify.connector import ShopifyConnector
from tests.support.product import Workbench
from tests.support.shopify import ShopifyShop


class Work:
    """A product that knows the app, and the shop it is connected to."""

    def __init__(self, bench: Workbench, shop: ShopifyShop) -> None:
        self.bench, self.shop = bench, shop

    def hurry(self, here_s: float = 10.0) -> None:
        """Look at operations often, and wait for them on the spot for so long."""
        connector = self.bench.container.platforms.get("shopify")
        assert isinstance(connector, ShopifyConnector)
        connector._patience = Patience(first_s=0.02, most_s=0.1, here_s=here_s)

    async def connect(self) -> None:
        """Connect the shop to a new organization; its first pull is queued."""
        tokens = self.shop.install()
        ends_at = datetime.now(UTC) + timedelta(seconds=tokens["expires_in"])
        credentials = {
            "access_token": tokens["access_token"],
            "refresh_token": tokens["refresh_token"],
            "expires_at": ends_at.isoformat(),
            "refresh_expires_at": "",
            "scope": tokens["scope"],
        }
        self.actor = await self.bench.organization()
        request = ConnectRequest(platform="shopify", url=f"https://{self.shop.domain}", credentials=credentials)
        self.store_id = (await self.bench.container.store_connecting.connect_as(self.actor, request)).id

    async def pull(self, mode: str = "full") -> Any:
        """Pull and return the run as it ended."""
        return await self.bench.pull(self.actor, self.store_id, mode)

    async def latest(self) -> Any:
        """Return the newest run."""
        async with self.bench.container.transaction() as services:
            return (await services.sync.history(self.actor, self.store_id, 1))[0]

    async def counts(self) -> tuple[int, int]:
        """Return how many products and variants are in the catalog."""
        live = "organization_id = :org AND deleted_at IS NULL"
        products = await self.bench.value(f"SELECT count(*) FROM products WHERE {live}", org=self.actor.tenant)
        variants = await self.bench.value(f"SELECT count(*) FROM variants WHERE {live}", org=self.actor.tenant)
        return products, variants

    async def price(self, sku: str) -> str:
        """Return what a variant costs now."""
        found = await self.bench.value(
            "SELECT coalesce(sale_price, price) FROM variants WHERE organization_id = :org AND sku = :sku",
            org=self.actor.tenant,
            sku=sku,
        )
        return f"{found:.2f}"
