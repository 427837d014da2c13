"""Sends webhooks the way WooCommerce does: later, coalesced, signed over the raw body, once, and never again."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import logging
import time
from typing import TYPE_CHECKING

import httpx
import msgspec

from plugin_bridge.sandbox.woocommerce.hooks import DISABLED_AFTER, Hook

if TYPE_CHECKING:
    from plugin_bridge.sandbox.woocommerce.shop import Shop

log = logging.getLogger(__name__)

HELD_S = 2.0
"""A reordered delivery leaves behind the next one, or alone after so many seconds."""


class Delivery(msgspec.Struct, frozen=True):
    """One message that is ready to leave."""

    hook_id: int
    topic: str
    body: bytes
    delivery_id: str


class Deliveries:
    """The outgoing queue of one store; a change that waits already is not queued twice."""

    def __init__(self, shop: "Shop") -> None:
        self._shop = shop
        self._waiting: dict[tuple[int, str, int], float] = {}
        self._pings: list[int] = []
        self._worker: asyncio.Task[None] | None = None
        self._held: set[asyncio.Task[None]] = set()
        self._left = asyncio.Event()
        """Set when a delivery has left; each has its own."""
        self._client: httpx.AsyncClient | None = None

    def queue(self, hook: Hook, resource_id: int) -> None:
        """Have a subscription told about a resource; the payload is built when it is sent."""
        due = time.monotonic() + self._shop.options.webhook_delay_s
        self._waiting.setdefault((hook.id, hook.topic, resource_id), due)
        self._wake()

    def ping(self, hook: Hook) -> None:
        """Have a new subscription pinged; whatever is answered, the subscription stays."""
        self._pings.append(hook.id)
        self._wake()

    @property
    def idle(self) -> bool:
        """True when nothing waits and nothing is on its way."""
        return (self._worker is None or self._worker.done()) and not self._held

    def _wake(self) -> None:
        with contextlib.suppress(RuntimeError):
            loop = asyncio.get_running_loop()
            if self._worker is None or self._worker.done():
                self._worker = loop.create_task(self._run())

    async def _run(self) -> None:
        while self._pings or self._waiting:
            while self._pings:
                await self._send_ping(self._pings.pop(0))
            if not self._waiting:
                break
            key, due = next(iter(self._waiting.items()))
            pause = due - time.monotonic()
            if pause > 0:
                await asyncio.sleep(pause)
                continue
            del self._waiting[key]
            await self._deliver(*key)

    async def _deliver(self, hook_id: int, topic: str, resource_id: int) -> None:
        hook = self._shop.hooks.by_id.get(hook_id)
        if hook is None or hook.status != "active" or self._shop.faults.strikes("lost_webhooks"):
            return
        body = msgspec.json.encode(self._shop.payload(topic, resource_id))
        message = Delivery(hook_id, topic, body, self._delivery_id(hook))
        if self._shop.faults.strikes("reordered_webhooks"):
            held = asyncio.get_running_loop().create_task(self._send_later(message))
            self._held.add(held)
            held.add_done_callback(self._held.discard)
            return
        await self._send(message)
        if self._shop.faults.strikes("duplicate_webhooks"):
            await self._send(message)

    async def _send_later(self, message: Delivery) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._left.wait(), HELD_S)
        await self._send(message)

    async def _send(self, message: Delivery) -> None:
        hook = self._shop.hooks.by_id.get(message.hook_id)
        if hook is None:
            return
        resource, _, event = message.topic.partition(".")
        status = await self._post(
            hook.delivery_url,
            message.body,
            {
                "content-type": "application/json",
                "x-wc-webhook-source": f"{self._shop.options.address}/",
                "x-wc-webhook-topic": message.topic,
                "x-wc-webhook-resource": resource,
                "x-wc-webhook-event": event,
                "x-wc-webhook-signature": sign(hook.secret, message.body),
                "x-wc-webhook-id": str(hook.id),
                "x-wc-webhook-delivery-id": message.delivery_id,
            },
        )
        self._left.set()
        self._left = asyncio.Event()
        self._count(hook, status)

    def _count(self, hook: Hook, status: int) -> None:
        # A redirect below 303 counts as success though nobody follows it.
        if 200 <= status < 303:
            hook.failures = 0
        elif hook.failures > DISABLED_AFTER:
            hook.status = "disabled"
            log.info("webhook %s of %s is disabled after too many failures", hook.id, self._shop.options.address)
        else:
            hook.failures += 1
        self._shop.revision += 1

    async def _send_ping(self, hook_id: int) -> None:
        hook = self._shop.hooks.by_id.get(hook_id)
        if hook is not None:
            form = {"content-type": "application/x-www-form-urlencoded"}
            await self._post(hook.delivery_url, f"webhook_id={hook_id}".encode(), form)

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        options = self._shop.options
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=options.webhook_timeout_s, trust_env=False)
        agent = f"WooCommerce/{options.version} Hookshot (WordPress/{options.wp_version})"
        try:
            answer = await self._client.post(url, content=body, headers={**headers, "user-agent": agent})
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.info("a webhook of %s did not arrive: %s", options.address, type(error).__name__)
            return 0
        return answer.status_code

    def _delivery_id(self, hook: Hook) -> str:
        if self._shop.faults.strikes("equal_delivery_ids"):
            return "0" * 32
        # One id for all that a subscription sends within a second.
        return hashlib.sha256(f"{hook.id}{int(self._shop.now())}".encode()).hexdigest()[:32]

    async def aclose(self) -> None:
        """Drop what waits and close the connections."""
        tasks = [task for task in (self._worker, *self._held) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None


def sign(secret: str, body: bytes) -> str:
    """Return the base64 HMAC-SHA256 of a raw body."""
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
