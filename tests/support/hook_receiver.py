"""An address that takes webhooks in a test: keeps every delivery and answers as told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from plugin_bridge.sandbox.asgi import Receive, Reply, Request, Scope, Send, read_request, send_reply
from plugin_bridge.sandbox.serving import Server


class HookReceiver:
    """The deliveries that came; `statuses` are the answers to the next ones, 200 when none is left."""

    def __init__(self) -> None:
        self.deliveries: list[Request] = []
        self.statuses: list[int] = []
        self.url = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one delivery."""
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                await send({"type": f"{message['type']}.complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        self.deliveries.append(await read_request(scope, receive))
        await send_reply(send, Reply(status=self.statuses.pop(0) if self.statuses else 200))

    def of(self, topic: str) -> list[Request]:
        """Return the deliveries of a topic."""
        return [one for one in self.deliveries if one.headers["x-shopify-topic"] == topic]

    def bodies(self, topic: str) -> list[Any]:
        """Return what the deliveries of a topic carried."""
        return [msgspec.json.decode(one.body) for one in self.of(topic)]


@contextmanager
def hook_receiver() -> Iterator[HookReceiver]:
    """Serve a receiver on a free port."""
    receiver = HookReceiver()

    def make(base_url: str) -> Callable[..., Any]:
        receiver.url = base_url
        return receiver

    server = Server(make)
    try:
        yield receiver
    finally:
        server.stop()
