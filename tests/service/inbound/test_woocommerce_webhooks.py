"""A simulated WooCommerce store and the running product: subscriptions made, deliveries believed, changes read."""

import asyncio
import socket
import time
import uuid
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import text

from backend.app import create_app
from backend.domain.inbound.catalog_hints import HINT_DELAY_S
from backend.domain.inbound.signers import Signers
from backend.domain.stores.credentials import CredentialsVault
from backend.domain.stores.subscriptions import WEBHOOK_SECRET
from backend.models.stores import Store
from backend.ports.actor import Actor
from backend.settings import Web
from plugin_bridge.sandbox.generator import generate_products
from plugin_bridge.sandbox.woocommerce.hooks import Hook
from plugin_bridge.woocommerce.subscriptions import TOPICS, Subscription, repairs
from tests.support.asgi_server import serving
from tests.support.product import SimulatedStore, Workbench
from tests.support.webhooks import woo_webhook
from tests.support.workers import working

pytestmark = pytest.mark.anyio
SECONDS = 5.0
"""What everything but the wait for further changes may take, on a machine that does other things too."""


class Scene:
    """A connected store and us, both on sockets."""

    def __init__(
        self, bench: Workbench, store: SimulatedStore, base_url: str, actor: Actor, store_id: uuid.UUID
    ) -> None:
        self.bench, self.store, self.base_url = bench, store, base_url
        self.actor, self.store_id = actor, store_id
        self.client = httpx.AsyncClient(base_url=base_url, timeout=20)

    @property
    def hooks(self) -> list[Hook]:
        """What the store has, oldest first."""
        return sorted(self.store.app.shop.hooks.by_id.values(), key=lambda hook: hook.id)

    async def row(self) -> Store:
        async with self.bench.container.begin() as session:
            found = await session.get(Store, self.store_id)
        assert found is not None
        return found

    async def secret(self) -> str:
        store = await self.row()
        async with self.bench.container.begin() as session:
            credentials = await CredentialsVault(session, self.bench.container.sealer).take(store)
        return credentials[WEBHOOK_SECRET]

    async def deliver(self, sent: tuple[dict[str, str], bytes], store: str | None = None) -> httpx.Response:
        query = {"store": str(self.store_id) if store is None else store} if store != "-" else {}
        return await self.client.post("/hooks/woocommerce", params=query, headers=sent[0], content=sent[1])

    async def kept(self) -> list[tuple[Any, ...]]:
        return await self.bench.rows(
            "SELECT topic, address, state FROM received_webhooks WHERE store_id = :id ORDER BY id", id=self.store_id
        )

    async def received(self, topic: str) -> None:
        """Wait until a delivery of the topic is kept."""
        await self.bench.until(
            "SELECT count(*) > 0 FROM received_webhooks WHERE store_id = :id AND topic = :topic",
            id=self.store_id,
            topic=topic,
        )

    async def work_off(self) -> None:
        """Work off everything, without waiting for what is due within seconds."""
        for _ in range(4):
            async with self.bench.container.begin() as session:
                await session.execute(
                    text(
                        "UPDATE jobs SET run_at = now() WHERE state = 'queued' AND organization_id = :org"
                        " AND run_at < now() + interval '1 minute'"
                    ),
                    {"org": self.actor.tenant},
                )
            await self.bench.work_off()

    async def change(self, **what: Any) -> None:
        await asyncio.to_thread(self.store.control, "POST", "change", what)


@pytest.fixture
async def bench(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Workbench]:
    """A container that knows under which address stores reach it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Workbench(database_url, redis_url, tmp_path, web=Web(public_url=f"http://127.0.0.1:{port}"))
    async with made.container.begin() as session:
        await session.execute(text("DELETE FROM jobs"))
    async with serving(create_app(container=made.container), port=port):  # type: ignore[arg-type]
        yield made
    await made.aclose()


@pytest.fixture
async def scene(bench: Workbench) -> AsyncIterator[Scene]:
    """A store of three products, connected, read and subscribed to."""
    store, actor = bench.store(generate_products(3)), await bench.organization()
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    made = Scene(bench, store, bench.container.settings.web.public_url, actor, store_id)
    yield made
    await made.client.aclose()


async def eventually(true: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "did not become true"
        await asyncio.sleep(0.02)


async def test_connecting_a_store_has_its_webhooks_made_and_the_secret_sealed(scene: Scene) -> None:
    assert [hook.topic for hook in scene.hooks] == list(TOPICS)
    assert {hook.delivery_url for hook in scene.hooks} == {f"{scene.base_url}/hooks/woocommerce?store={scene.store_id}"}
    assert {hook.status for hook in scene.hooks} == {"active"}
    assert {hook.secret for hook in scene.hooks} == {await scene.secret()}
    raw = await scene.bench.value("SELECT sealed FROM store_credentials WHERE store_id = :id", id=scene.store_id)
    assert (await scene.secret()).encode() not in bytes(raw)


async def test_a_changed_price_is_in_the_catalog(scene: Scene) -> None:
    sku = await scene.bench.value(
        "SELECT sku FROM variants WHERE organization_id = :org ORDER BY id LIMIT 1", org=scene.actor.tenant
    )
    await scene.change(sku=sku, price="77.70")
    await scene.received("product.updated")
    await scene.work_off()
    price = await scene.bench.value(
        "SELECT price FROM variants WHERE organization_id = :org AND sku = :sku", org=scene.actor.tenant, sku=sku
    )
    assert price == Decimal("77.70")
    assert {state for _, _, state in await scene.kept()} == {"done"}


async def test_a_change_is_in_the_catalog_within_seconds(scene: Scene) -> None:
    others_rest = "UPDATE stores SET state = 'disconnected' WHERE id <> :id RETURNING 1"
    await scene.bench.rows(others_rest, id=scene.store_id)
    sku = await scene.bench.value("SELECT min(sku) FROM variants WHERE organization_id = :org", org=scene.actor.tenant)
    async with working(scene.bench.container):
        await scene.change(sku=sku, price="77.70")
        changed_at = time.monotonic()
        came = "SELECT price = 77.7 FROM variants WHERE organization_id = :org AND sku = :sku"
        await scene.bench.until(came, org=scene.actor.tenant, sku=sku)
        assert time.monotonic() - changed_at < HINT_DELAY_S + SECONDS


async def test_a_trashed_product_leaves_the_catalog_and_comes_back_when_it_is_restored(scene: Scene) -> None:
    sku = await scene.bench.value(
        "SELECT sku FROM variants WHERE organization_id = :org ORDER BY id LIMIT 1", org=scene.actor.tenant
    )
    gone = (
        "SELECT p.deleted_at IS NOT NULL AND v.deleted_at IS NOT NULL FROM variants v JOIN products p"
        " ON p.organization_id = v.organization_id AND p.id = v.product_id"
        " WHERE v.organization_id = :org AND v.sku = :sku"
    )
    await scene.change(sku=sku, delete="trash")
    await scene.received("product.deleted")
    await scene.work_off()
    assert await scene.bench.value(gone, org=scene.actor.tenant, sku=sku)
    await scene.change(sku=sku, delete="restore")
    await scene.received("product.restored")
    await scene.work_off()
    assert not await scene.bench.value(gone, org=scene.actor.tenant, sku=sku)


async def test_a_product_that_is_said_to_be_removed_and_is_not_stays(scene: Scene) -> None:
    number = await scene.bench.value(
        "SELECT external_id FROM product_links WHERE store_id = :id ORDER BY external_id LIMIT 1", id=scene.store_id
    )
    answer = await scene.deliver(woo_webhook("product.deleted", {"id": int(number)}, await scene.secret()))
    assert answer.status_code == 200
    await scene.work_off()
    assert (
        await scene.bench.rows(
            "SELECT 1 FROM products WHERE organization_id = :org AND deleted_at IS NOT NULL", org=scene.actor.tenant
        )
        == []
    )


async def test_deliveries_are_told_apart_by_their_body_not_by_their_id(scene: Scene) -> None:
    secret = await scene.secret()
    for stock in (1, 1, 2):
        headers, body = woo_webhook("product.updated", {"id": 7, "stock_quantity": stock}, secret)
        headers["x-wc-webhook-delivery-id"] = "0" * 32
        assert (await scene.deliver((headers, body))).status_code == 200
    kept = [row for row in await scene.kept() if row[0] == "product.updated"]
    assert len(kept) == 2


async def test_the_address_is_the_stores_own_whatever_the_header_says(scene: Scene) -> None:
    sent = woo_webhook("order.created", {"id": 1}, await scene.secret(), source="https://somebody-else.example.com/")
    await scene.deliver(sent)
    assert ("order.created", scene.store.url, "received") in await scene.kept()


@pytest.mark.parametrize("what", ["secret", "missing", "empty", "store", "nobody", "no-store", "broken-store", "body"])
async def test_what_this_stores_secret_did_not_sign_is_refused(scene: Scene, what: str) -> None:
    secret = await scene.secret()
    headers, body = woo_webhook("product.updated", {"id": 7}, "another" if what == "secret" else secret)
    if what == "missing":
        del headers["x-wc-webhook-signature"]
    if what == "empty":
        headers["x-wc-webhook-signature"] = ""
    if what == "body":
        body += b"\n"
    store = {"nobody": str(uuid.uuid4()), "no-store": "-", "broken-store": "1' OR '1'='1"}.get(what)
    if what == "store":
        other = scene.bench.store(generate_products(1))
        store = str(await scene.bench.connect(await scene.bench.organization(), other))
        await scene.bench.work_off()
    before = await scene.kept()
    answer = await scene.deliver((headers, body), store)
    assert (answer.status_code, answer.content) == (401, b"")
    assert await scene.kept() == before


async def test_the_ping_of_a_new_webhook_is_answered_and_not_kept(scene: Scene) -> None:
    before = await scene.kept()
    form = {"content-type": "application/x-www-form-urlencoded"}
    for store in (None, "-", str(uuid.uuid4())):
        assert (await scene.deliver((form, b"webhook_id=12"), store)).status_code == 200
    for body in (b"webhook_id=12&topic=product.deleted", b"webhook_id=", b""):
        assert (await scene.deliver((form, body))).status_code == 401
    assert await scene.kept() == before


async def test_setting_up_again_changes_nothing(scene: Scene) -> None:
    before = msgspec.to_builtins(scene.hooks)
    await scene.bench.container.store_subscriptions.set_up(scene.store_id)
    assert msgspec.to_builtins(scene.hooks) == before


async def test_what_was_disabled_lost_doubled_or_moved_is_repaired_and_other_peoples_webhooks_stay(
    scene: Scene,
) -> None:
    hooks = {hook.topic: hook for hook in scene.hooks}
    secret = await scene.secret()
    url = scene.hooks[0].delivery_url
    hooks["product.updated"].status = "disabled"
    hooks["product.created"].secret, hooks["product.created"].name = "another", "Storeloom product.created (00000000)"
    hooks["order.created"].delivery_url = url.replace(scene.base_url, "https://old.example.com")
    del scene.store.app.shop.hooks.by_id[hooks["order.deleted"].id]
    for n, address in ((900, url), (901, "https://example.com/hooks/woocommerce?store=x")):
        scene.store.app.shop.hooks.add(
            Hook(id=n, name="x", topic="product.updated", delivery_url=address, secret="theirs", created_at=1)
        )
    await scene.bench.container.store_subscriptions.set_up(scene.store_id)
    ours = [hook for hook in scene.hooks if hook.id != 901]
    assert sorted(hook.topic for hook in ours) == sorted(TOPICS)
    assert {(hook.status, hook.secret, hook.delivery_url) for hook in ours} == {("active", secret, url)}
    assert scene.store.app.shop.hooks.by_id[901].secret == "theirs"


async def test_a_store_is_looked_at_again_every_hour_once(scene: Scene) -> None:
    for _ in range(3):
        await scene.bench.container.store_subscriptions.set_up(scene.store_id)
    waiting = await scene.bench.rows(
        "SELECT extract(epoch FROM run_at - now()) FROM jobs WHERE name = 'stores.subscribe_store'"
        " AND state = 'queued' AND organization_id = :org",
        org=scene.actor.tenant,
    )
    # Two when the clock's hour turned meanwhile.
    assert 1 <= len(waiting) <= 2
    assert all(3_000 < wait_s <= 3_600 for (wait_s,) in waiting)


async def test_a_store_that_is_connected_again_signs_with_a_new_secret_that_is_believed_at_once(scene: Scene) -> None:
    old = await scene.secret()
    assert (await scene.deliver(woo_webhook("product.updated", {"id": 1}, old))).status_code == 200
    await scene.bench.connect(scene.actor, scene.store)
    await scene.work_off()
    new = await scene.secret()
    assert new != old
    assert {hook.secret for hook in scene.hooks} == {new}
    await asyncio.sleep(1.1)  # a secret that does not fit is read again at most once a second
    assert (await scene.deliver(woo_webhook("product.updated", {"id": 2}, new))).status_code == 200
    assert (await scene.deliver(woo_webhook("product.updated", {"id": 3}, old))).status_code == 401


async def test_disconnecting_takes_our_webhooks_back_and_refuses_what_comes_later(scene: Scene) -> None:
    secret = await scene.secret()
    await scene.bench.container.store_disconnecting.disconnect(scene.actor, scene.store_id)
    assert scene.hooks == []
    assert (await scene.row()).state == "disconnected"
    # This process may know the secret for some seconds more; nothing comes of what it takes in.
    answer = await scene.deliver(woo_webhook("product.updated", {"id": 1}, secret))
    assert answer.status_code in (200, 401)
    await scene.work_off()
    assert {state for _, _, state in await scene.kept()} <= {"ignored"}
    fresh = Signers(scene.bench.container.begin, scene.bench.container.sealer, {})
    assert (await fresh.of_store("woocommerce", str(scene.store_id))).secrets == ()


@pytest.mark.parametrize("fault", ["unauthorized", "server_error"])
async def test_a_store_that_does_not_let_us_is_disconnected_all_the_same(scene: Scene, fault: str) -> None:
    await asyncio.to_thread(scene.store.fault, fault, rate=1)
    await scene.bench.container.store_disconnecting.disconnect(scene.actor, scene.store_id)
    assert (await scene.row()).state == "disconnected"
    assert await scene.bench.rows("SELECT 1 FROM store_credentials WHERE store_id = :id", id=scene.store_id) == []


async def test_a_store_that_refuses_webhooks_is_not_asked_eight_times(scene: Scene) -> None:
    await asyncio.to_thread(scene.store.fault, "unauthorized", rate=1)
    async with scene.bench.container.transaction() as services:
        job_id = await services.jobs.record(
            "stores.subscribe_store", {"store_id": str(scene.store_id)}, organization_id=scene.actor.tenant
        )
    await scene.bench.container.job_runner().run(job_id)
    assert await scene.bench.value("SELECT state FROM jobs WHERE id = :id", id=job_id) == "done"


async def test_faulty_deliveries_end_in_a_catalog_that_is_right(scene: Scene) -> None:
    for kind in ("duplicate_webhooks", "equal_delivery_ids"):
        await asyncio.to_thread(scene.store.fault, kind, rate=1)
    skus = [
        sku
        for (sku,) in await scene.bench.rows(
            "SELECT sku FROM variants WHERE organization_id = :org", org=scene.actor.tenant
        )
    ]
    for n, sku in enumerate(skus):
        await scene.change(sku=sku, price=f"{50 + n}.00")
    await scene.bench.until(
        "SELECT count(*) >= :n FROM received_webhooks WHERE store_id = :id AND topic = 'product.updated'",
        n=len(skus),
        id=scene.store_id,
    )
    await eventually(lambda: scene.store.app.shop.deliveries.idle)
    await scene.work_off()
    prices = await scene.bench.rows(
        "SELECT sku, price FROM variants WHERE organization_id = :org", org=scene.actor.tenant
    )
    assert {sku: int(price) for sku, price in prices} == {sku: 50 + n for n, sku in enumerate(skus)}


def test_repairs_keep_the_oldest_of_a_topic() -> None:
    url = "https://hub.example.com/hooks/woocommerce?store=1"
    found = [
        Subscription(
            id=n, topic="product.updated", status="active", name="Storeloom product.updated (m)", delivery_url=url
        )
        for n in (9, 3, 5)
    ]
    todo = repairs(found, url, "(m)")
    assert [one.id for one in todo.surplus] == [5, 9]
    assert todo.broken == ()
    assert todo.missing == tuple(topic for topic in TOPICS if topic != "product.updated")
