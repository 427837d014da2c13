"""The answers of the feed route as bare ASGI responses: a HIT must cost little more than its bytes."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from email.utils import format_datetime
from typing import Any

from litestar.types import Receive, Scope, Send

from backend.domain.feeds.formats import CONTENT_TYPES
from backend.domain.feeds.published import Served
from backend.kit.clock import iso_z

CACHE_CONTROL = "public, max-age=300"
"""What the contract promises crawlers (S2S-19), whatever the operator's own `STORELOOM_FEED_MAX_AGE_S` is."""

_Headers = list[tuple[bytes, bytes]]
_MOST_REMEMBERED = 4_096
_remembered: dict[tuple[int, bool, bool], _Headers] = {}


def feed_headers(served: Served, *, packed: bool) -> _Headers:
    """Return the headers of a generation (rows S2S-18 to S2S-20), made once per version, encoding and HIT or MISS."""
    key = (served.version.id, packed, served.hit)
    headers = _remembered.get(key)
    if headers is None:
        if len(_remembered) >= _MOST_REMEMBERED:
            _remembered.clear()
        headers = _remembered[key] = _made(served, packed)
    return headers


def _made(served: Served, packed: bool) -> _Headers:
    version = served.version
    headers = {
        "content-type": CONTENT_TYPES[version.format],
        "content-disposition": f'inline; filename="{served.slug}.{version.format}"',
        "cache-control": CACHE_CONTROL,
        "etag": f'"{version.etag}-gz"' if packed else f'"{version.etag}"',
        "last-modified": format_datetime(version.generated_at, usegmt=True),
        "vary": "Accept-Encoding",
        "x-feed-products": str(version.item_count),
        "x-feed-generated": iso_z(version.generated_at),
        "x-cache": "HIT" if served.hit else "MISS",
        "x-content-type-options": "nosniff",
        "access-control-allow-origin": "*",
    }
    if packed:
        headers["content-encoding"] = "gzip"
    return [(name.encode(), value.encode()) for name, value in headers.items()]


class WholeFeed:
    """200 with bytes at hand, or with their length alone for HEAD."""

    __slots__ = ("_body", "_headers", "_length")

    def __init__(self, headers: _Headers, body: bytes, *, length: int | None) -> None:
        self._headers, self._body, self._length = headers, body, length

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        length = [] if self._length is None else [(b"content-length", b"%d" % self._length)]
        await _start(send, 200, self._headers + length)
        await send({"type": "http.response.body", "body": self._body, "more_body": False})


class StreamedFeed:
    """200 with bytes that come from the blob store as the client takes them."""

    __slots__ = ("_chunks", "_headers")

    def __init__(self, headers: _Headers, chunks: AsyncIterator[bytes]) -> None:
        self._headers, self._chunks = headers, chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        await _start(send, 200, self._headers)
        chunks: Any = self._chunks
        async with aclosing(chunks):
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class NotModified:
    """304: the client has this version."""

    __slots__ = ("_headers",)

    def __init__(self, headers: _Headers) -> None:
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        kept = [header for header in self._headers if not header[0].startswith(b"content-")]
        await _start(send, 304, kept)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _start(send: Send, status: int, headers: _Headers) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
