"""A token endpoint in a thread of its own, for renewals from several processes: counts, rotates, forgets nothing."""

import asyncio
import json
import secrets
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from backend.ports.platform_errors import Cause, StoreRefused
from backend.ports.store_platform import PlatformConnector


class TokenServer:
    """Takes the current refresh token, and the one before until the current pair was used: as Shopify does."""

    def __init__(self) -> None:
        self.current, self.previous = "refresh-0", ""
        self.calls: list[str] = []
        self.answers = threading.Event()
        """Requests wait for it."""
        self.answers.set()
        self.reached = threading.Semaphore(0)
        """Released by every request that has arrived."""
        self._lock = threading.Lock()
        self.url = ""

    def renewed(self, refresh_token: str) -> dict[str, str] | None:
        with self._lock:
            self.calls.append(refresh_token)
        self.reached.release()
        self.answers.wait(30)
        with self._lock:
            if refresh_token not in (self.current, self.previous):
                return None
            self.previous, self.current = refresh_token, f"refresh-{secrets.token_hex(6)}"
            return {"access_token": f"access-{secrets.token_hex(6)}", "refresh_token": self.current}


@contextmanager
def token_server() -> Iterator[TokenServer]:
    """Serve until the end of the block."""
    state = TokenServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = state.renewed(asked["refresh_token"])
            body = json.dumps(answer or {"error": "invalid_grant"}).encode()
            self.send_response(200 if answer else 400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


class RemoteRenewal:
    """The part of a connector that renews, over the wire."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def renew(self, url: str, credentials: Mapping[str, str]) -> Mapping[str, str]:
        answer = await asyncio.to_thread(self._post, {"refresh_token": credentials["refresh_token"]})
        if "error" in answer:
            raise StoreRefused(Cause.KEY_REVOKED, "There are no newer tokens; connect the store again")
        return answer

    def _post(self, body: Mapping[str, str]) -> dict[str, str]:
        request = urllib.request.Request(self._url, json.dumps(body).encode(), method="POST")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as refused:
            return dict(json.load(refused))


def connector(url: str) -> PlatformConnector:
    """Return a connector that can renew and nothing else."""
    return cast(PlatformConnector, RemoteRenewal(url))
