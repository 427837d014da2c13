"""The shop as an ASGI app: faults first, then the page, token, file or query that was asked for, then the log."""

import asyncio
import re
from typing import BinaryIO

from plugin_bridge.sandbox.asgi import (
    BodyTooLarge,
    NoAnswer,
    Receive,
    Reply,
    Request,
    Scope,
    Send,
    json_reply,
    read_request,
    send_reply,
    wait_for_hang_up,
)
from plugin_bridge.sandbox.shopify import admin, graphql_endpoint, oauth
from plugin_bridge.sandbox.shopify.failing import answer_instead, cut, lose_answer
from plugin_bridge.sandbox.shopify.operations import FILES
from plugin_bridge.sandbox.shopify.pages import page
from plugin_bridge.sandbox.shopify.shop import Shop

_GRAPHQL = re.compile(r"/admin/api/([^/]+)/graphql\.json")
_CHUNK = 262_144


class Platform:
    """The platform side of one shop.

    Args:     base_path: what the shop's address has behind its host, `/shop-1`; cut off every request.
    """

    def __init__(self, shop: Shop, base_path: str = "") -> None:
        self.shop = shop
        self._base_path = base_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        if scope["type"] != "http":
            return
        try:
            request = await read_request(scope, receive, self._base_path)
        except BodyTooLarge:
            await send_reply(send, Reply(status=413))
            return
        self.shop.operations.wake()
        if request.path.startswith(f"/{FILES}/"):
            await self._file(request, send)
            return
        try:
            reply = await self.answer(request)
        except NoAnswer as silence:
            self._log(request, 0)
            await wait_for_hang_up(receive, silence.seconds)
            return
        self._log(request, reply.status)
        await send_reply(send, reply, head=request.method == "HEAD")

    async def answer(self, request: Request) -> Reply:
        """Return the answer to a request, spoilt as the faults want it.

        Raises:   NoAnswer.
        """
        shop = self.shop
        slow = shop.faults.strikes("slow")
        pause = shop.options.latency_s + ((slow.seconds if slow.seconds is not None else 1.0) if slow else 0.0)
        if pause:
            await asyncio.sleep(pause)
        graphql = _GRAPHQL.fullmatch(request.path)
        if graphql or request.path == "/admin/oauth/access_token":
            instead = answer_instead(shop)
            if instead is not None:
                return instead
        if graphql:
            if request.method != "POST":
                return json_reply({"errors": "Method Not Allowed"}, 405, {"allow": "POST"})
            return cut(shop, graphql_endpoint.answer(shop, request, graphql[1]))
        return self._other(request)

    def _other(self, request: Request) -> Reply:
        shop = self.shop
        match request.method, request.path:
            case "GET" | "POST", "/admin/oauth/authorize":
                return oauth.authorize(shop, request)
            case "POST", "/admin/oauth/access_token":
                reply = oauth.access_token(shop, request)
                if reply.status == 200:
                    lose_answer(shop, "token_answer_lost")
                return cut(shop, reply)
            case "GET", "/admin/apps/app":
                return admin.open_app(shop)
            case "POST", "/staged-uploads":
                key = shop.staged.receive(request.body, request.headers.get("content-type", ""))
                return Reply(status=201 if key else 403, headers={"location": key or ""})
            case "GET", "/":
                return page(shop.options.name, f"<main><h1>{shop.options.domain}</h1></main>")
            case _:
                return json_reply({"errors": "Not Found"}, 404)

    async def _file(self, request: Request, send: Send) -> None:
        """Serve a bulk operation's file: to whoever has its URL, to nobody who sends credentials along."""
        path = self.shop.operations.find_file(request.path.rpartition("/")[2], request.query.get("Signature", ""))
        credentials = {"authorization", "x-shopify-access-token"} & request.headers.keys()
        status = 403 if path is None else 400 if credentials else 200
        self._log(request, status)
        if path is None or status != 200:
            await send_reply(send, Reply(status=status, headers={"content-type": "application/xml"}))
            return
        with path.open("rb") as file:
            await _stream(send, file, path.stat().st_size, cut=self.shop.faults.strikes("truncated_json") is not None)

    def _log(self, request: Request, status: int) -> None:
        pairs = [pair for pair in request.pairs if pair[0] != "Signature"]
        self.shop.journal.asked(self.shop.now(), request.method, request.path, status, pairs)


async def _stream(send: Send, file: BinaryIO, size: int, *, cut: bool) -> None:
    left = size // 2 if cut else size
    headers = [(b"content-type", b"application/jsonl"), (b"content-length", str(left).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    while left > 0 and (chunk := file.read(min(_CHUNK, left))):
        left -= len(chunk)
        await send({"type": "http.response.body", "body": chunk, "more_body": left > 0})
    if size == 0 or (cut and size < 2):
        await send({"type": "http.response.body", "body": b"", "more_body": False})
