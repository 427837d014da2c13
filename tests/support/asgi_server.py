"""Serves an ASGI app on a real socket inside the test's event loop, with or without TLS."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import h11

App = Callable[[Any, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]


class _Connection:
    def __init__(self, app: App, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, scheme: str) -> None:
        self.app, self.reader, self.writer, self.scheme = app, reader, writer, scheme
        self.http = h11.Connection(h11.SERVER)

    async def run(self) -> None:
        try:
            while await self._one():
                self.http.start_next_cycle()
        except (ConnectionError, h11.ProtocolError):
            pass
        finally:
            self.writer.close()

    async def _event(self) -> Any:
        while True:
            event = self.http.next_event()
            if event is not h11.NEED_DATA:
                return event
            self.http.receive_data(await self.reader.read(65_536))

    async def _one(self) -> bool:
        request = await self._event()
        if not isinstance(request, h11.Request):
            return False
        body = b""
        while isinstance(event := await self._event(), h11.Data):
            body += bytes(event.data)
        path, _, query = bytes(request.target).partition(b"?")
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": request.method.decode(),
            "scheme": self.scheme,
            "path": path.decode(),
            "raw_path": path,
            "query_string": query,
            "headers": [(bytes(name), bytes(value)) for name, value in request.headers],
            "client": self.writer.get_extra_info("peername")[:2],
            "server": self.writer.get_extra_info("sockname")[:2],
        }
        given = False

        async def receive() -> Any:
            nonlocal given
            if not given:
                given = True
                return {"type": "http.request", "body": body, "more_body": False}
            # Clients here do not send the next request before this answer, so nothing but the end can come.
            await self.reader.read(1)
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = [*message["headers"], (b"date", format_datetime(datetime.now(UTC), usegmt=True).encode())]
                out = self.http.send(h11.Response(status_code=message["status"], headers=headers))
            else:
                out = self.http.send(h11.Data(data=message.get("body", b"")))
                out = (out or b"") + (self.http.send(h11.EndOfMessage()) or b"")
            self.writer.write(out or b"")
            await self.writer.drain()

        await self.app(scope, receive, send)
        return self.http.our_state is h11.DONE and self.http.their_state is h11.DONE


@asynccontextmanager
async def serving(app: App, *, tls: ssl.SSLContext | None = None, port: int = 0) -> AsyncIterator[int]:
    """Serve *app* on 127.0.0.1; yields the port."""
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(_Connection(app, reader, writer, "https" if tls else "http").run())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", port, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
