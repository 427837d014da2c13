"""The conformance suite's driver for Shopify."""

import asyncio
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import httpx

from backend.gateways.outbound import GuardedClients
from backend.gateways.shop_budget import LocalShopBudget
from backend.ports.actor import Actor
from backend.ports.store_platform import PlatformProduct, StorePlatform
from backend.settings import Outbound, Shopify, Web
from plugin_bridge.shopify.connector import ShopifyConnector
from tests.support.conformance.driver import FAST, Row, Simulated, Trouble
from tests.support.product import Workbench
from tests.support.shopify import ShopifyShop, shopify_shop
from tests.support.shopify_adapter import HASTY, Adapter

_PLENTY = {"restore_rate": 1_000_000.0, "bucket_size": 1_000_000.0, "bulk_delay_s": 0.02}


class SimulatedShopifyShop(Simulated):
    """A simulated Shopify shop in which the app is installed."""

    platform = "shopify"
    skus_are_unique = False
    kinds: ClassVar = {
        Trouble.THROTTLED: "rate_limited",
        Trouble.THROTTLED_SILENTLY: "rate_limited_without_retry_after",
        Trouble.DOWN: "server_error",
        Trouble.HTML: "html",
        Trouble.CUT: "truncated_json",
        Trouble.ANSWER_LOST: "timeout_after_write",
    }

    def __init__(self, shop: ShopifyShop, read_timeout_s: float) -> None:
        super().__init__(shop.control_url)
        self.shop = shop
        self._app = Shopify(client_id=shop.client_id, client_secret=shop.client_secret, shop_url=shop.shop_url_template)
        self._adapter = Adapter(shop)
        self._outbound = Outbound(
            allowed_private_hosts=(urlsplit(shop.server.base_url).netloc,), read_timeout_s=read_timeout_s
        )
        self.another_worker()

    @property
    def connector(self) -> ShopifyConnector:
        """Ours."""
        return self._adapter.connector

    @property
    def settings(self) -> dict[str, Any]:
        """Where shops are, and where the simulated consent page sends merchants back to."""
        return {"shopify": self._app, "web": Web(public_url="http://127.0.0.1:1")}

    def another_worker(self) -> None:
        """Make a new connector."""
        self._adapter.connector = ShopifyConnector(
            GuardedClients(self._outbound),
            self._outbound,
            self._app,
            LocalShopBudget(),
            policy=FAST,
            patience=HASTY,
        )

    def open_raw(self, facts: Mapping[str, str]) -> StorePlatform:
        """Open it by its tokens."""
        return self._adapter.open()

    def revoke(self) -> None:
        """End all tokens."""
        self.shop.control("POST", "revoke_tokens")

    def rows(self) -> list[Row]:
        """All variants."""
        return [
            Row(
                sku=one["sku"],
                product_id=str(one["product_id"]),
                id=str(one["id"]),
                inventory_id=str(one["inventory_item_id"]),
                title=one["title"],
                price=one["compare_at_price"] or one["price"],
                stock=one["stock"],
                on_sale=one["status"] == "active" and "online_store" in one["channels"],
            )
            for one in self.shop.catalog
        ]

    def pieces_set(self, row: Row) -> list[int]:
        """From the mutations that set pieces."""
        return [
            one["quantity"]
            for write in self.writes
            if write["body"]["mutation"] == "inventorySetQuantities"
            for one in write["body"]["arguments"]["input"]["quantities"]
            if one["inventoryItemId"].endswith(f"/{row.inventory_id}")
        ]

    async def connect(self, bench: Workbench, actor: Actor) -> uuid.UUID:
        """Begin, agree on the shop's consent page, come back."""
        oauth = bench.container.shopify_oauth
        begun = await oauth.begin(actor, self.shop.key)
        agreed = await asyncio.to_thread(httpx.get, begun.url + "&auto=1", trust_env=False)
        query = parse_qsl(urlsplit(agreed.headers["location"]).query, keep_blank_values=True)
        return (await oauth.finish(query, begun.browser)).id

    def delete(self, sku: str) -> None:
        """Delete its product."""
        self.control("POST", "change", {"sku": sku, "delete": True})


@contextmanager
def simulated_shopify(
    products: Iterable[PlatformProduct], *, read_timeout_s: float = 5.0
) -> Iterator[SimulatedShopifyShop]:
    """Serve a shop for the length of a `with`."""
    with shopify_shop(products, key=f"shop-{uuid.uuid4().hex[:8]}", options=_PLENTY) as shop:
        driver = SimulatedShopifyShop(shop, read_timeout_s)
        try:
            yield driver
        finally:
            driver.close()
