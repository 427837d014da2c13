"""A shop's token endpoint on a real socket that answers as a test says, and remembers what it was asked."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from backend.gateways.outbound import GuardedClients
from backend.settings import Outbound, Shopify
from plugin_bridge.shopify.scopes import SCOPES
from plugin_bridge.shopify.tokens import ShopifyTokens
from tests.support.asgi_server import serving
from tests.support.shopify_signing import CLIENT_ID, NOW, SECRET

GOOD = {
    "access_token": "shpat_0a1b2c3d4e5f",
    "scope": ",".join(SCOPES),
    "expires_in": 3600,
    "refresh_token": "shprt_f5e4d3c2b1a0",
    "refresh_token_expires_in": 7_776_000,
}


@dataclass
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass
class TokenEndpoint:
    """`answer` gets what was asked, and returns status, headers and body; or raises to break the connection."""

    answer: Callable[[Asked], tuple[int, Mapping[str, str], bytes]] = field(default=lambda asked: replying(GOOD))
    asked: list[Asked] = field(default_factory=list)
    together: asyncio.Barrier | None = None
    """No answer is given before so many requests are here."""

    async def __call__(self, scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        message = await receive()
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        asked = Asked(scope["method"], scope["path"], headers, json.loads(message["body"]))
        self.asked.append(asked)
        if self.together is not None:
            await self.together.wait()
        status, out, body = self.answer(asked)
        raw = [(name.encode(), value.encode()) for name, value in {"content-length": str(len(body)), **out}.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body})


def replying(body: Any, status: int = 200, **headers: str) -> tuple[int, Mapping[str, str], bytes]:
    """Make an answer of JSON, or of bytes as they are; header names have `_` for `-`."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, content


@asynccontextmanager
async def listening(endpoint: TokenEndpoint, **options: Any) -> AsyncIterator[ShopifyTokens]:
    """Serve it, and yield our own side pointed at it; the clock stands at NOW."""
    async with serving(endpoint) as port:
        yield calling(port, **options)


def calling(port: int, **options: Any) -> ShopifyTokens:
    """Return our own side, asking shops at `/<name>` of a local port."""
    settings = Shopify(client_id=CLIENT_ID, client_secret=SECRET, shop_url=f"http://127.0.0.1:{port}/{{name}}")
    clients = GuardedClients(Outbound(allowed_private_hosts=(f"127.0.0.1:{port}",)))
    return ShopifyTokens(clients, settings, clock=lambda: NOW, **options)
