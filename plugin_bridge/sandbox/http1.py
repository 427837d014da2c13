"""A small HTTP/1.1 server for an ASGI app inside a test: keep-alive, whole bodies, hang-ups noticed."""

import asyncio
import contextlib
import logging
from typing import Any
from urllib.parse import unquote

import h11

from plugin_bridge.sandbox.asgi import App, Message, Scope

log = logging.getLogger(__name__)

_CHUNK = 65_536


class Connection:
    """One client's connection, served request after request."""

    def __init__(self, app: App, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._app = app
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER)

    async def serve(self) -> None:
        """Answer requests until the client goes or one side wants to close."""
        while True:
            event = await self._event()
            if not isinstance(event, h11.Request):
                return
            await self._answer(event, await self._body())
            if self._http.our_state is not h11.DONE:
                return
            self._http.start_next_cycle()

    async def _event(self) -> Any:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            if self._http.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                self._writer.write(self._http.send(go_on) or b"")
            self._http.receive_data(await self._reader.read(_CHUNK))
        return event

    async def _body(self) -> bytes:
        parts: list[bytes] = []
        while isinstance(event := await self._event(), h11.Data):
            parts.append(bytes(event.data))
        return b"".join(parts)

    async def _answer(self, request: h11.Request, body: bytes) -> None:
        pending = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            if pending:
                return pending.pop()
            while data := await self._reader.read(_CHUNK):
                self._http.receive_data(data)
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = h11.Response(status_code=message["status"], headers=message["headers"])
                self._writer.write(self._http.send(answer) or b"")
                return
            self._writer.write(self._http.send(h11.Data(data=message.get("body", b""))) or b"")
            if not message.get("more_body"):
                self._writer.write(self._http.send(h11.EndOfMessage()) or b"")
            await self._writer.drain()

        await self._app(_scope(request, self._writer), receive, send)


def _scope(request: h11.Request, writer: asyncio.StreamWriter) -> Scope:
    path, _, query = request.target.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method.decode(),
        "scheme": "http",
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "query_string": query,
        "headers": list(request.headers),
        "client": writer.get_extra_info("peername"),
    }


async def serve_connection(app: App, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one connection; whatever goes wrong ends it and nothing else."""
    try:
        await Connection(app, reader, writer).serve()
    except (h11.ProtocolError, ConnectionError):
        log.debug("a client broke off")
    except Exception:
        log.exception("a simulated store failed")
    finally:
        with contextlib.suppress(Exception):
            writer.close()


async def run_lifespan(app: App, stopping: asyncio.Event, started: asyncio.Event) -> None:
    """Start an app, wait until it is to stop, and let it clean up."""
    turn = 0

    async def receive() -> Message:
        nonlocal turn
        turn += 1
        if turn == 1:
            return {"type": "lifespan.startup"}
        await stopping.wait()
        return {"type": "lifespan.shutdown"}

    async def send(message: Message) -> None:
        if message["type"] == "lifespan.startup.complete":
            started.set()

    await app({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
