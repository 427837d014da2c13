"""Webhooks of the simulated store arrive as the real ones do: late, once, signed over the raw body, or not at all."""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Iterator

import httpx
import msgspec
import pytest
from woocommerce import API

from plugin_bridge.sandbox.asgi import Receive, Reply, Request, Scope, Send, read_request, send_reply
from plugin_bridge.sandbox.generator import generate_products
from plugin_bridge.sandbox.serving import Server
from plugin_bridge.sandbox.woocommerce import SimulatedWooCommerce
from tests.support.sandbox import KEY, SECRET, eventually, woo

HOOK_SECRET = "between us"
DELAY_S = 0.05


class Listener:
    """What receives webhooks: answers with `status` and remembers everything."""

    def __init__(self) -> None:
        self.heard: list[Request] = []
        self.status = 200

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            return
        request = await read_request(scope, receive)
        self.heard.append(request)
        await send_reply(send, Reply(status=self.status, headers={"location": "/moved"}))

    @property
    def events(self) -> list[Request]:
        return [request for request in self.heard if "x-wc-webhook-topic" in request.headers]

    @property
    def pings(self) -> list[Request]:
        return [request for request in self.heard if "x-wc-webhook-topic" not in request.headers]


class Scene:
    """A store, its official client, and a listener."""

    def __init__(self, store: SimulatedWooCommerce, listener: Listener, store_url: str, listener_url: str) -> None:
        self.store, self.listener, self.listener_url = store, listener, listener_url
        self.client = API(store_url, KEY, SECRET, timeout=15)
        self.control = f"{store_url}/_control"
        self.skus = [item.sku for item in store.shop.catalog.items.values() if item.sku]

    def subscribe(self, topic: str = "product.updated") -> int:
        body = {"topic": topic, "delivery_url": f"{self.listener_url}/hook", "secret": HOOK_SECRET}
        made = self.client.post("webhooks", body)
        assert made.status_code == 201
        eventually(lambda: self.listener.pings)
        return int(made.json()["id"])

    def change(self, sku: str | None = None, **what: object) -> None:
        answer = httpx.post(f"{self.control}/change", json={"sku": sku or self.skus[0], **what})
        assert answer.status_code == 200, answer.text

    def fault(self, kind: str, **how: object) -> None:
        assert httpx.post(f"{self.control}/faults", json={"kind": kind, **how}).status_code == 200

    def settle(self) -> None:
        """Wait until the store has nothing more to send."""
        eventually(lambda: self.store.shop.deliveries.idle)

    def state(self, hook: int) -> str:
        return str(self.client.get(f"webhooks/{hook}").json()["status"])


@pytest.fixture
def scenes() -> Iterator[Callable[..., Scene]]:
    servers: list[Server] = []

    def make(products: int = 3, variants: int = 1, delay_s: float = DELAY_S) -> Scene:
        stores: list[SimulatedWooCommerce] = []

        def build(base_url: str) -> SimulatedWooCommerce:
            rows = generate_products(products, variants)
            stores.append(woo(rows, address=base_url, clock=time.time, webhook_delay_s=delay_s))
            return stores[0]

        listener = Listener()
        servers.extend((Server(build), Server(lambda _: listener)))
        return Scene(stores[0], listener, servers[-2].base_url, servers[-1].base_url)

    yield make
    for server in servers:
        server.stop()


@pytest.fixture
def scene(scenes: Callable[..., Scene]) -> Scene:
    return scenes()


def test_a_new_webhook_is_pinged_without_a_signature(scene: Scene) -> None:
    hook = scene.subscribe()
    ping = scene.listener.pings[0]
    assert ping.body == f"webhook_id={hook}".encode()
    assert ping.headers["content-type"] == "application/x-www-form-urlencoded"
    assert not any(name.startswith("x-wc-webhook") for name in ping.headers)


def test_a_webhook_is_made_though_its_ping_fails(scene: Scene) -> None:
    scene.listener.status = 500
    assert scene.state(scene.subscribe()) == "active"


def test_the_secret_is_never_shown(scene: Scene) -> None:
    hook = scene.subscribe()
    shown = scene.client.get(f"webhooks/{hook}").text + scene.client.get("webhooks").text
    assert HOOK_SECRET not in shown
    assert HOOK_SECRET not in httpx.get(f"{scene.control}/writes").text


def test_a_delivery_is_signed_over_its_raw_body(scene: Scene) -> None:
    hook = scene.subscribe()
    scene.change(stock=7)
    event = eventually(lambda: scene.listener.events)[0]
    digest = hmac.new(HOOK_SECRET.encode(), event.body, hashlib.sha256).digest()
    assert event.headers["x-wc-webhook-signature"] == base64.b64encode(digest).decode()
    assert event.headers["x-wc-webhook-topic"] == "product.updated"
    assert event.headers["x-wc-webhook-resource"] == "product"
    assert event.headers["x-wc-webhook-event"] == "updated"
    assert event.headers["x-wc-webhook-id"] == str(hook)
    assert event.headers["x-wc-webhook-source"].startswith("http://127.0.0.1")
    assert msgspec.json.decode(event.body)["stock_quantity"] == 7


def test_changes_that_wait_together_are_sent_once_and_newest(scenes: Callable[..., Scene]) -> None:
    scene = scenes(delay_s=2.0)
    scene.subscribe()
    for stock in range(5):
        scene.change(stock=stock)
    scene.settle()
    assert [msgspec.json.decode(event.body)["stock_quantity"] for event in scene.listener.events] == [4]


def test_deliveries_of_one_second_share_their_id(scene: Scene) -> None:
    # Two seconds may pass between the first and the last of six deliveries, never five.
    scene.subscribe()
    for _ in range(2):
        for sku in scene.skus:
            scene.change(sku, stock=1)
        scene.settle()
    ids = [event.headers["x-wc-webhook-delivery-id"] for event in scene.listener.events]
    assert len(ids) == 6
    assert len(set(ids)) < len(ids)


def test_a_variation_arrives_under_its_own_id_and_its_parent_too(scenes: Callable[..., Scene]) -> None:
    scene = scenes(products=1, variants=2)
    scene.subscribe()
    scene.change(stock=3)
    scene.settle()
    bodies = [msgspec.json.decode(event.body) for event in scene.listener.events]
    assert {body["type"] for body in bodies} == {"variation", "variable"}
    variation = next(body for body in bodies if body["type"] == "variation")
    assert variation["parent_id"] in {body["id"] for body in bodies}


def test_our_own_write_comes_back_as_a_webhook(scene: Scene) -> None:
    scene.subscribe()
    product = scene.client.get("products").json()[0]["id"]
    scene.client.put(f"products/{product}", {"regular_price": "9.00"})
    assert msgspec.json.decode(eventually(lambda: scene.listener.events)[0].body)["id"] == product


def test_only_the_trash_tells_of_a_deletion(scene: Scene) -> None:
    scene.subscribe("product.deleted")
    scene.change(scene.skus[0], delete="force")
    scene.change(scene.skus[1], delete="trash")
    scene.settle()
    assert [list(msgspec.json.decode(event.body)) for event in scene.listener.events] == [["id"]]


def test_a_webhook_is_disabled_at_the_seventh_failure_in_a_row(scene: Scene) -> None:
    hook = scene.subscribe()
    scene.listener.status = 500
    for number in range(6):
        scene.change(stock=number)
        scene.settle()
    assert scene.state(hook) == "active"
    scene.change(stock=9)
    scene.settle()
    assert scene.state(hook) == "disabled"
    scene.change(stock=10)
    scene.settle()
    assert len(scene.listener.events) == 7  # each was tried once, and a disabled one not at all


def test_a_success_starts_the_count_anew(scene: Scene) -> None:
    hook = scene.subscribe()
    for status in [500] * 6 + [200] + [500] * 6:
        scene.listener.status = status
        scene.change(stock=1)
        scene.settle()
    assert scene.state(hook) == "active"


def test_a_disabled_webhook_can_be_made_active_again(scene: Scene) -> None:
    hook = scene.subscribe()
    scene.client.put(f"webhooks/{hook}", {"status": "disabled"})
    scene.change(stock=1)
    scene.client.put(f"webhooks/{hook}", {"status": "active"})
    scene.settle()
    scene.change(stock=2)
    assert len(eventually(lambda: scene.listener.events)) == 1


def test_a_redirect_counts_as_success_and_is_not_followed(scene: Scene) -> None:
    hook = scene.subscribe()
    scene.listener.status = 301
    for number in range(8):
        scene.change(stock=number)
        scene.settle()
    assert scene.state(hook) == "active"
    assert {event.path for event in scene.listener.events} == {"/hook"}


def test_a_moved_listener_that_hangs_up_is_a_failure(scene: Scene) -> None:
    hook = scene.client.post("webhooks", {"topic": "product.updated", "delivery_url": "http://127.0.0.1:9/"}).json()[
        "id"
    ]
    for number in range(7):
        scene.change(stock=number)
        scene.settle()
    assert scene.state(hook) == "disabled"


def test_lost_duplicate_and_equal_ids_on_demand(scene: Scene) -> None:
    scene.subscribe()
    scene.fault("lost_webhooks", next=1)
    scene.change(stock=1)
    scene.settle()
    assert scene.listener.events == []
    scene.fault("duplicate_webhooks", next=1)
    scene.change(stock=2)
    scene.settle()
    assert len(scene.listener.events) == 2
    assert scene.listener.events[0].body == scene.listener.events[1].body
    scene.fault("equal_delivery_ids")
    scene.change(stock=3)
    scene.settle()
    assert scene.listener.events[-1].headers["x-wc-webhook-delivery-id"] == "0" * 32


def test_a_reordered_webhook_comes_after_a_newer_one(scene: Scene) -> None:
    scene.subscribe()
    scene.fault("reordered_webhooks", next=1)
    scene.change(stock=1)
    eventually(lambda: "reordered_webhooks" not in scene.store.shop.faults.active)
    scene.change(stock=2)
    scene.settle()
    assert [msgspec.json.decode(event.body)["stock_quantity"] for event in scene.listener.events] == [2, 1]


def test_orders_have_webhooks_too(scene: Scene) -> None:
    scene.subscribe("order.created")
    httpx.post(f"{scene.control}/orders", json={"lines": [{"sku": scene.skus[0], "quantity": 2}]})
    body = msgspec.json.decode(eventually(lambda: scene.listener.events)[0].body)
    assert body["line_items"][0]["quantity"] == 2


@pytest.mark.parametrize(
    "body",
    [
        {"topic": "nonsense.updated", "delivery_url": "http://127.0.0.1:9/"},
        {"delivery_url": "http://127.0.0.1:9/"},
        {"topic": "product.updated"},
        {"topic": "product.updated", "delivery_url": "ftp://x.test/"},
        {"topic": "product.updated", "delivery_url": "http://127.0.0.1:9/", "status": "asleep"},
    ],
)
def test_a_webhook_that_cannot_be_is_400(scene: Scene, body: dict[str, str]) -> None:
    assert scene.client.post("webhooks", body).status_code == 400


def test_a_webhook_is_deleted_only_by_force(scene: Scene) -> None:
    hook = scene.subscribe()
    assert scene.client.delete(f"webhooks/{hook}").status_code == 501
    assert scene.client.delete(f"webhooks/{hook}", params={"force": True}).status_code == 200
    assert scene.client.get(f"webhooks/{hook}").status_code == 404
