"""A simulated store on a real socket inside a test or a benchmark, whose state the test can look at."""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from plugin_bridge.sandbox.asgi import App
from plugin_bridge.sandbox.http1 import run_lifespan, serve_connection

PATIENCE_S = 10.0


class Server:
    """An app that is served on loopback by its own thread and event loop.

    Args:     make_app: builds the app from its base URL, which a store must know because clients sign it.
              port: None takes a free one; a taken one raises OSError.
    """

    def __init__(self, make_app: Callable[[str], App], port: int | None = None) -> None:
        self._socket = socket.create_server(("127.0.0.1", port or 0))
        self.base_url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._app = make_app(self.base_url)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=f"sandbox {self.base_url}", daemon=True)
        self._thread.start()
        if not self._ready.wait(PATIENCE_S):
            raise RuntimeError(f"the app did not start at {self.base_url}")

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine in the server's loop and return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    def stop(self) -> None:
        """Stop serving; open requests are cut off, the app's shutdown is awaited."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        connections: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            # Python sets it only where it made the socket itself: an answer written in two parts would wait 40 ms.
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            task = asyncio.current_task()
            if task is not None:
                connections.add(task)
                task.add_done_callback(connections.discard)
            # A streams callback must not end cancelled, or asyncio complains loudly.
            with suppress(asyncio.CancelledError):
                await serve_connection(self._app, reader, writer)

        started = asyncio.Event()
        life = asyncio.create_task(run_lifespan(self._app, self._stopping, started))
        await started.wait()
        server = await asyncio.start_server(connected, sock=self._socket)
        self._ready.set()
        await self._stopping.wait()
        server.close()
        for connection in list(connections):
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        await life


def serve_in_thread(make_app: Callable[[str], App], port: int | None = None) -> tuple[str, Callable[[], None]]:
    """Serve an app on loopback in its own thread.

    Returns:  the base URL, without a trailing slash, and a function that stops the server.
    Raises:   OSError when the port is taken, RuntimeError when the app does not start.
    """
    server = Server(make_app, port)
    return server.base_url, server.stop


@contextmanager
def served(make_app: Callable[[str], App]) -> Iterator[str]:
    """Serve an app for the length of a with block; yields its base URL."""
    base_url, stop = serve_in_thread(make_app)
    try:
        yield base_url
    finally:
        stop()
