"""A whole simulated shop: the platform side, the control side, and its life."""

import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

from backend.ports.store_platform import PlatformProduct
from plugin_bridge.sandbox.asgi import (
    Receive,
    Reply,
    Request,
    Scope,
    Send,
    foreign_origin,
    json_reply,
    read_request,
    send_reply,
)
from plugin_bridge.sandbox.shopify import snapshot
from plugin_bridge.sandbox.shopify.app import Platform
from plugin_bridge.sandbox.shopify.control import Control
from plugin_bridge.sandbox.shopify.options import AppOptions, ShopOptions
from plugin_bridge.sandbox.shopify.shop import Shop

CONTROL = "/_control"


class SimulatedShopify:
    """One shop as an ASGI app: control under `/_control/...`, the platform everywhere else.

    Args:     app: the app that may be installed; None: none may.
              products: what it sells at first; read once.
              seeded_at: Unix second of the first product's creation, None is thirty days ago.
              files: folder for the files of bulk operations; None: a temporary one.
              clock: returns Unix seconds; tests turn it.
    """

    platform_name = "shopify"

    def __init__(
        self,
        options: ShopOptions,
        app: AppOptions | None,
        products: Iterable[PlatformProduct] = (),
        *,
        seeded_at: int | None = None,
        files: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="shop-") if files is None else None
        folder = files if files is not None else Path(self._temporary.name) if self._temporary else Path()
        self.shop = Shop(options, app, products, files=folder, seeded_at=seeded_at, clock=clock)
        self.platform = Platform(self.shop, urlsplit(options.address).path)
        self._control = Control(self.shop)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the shop alone on its own port."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(f"{CONTROL}/"):
            await self.control(scope, receive, send, CONTROL)
        else:
            await self.platform(scope, receive, send)

    async def control(self, scope: Scope, receive: Receive, send: Send, base_path: str) -> None:
        """Serve one control request, unless a browser sends it from a foreign page."""
        request = await read_request(scope, receive, base_path)
        if foreign_origin(request):
            reply: Reply = json_reply({"error": "control requests from other origins are refused"}, 403)
        else:
            reply = self.answer_control(request, request.path.strip("/"))
        await send_reply(send, reply)

    def answer_control(self, request: Request, path: str) -> Reply:
        """Return the answer to a control request; *path* is what stands behind the control URL, without slashes."""
        return self._control.answer(request, path)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.aclose()
                await send({"type": "lifespan.shutdown.complete"})
                return

    @property
    def revision(self) -> int:
        """A number that grows with every change worth keeping."""
        return self.shop.revision + self.shop.catalog.revision

    def snapshot(self) -> bytes:
        """Return what happened since the shop was seeded."""
        return snapshot.take(self.shop)

    def restore(self, content: bytes) -> None:
        """Bring a freshly seeded shop to the state of a snapshot.

        Raises:   msgspec.DecodeError for damaged bytes; the shop is then as it was.
        """
        snapshot.restore(self.shop, snapshot.read(content))

    async def aclose(self) -> None:
        """Stop its webhooks and bulk operations."""
        await self.shop.aclose()
        if self._temporary is not None:
            self._temporary.cleanup()
