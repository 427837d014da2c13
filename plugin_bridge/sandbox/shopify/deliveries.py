"""Sends webhooks the way Shopify does: at least once, signed over the raw body, tried again, in no sure order."""

import asyncio
import contextlib
import logging
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import msgspec

from plugin_bridge.sandbox.shopify.options import SUPPORTED_VERSIONS
from plugin_bridge.sandbox.shopify.payloads import COMPLIANCE, TOPICS
from plugin_bridge.sandbox.shopify.signing import sign_body

if TYPE_CHECKING:
    from plugin_bridge.sandbox.shopify.records import Hook
    from plugin_bridge.sandbox.shopify.shop import Shop

log = logging.getLogger(__name__)

HELD_S = 2.0
"""A reordered delivery leaves behind the next one, or alone after so many seconds."""
AT_ONCE = 8
"""So many deliveries are on their way at the same time."""
REMOVED_AFTER = 8
"""An API subscription whose deliveries failed so often in a row is removed."""
HOOKS_PATH = "/hooks/shopify"
_ALWAYS = frozenset({*COMPLIANCE, "app/uninstalled"})


class Delivery(msgspec.Struct, frozen=True):
    """One message on its way to one address; retries carry the same ids."""

    topic: str
    uri: str
    body: bytes
    webhook_id: str
    event_id: str
    triggered_at: str
    hook_id: int = 0
    """0: the app's own configuration asked for it."""
    name: str | None = None


class Deliveries:
    """The outgoing queue of one shop; a change that waits already is not queued twice."""

    def __init__(self, shop: "Shop") -> None:
        self._shop = shop
        self._waiting: dict[tuple[str, tuple[int, int]], float] = {}
        self._worker: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._client: httpx.AsyncClient | None = None
        self._left = asyncio.Event()
        """Set when a delivery has left; each has its own."""
        self.muted = False
        """Changes meanwhile are told to nobody."""

    def queue(self, topic: str, resource: tuple[int, int]) -> None:
        """Have subscribers told about a thing; the payload is built when it leaves."""
        if not self._wanted(topic):
            return
        self._waiting.setdefault((topic, resource), time.monotonic() + self._shop.options.webhook_delay_s)
        with contextlib.suppress(RuntimeError):
            loop = asyncio.get_running_loop()
            if self._worker is None or self._worker.done():
                self._worker = loop.create_task(self._run())

    def send(self, topic: str, payload: Any) -> None:
        """Send a payload that is known already to all subscribers of a topic."""
        if self._wanted(topic):
            for message in self._messages(topic, payload):
                self._spawn(self._deliver(message))

    def later(self, seconds: float, topic: str, payload: Any) -> None:
        """Send a payload after a while."""

        async def wait() -> None:
            await asyncio.sleep(seconds)
            self.send(topic, payload)

        self._spawn(wait())

    def _wanted(self, topic: str) -> bool:
        app = self._shop.app
        if app is None or self.muted:
            return False
        return topic in _ALWAYS or (self._shop.installation.installed and bool(self._targets(topic)))

    @property
    def idle(self) -> bool:
        """True when nothing waits and nothing is on its way."""
        return not self._waiting and not self._tasks and (self._worker is None or self._worker.done())

    def _spawn(self, work: Any) -> None:
        try:
            task = asyncio.get_running_loop().create_task(work)
        except RuntimeError:
            work.close()
            return
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self) -> None:
        while self._waiting:
            key, due = next(iter(self._waiting.items()))
            pause = due - time.monotonic()
            if pause > 0:
                await asyncio.sleep(pause)
                continue
            del self._waiting[key]
            payload = self._shop.payload(*key)
            if payload is not None:
                self.send(key[0], payload)
            await asyncio.sleep(0)

    def _targets(self, topic: str) -> list[tuple[str, "Hook | None"]]:
        app = self._shop.app
        found: list[tuple[str, Hook | None]] = []
        if app is not None and topic in (*TOPICS, *COMPLIANCE):
            found.append((f"{app.base_url.rstrip('/')}{HOOKS_PATH}", None))
        name = topic.replace("/", "_").upper()
        found += [(hook.uri, hook) for hook in self._shop.hooks.values() if hook.topic == name]
        return found

    def _messages(self, topic: str, payload: Any) -> list[Delivery]:
        event_id, triggered_at = str(uuid.uuid4()), _triggered_at(self._shop.now())
        return [
            Delivery(
                topic,
                uri,
                msgspec.json.encode(_selected(payload, hook.include_fields if hook else ())),
                str(uuid.uuid4()),
                event_id,
                triggered_at,
                hook.id if hook else 0,
                hook.name if hook else None,
            )
            for uri, hook in self._targets(topic)
        ]

    async def _deliver(self, message: Delivery) -> None:
        faults = self._shop.faults
        if faults.strikes("lost_webhooks"):
            return
        if faults.strikes("reordered_webhooks"):
            await self._until_another_left()
        copies = 2 if faults.strikes("duplicate_webhooks") else 1
        for _ in range(copies):
            await self._until_taken(message)

    async def _until_another_left(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._left.wait(), HELD_S)

    async def _until_taken(self, message: Delivery) -> None:
        for pause in (0.0, *self._shop.options.webhook_retries_s):
            await asyncio.sleep(pause)
            if message.topic not in _ALWAYS and not self._shop.installation.installed:
                return
            async with self._slots:
                status = await self._post(message)
            if self._count(message, taken=200 <= status < 300):
                return

    def _count(self, message: Delivery, *, taken: bool) -> bool:
        """Note how a delivery went; True when it needs no other try."""
        hook = self._shop.hooks.get(message.hook_id)
        if message.hook_id and hook is None:
            return True
        if hook is not None:
            hook.failures = 0 if taken else hook.failures + 1
            if hook.failures > REMOVED_AFTER:
                del self._shop.hooks[hook.id]
                self._shop.revision += 1
                return True
        return taken

    async def _post(self, message: Delivery) -> int:
        app, options = self._shop.app, self._shop.options
        if app is None:
            return 0
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=options.webhook_timeout_s, trust_env=False)
        headers = {
            "content-type": "application/json",
            "user-agent": "Shopify-Captain-Hook",
            "x-shopify-topic": message.topic,
            "x-shopify-shop-domain": options.domain,
            "x-shopify-api-version": SUPPORTED_VERSIONS[-1],
            "x-shopify-webhook-id": message.webhook_id,
            "x-shopify-event-id": message.event_id,
            "x-shopify-triggered-at": message.triggered_at,
            "x-shopify-hmac-sha256": sign_body(message.body, app.client_secret),
        }
        if message.name:
            headers["x-shopify-name"] = message.name
        try:
            answer = await self._client.post(message.uri, content=message.body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.info("a webhook of %s did not arrive: %s", options.domain, type(error).__name__)
            return 0
        self._left.set()
        self._left = asyncio.Event()
        return answer.status_code

    async def aclose(self) -> None:
        """Drop what waits and close the connections."""
        tasks = [task for task in (self._worker, *self._tasks) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None


def _selected(payload: Any, fields: tuple[str, ...]) -> Any:
    return {name: payload[name] for name in fields if name in payload} if fields else payload


def _triggered_at(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"
