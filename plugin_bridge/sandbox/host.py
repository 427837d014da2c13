"""Many simulated stores on one port: `/<key>/...` is a store, `/_control/<key>/...` its control side."""

import asyncio
import hmac
import logging
from pathlib import Path
from typing import Any

import msgspec

from plugin_bridge.sandbox.asgi import (
    BodyTooLarge,
    Receive,
    Reply,
    Request,
    Scope,
    Send,
    foreign_origin,
    json_body,
    json_reply,
    read_request,
    send_reply,
)
from plugin_bridge.sandbox.definitions import (
    Definition,
    DefinitionRefused,
    NewStore,
    ReadCatalog,
    SimulatedStore,
    StoreFolder,
)
from plugin_bridge.sandbox.platforms import simulations
from plugin_bridge.sandbox.shopify import AppOptions

log = logging.getLogger(__name__)

SAVE_AFTER_S = 1.0
"""How long after a change the state of a store is written, seconds."""

_STORES = "/_control/stores"


def create_host(
    folder: Path, token: str, base_url: str, read_catalog: ReadCatalog, *, shopify_app: AppOptions | None = None
) -> "Host":
    """Return the ASGI app that serves all stores kept in *folder* and makes new ones.

    Args:     token: bearer token of the admin endpoints, 16 characters or more.
              base_url: address the app is reached at, without a trailing slash; stores call themselves by it.
              read_catalog: reads a product file; raises OSError or ValueError with a sentence.
              shopify_app: the app that Shopify shops install; without it they know none.
    Raises:   ValueError for a short token.
    """
    if len(token) < 16:
        raise ValueError("the token must have 16 characters or more")
    return Host(StoreFolder(folder, read_catalog, simulations(shopify_app)), token, base_url.rstrip("/"))


class Host:
    """The app. Stores are built when first asked for and saved about a second after a change and at shutdown."""

    def __init__(self, folder: StoreFolder, token: str, base_url: str) -> None:
        self._folder = folder
        self._token = token
        self.base_url = base_url
        self._definitions = {definition.key: definition for definition in folder.definitions()}
        self._stores: dict[str, SimulatedStore] = {}
        self._saved: dict[str, int] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._savers: dict[str, asyncio.Task[None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection or request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"].rstrip("/") or "/"
        if path == _STORES or path == "/":
            await send_reply(send, await self._admin(scope, receive) if path == _STORES else Reply(status=204))
            return
        parts = path.split("/")
        controlled = parts[1] == "_control" and len(parts) > 2
        key = parts[2] if controlled else parts[1]
        store = await self.store(key)
        if store is None:
            await send_reply(send, json_reply({"error": "there is no such store"}, 404))
            return
        try:
            if controlled:
                await store.control(scope, receive, send, f"/_control/{key}")
            else:
                await store.platform(scope, receive, send)
        finally:
            self._save_soon(key, store)

    async def store(self, key: str) -> SimulatedStore | None:
        """Return a store by its key, building it when nobody asked before; None when there is none."""
        found = self._stores.get(key)
        if found is not None or key not in self._definitions:
            return found
        async with self._locks.setdefault(key, asyncio.Lock()):
            if key not in self._stores:
                store = await asyncio.to_thread(self._folder.open, self._definitions[key], self.base_url)
                self._saved[key] = store.revision
                self._stores[key] = store
        return self._stores[key]

    async def _admin(self, scope: Scope, receive: Receive) -> Reply:
        try:
            request = await read_request(scope, receive)
        except BodyTooLarge:
            return Reply(status=413)
        if foreign_origin(request) or not self._knows_token(request):
            return json_reply({"error": "this needs the host's bearer token"}, 401)
        if request.method == "GET":
            return json_reply([self._shown(definition) for definition in self._definitions.values()])
        if request.method != "POST":
            return json_reply({"error": "GET or POST"}, 405, {"allow": "GET, POST"})
        try:
            return await self._make(msgspec.convert(json_body(request), NewStore))
        except (DefinitionRefused, msgspec.ValidationError) as error:
            return json_reply({"error": str(error)}, 400)
        except msgspec.DecodeError:
            return json_reply({"error": "the body is no JSON"}, 400)

    async def _make(self, wanted: NewStore) -> Reply:
        known = self._definitions.get(wanted.key)
        if known is not None:
            return json_reply(self._shown(known))
        definition = await asyncio.to_thread(self._folder.define, wanted)
        self._definitions[definition.key] = definition
        await self.store(definition.key)
        return json_reply(self._shown(definition), 201)

    def _knows_token(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), self._token.encode())

    def _shown(self, definition: Definition) -> dict[str, Any]:
        return {
            "platform": definition.platform,
            "key": definition.key,
            "store_url": f"{self.base_url}/{definition.key}",
            "control_url": f"{self.base_url}/_control/{definition.key}",
            **self._folder.simulations[definition.platform].shown(definition),
        }

    def _save_soon(self, key: str, store: SimulatedStore) -> None:
        if store.revision != self._saved.get(key) and key not in self._savers:
            self._savers[key] = asyncio.get_running_loop().create_task(self._save_later(key, store))

    async def _save_later(self, key: str, store: SimulatedStore) -> None:
        try:
            await asyncio.sleep(SAVE_AFTER_S)
        finally:
            del self._savers[key]
        await self._save(key, store)

    async def _save(self, key: str, store: SimulatedStore) -> None:
        revision = store.revision
        if revision == self._saved.get(key):
            return
        try:
            await asyncio.to_thread(self._folder.save, key, store.snapshot())
        except (OSError, OverflowError, TypeError) as error:
            # A full disk, or a number in somebody's meta data that msgpack cannot hold.
            log.warning("the state of simulated store %s cannot be kept: %s", key, error)
            return
        self._saved[key] = revision

    async def aclose(self) -> None:
        """Stop webhooks and write what is not written yet."""
        savers = list(self._savers.values())
        for saver in savers:
            saver.cancel()
        await asyncio.gather(*savers, return_exceptions=True)
        for key, store in self._stores.items():
            await store.aclose()
            await self._save(key, store)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.aclose()
                await send({"type": "lifespan.shutdown.complete"})
                return
