"""A simulated Shopify shop and the running product: the app is installed, things change, webhooks come, we follow."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from backend.app import create_app
from backend.domain.inbound.catalog_hints import HINT_DELAY_S
from backend.models.stores import Store
from backend.settings import Shopify, Web
from tests.support.asgi_server import serving
from tests.support.product import Workbench
from tests.support.shopify import CLIENT_ID, CLIENT_SECRET, ShopifyShop, shopify_shop
from tests.support.workers import working

pytestmark = pytest.mark.anyio
SECONDS = 5.0
"""What everything but the wait for further changes may take, on a machine that does other things too."""


class Scene:
    """An installed app on a real socket, and the shop it is installed in."""

    def __init__(self, bench: Workbench, shop: ShopifyShop) -> None:
        self.bench, self.shop = bench, shop
        self.address = f"https://{shop.domain}"

    async def ask(self, what: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Speak to the shop in a thread: it may be about to send us something."""
        return await asyncio.to_thread(what, *arguments, **named)

    async def open_app(self) -> Store:
        """Open the app in the shop's admin, as its merchant does; that installs it."""
        opened = await self.ask(self.shop.id_token)
        query = opened["query"]
        async with httpx.AsyncClient(base_url=self.bench.container.settings.web.public_url, timeout=30) as client:
            answer = await client.get(
                f"/app?{query}" if isinstance(query, str) else "/app", params=None if isinstance(query, str) else query
            )
        assert answer.status_code == 200, answer.text[:500]
        return await self.store()

    async def store(self) -> Store:
        async with self.bench.container.begin() as session:
            return (await session.execute(select(Store).where(Store.url == self.address))).scalar_one()

    async def state(self, topic: str) -> None:
        """Wait until a webhook of the topic is kept."""
        await self.bench.until(
            "SELECT count(*) > 0 FROM received_webhooks WHERE address = :at AND topic = :topic",
            at=self.address,
            topic=topic,
        )

    async def work_off(self) -> None:
        """Work off everything, without waiting for what is due within minutes."""
        for _ in range(40):
            async with self.bench.container.begin() as session:
                await session.execute(
                    text(
                        "UPDATE jobs SET run_at = now() WHERE state = 'queued'"
                        " AND run_at < now() + interval '10 minutes'"
                    )
                )
            if not await self.bench.work_off():
                return
            await asyncio.sleep(0.05)

    async def price(self, sku: str) -> Any:
        return await self.bench.value("SELECT price FROM variants WHERE sku = :sku AND deleted_at IS NULL", sku=sku)


@pytest.fixture
async def scene(fresh_database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """A shop of three products; the app is installed and the catalog read."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base_url = f"http://127.0.0.1:{port}"
    with contextlib.ExitStack() as shops:
        shop = await asyncio.to_thread(shops.enter_context, shopify_shop(3, app_url=base_url))
        app = Shopify(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, shop_url=shop.shop_url_template)
        bench = Workbench(fresh_database_url, redis_url, tmp_path, web=Web(public_url=base_url), shopify=app)
        async with serving(create_app(container=bench.container), port=port):  # type: ignore[arg-type]
            made = Scene(bench, shop)
            await made.open_app()
            await made.work_off()
            yield made
        await bench.aclose()


async def test_a_changed_price_is_in_the_catalog(scene: Scene) -> None:
    sku = scene.shop.catalog[0]["sku"]
    await scene.ask(scene.shop.change, sku, price="77.70")
    await scene.state("products/update")
    await scene.work_off()
    assert str(await scene.price(sku)).startswith("77.70")


async def test_a_change_is_in_the_catalog_within_seconds(scene: Scene) -> None:
    sku = scene.shop.catalog[0]["sku"]
    async with working(scene.bench.container):
        await scene.ask(scene.shop.change, sku, price="77.70")
        changed_at = time.monotonic()
        came = "SELECT price = 77.7 FROM variants WHERE sku = :sku AND deleted_at IS NULL"
        await scene.bench.until(came, sku=sku)
        assert time.monotonic() - changed_at < HINT_DELAY_S + SECONDS


async def test_duplicated_and_reordered_webhooks_end_in_a_catalog_that_is_right(scene: Scene) -> None:
    for kind in ("duplicate_webhooks", "reordered_webhooks"):
        await scene.ask(scene.shop.fault, kind, rate=1)
    skus = [item["sku"] for item in scene.shop.catalog][:3]
    for n, sku in enumerate(skus):
        await scene.ask(scene.shop.change, sku, price=f"{50 + n}.00")
    await scene.bench.until(
        "SELECT count(*) >= 3 FROM received_webhooks WHERE address = :at AND topic = 'products/update'",
        at=scene.address,
    )
    await scene.work_off()
    assert [int(await scene.price(sku)) for sku in skus] == [50, 51, 52]
    doubled = await scene.bench.rows(
        "SELECT delivery_key FROM received_webhooks WHERE address = :at GROUP BY delivery_key HAVING count(*) > 1",
        at=scene.address,
    )
    assert doubled == []


async def test_a_deleted_product_leaves_the_catalog(scene: Scene) -> None:
    sku = scene.shop.catalog[0]["sku"]
    await scene.ask(scene.shop.change, sku, delete=True)
    await scene.state("products/delete")
    await scene.work_off()
    assert await scene.bench.rows("SELECT 1 FROM variants WHERE sku = :sku AND deleted_at IS NULL", sku=sku) == []


async def test_uninstalling_disconnects_and_opening_the_app_again_connects_anew(scene: Scene) -> None:
    await scene.ask(scene.shop.control, "POST", "uninstall")
    await scene.state("app/uninstalled")
    await scene.work_off()
    store = await scene.store()
    assert (store.state, str(store.state_reason)[:15]) == ("disconnected", "app_uninstalled")
    assert await scene.bench.value("SELECT count(*) FROM store_credentials") == 0
    assert (await scene.open_app()).state == "active"


async def test_the_shop_is_erased_when_the_platform_says_so(scene: Scene) -> None:
    await scene.ask(scene.shop.control, "POST", "uninstall")
    await scene.state("app/uninstalled")
    await scene.ask(scene.shop.control, "POST", "compliance", {"topic": "shop/redact"})
    await scene.state("shop/redact")
    await scene.work_off()
    for table in ("stores", "products", "variants", "listings", "product_links", "sync_runs"):
        assert await scene.bench.value(f"SELECT count(*) FROM {table}") == 0, table
    assert await scene.bench.value("SELECT count(*) FROM audit_entries WHERE action = 'privacy.shop_redact'") == 1


async def test_every_webhook_of_the_shop_is_kept_and_none_fails(scene: Scene) -> None:
    sku = scene.shop.catalog[0]["sku"]
    await scene.ask(scene.shop.change, sku, stock=3)
    await scene.ask(scene.shop.order, **{sku.replace("-", "_"): 1})
    await scene.ask(scene.shop.control, "POST", "scopes", {"scopes": "read_products,read_inventory,read_locations"})
    for topic in ("customers/data_request", "customers/redact"):
        await scene.ask(scene.shop.control, "POST", "compliance", {"topic": topic})
    for topic in (
        "inventory_levels/update",
        "orders/create",
        "app/scopes_update",
        "customers/data_request",
        "customers/redact",
    ):
        await scene.state(topic)
    await scene.work_off()
    states = await scene.bench.rows(
        "SELECT DISTINCT topic, state FROM received_webhooks WHERE state NOT IN ('done', 'ignored')"
    )
    assert states == []
    assert (await scene.store()).facts["scopes"] == "read_inventory,read_locations,read_products"
