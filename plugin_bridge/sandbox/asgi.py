"""The few lines between an ASGI server and a handler that takes a Request and gives a Reply."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY_BYTES = 32_000_000
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Request(msgspec.Struct, kw_only=True):
    """One HTTP request; header names are lower case, of repeated query keys the last one counts, as in PHP."""

    method: str
    path: str
    """Decoded, below the store's base path, starting with a slash."""
    raw_path: str
    """As it came, percent codes and base path included."""
    query_string: str
    pairs: list[tuple[str, str]]
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes = b""
    scheme: str = "http"


class Reply(msgspec.Struct, kw_only=True):
    """One HTTP answer."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = {}


class NoAnswer(Exception):
    """Leave the client waiting: nothing is sent for so many seconds, or until it hangs up."""

    def __init__(self, seconds: float) -> None:
        super().__init__("no answer")
        self.seconds = seconds


class BodyTooLarge(Exception):
    """The request body is longer than MAX_BODY_BYTES."""


def json_reply(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """Return *value* as JSON (msgspec-encodable)."""
    return Reply(
        status=status,
        body=msgspec.json.encode(value),
        headers={"content-type": "application/json; charset=UTF-8", **(headers or {})},
    )


async def read_request(scope: Scope, receive: Receive, base_path: str = "") -> Request:
    """Read the whole request; *base_path* is cut off the front of `path`.

    Raises:   BodyTooLarge.
    """
    query_string = scope["query_string"].decode("latin-1")
    pairs = parse_qsl(query_string, keep_blank_values=True)
    path: str = scope["path"]
    return Request(
        method=scope["method"],
        path=path.removeprefix(base_path) or "/",
        raw_path=(scope.get("raw_path") or path.encode()).decode("latin-1"),
        query_string=query_string,
        pairs=pairs,
        query=dict(pairs),
        headers={name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
        body=await _body(receive),
        scheme=scope.get("scheme", "http"),
    )


async def _body(receive: Receive) -> bytes:
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise BodyTooLarge
    return body


async def send_reply(send: Send, reply: Reply, *, head: bool = False) -> None:
    """Send the answer; for HEAD only its headers."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers.items()]
    headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else reply.body})


async def wait_for_hang_up(receive: Receive, seconds: float) -> None:
    """Return when the client has gone or *seconds* are over."""

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    try:
        await asyncio.wait_for(gone(), seconds)
    except TimeoutError:
        return


def foreign_origin(request: Request) -> bool:
    """Tell whether a browser sent this from a page of another origin (control endpoints take no login)."""
    origin = request.headers.get("origin")
    if origin is None:
        return False
    return urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower()


def json_body(request: Request) -> Any:
    """Return the decoded JSON body, None when it is empty.

    Raises:   msgspec.DecodeError; also for text that is not UTF-8 and for what is nested too deeply.
    """
    try:
        return msgspec.json.decode(request.body) if request.body.strip() else None
    except (UnicodeDecodeError, RecursionError):
        raise msgspec.DecodeError("the body cannot be read") from None
