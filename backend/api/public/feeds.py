"""GET and HEAD of a published feed (contract rows S2S-17 to S2S-21)."""

from typing import Any

from litestar import MediaType, Request
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from litestar.types import ASGIApp, Scope

from backend.api.public.errors import ErrorOut
from backend.api.public.feed_response import NotModified, StreamedFeed, WholeFeed, feed_headers
from backend.api.public.negotiation import accepts_gzip, has_version, is_unchanged_since
from backend.api.shared.hot_routes import HotRoute
from backend.domain.feeds.published import PublishedFeeds, Served

_ASKED = (b"accept-encoding", b"if-none-match", b"if-modified-since")
PUBLIC = {"public": True}
_RESPONSES = {
    200: ResponseSpec(str, description="The feed", media_type=MediaType.XML, generate_examples=False),
    404: ResponseSpec(ErrorOut, description="Not found or not published"),
    429: ResponseSpec(ErrorOut, description="Too many requests from this address"),
    503: ResponseSpec(ErrorOut, description="The first generation is not finished"),
}


async def from_memory(request: Request[Any, Any, Any]) -> ASGIApp | None:
    """Answer a HIT whose bytes this process holds before the framework prepares a call: that would be half its cost."""
    feeds: PublishedFeeds = request.app.state.published_feeds
    served = feeds.hit_at_hand(request.path_params["slug"])
    return None if served is None else _answer(feeds, served, request.scope)


@HotRoute(
    "/feeds/{slug:str}",
    http_method="GET",
    opt=PUBLIC,
    operation_id="public.get_feed",
    summary="Fetch a published feed",
    responses=_RESPONSES,
    media_type=MediaType.XML,
    before_request=from_memory,
)
async def get_feed(
    request: Request[Any, Any, Any], slug: FromPath[str], published_feeds: NamedDependency[PublishedFeeds]
) -> ASGIApp:
    """Answer with the feed's current generation; XML, CSV or JSON as the feed was set up."""
    served = await published_feeds.fetch(slug)
    at_hand = _answer(published_feeds, served, request.scope)
    if at_hand is not None:
        return at_hand
    packed = accepts_gzip(_asked(request.scope)[0])
    body = await published_feeds.body(served, packed=packed)
    headers = feed_headers(served, packed=packed)
    return WholeFeed(headers, body, length=len(body)) if isinstance(body, bytes) else StreamedFeed(headers, body)


@HotRoute("/feeds/{slug:str}", http_method="HEAD", opt=PUBLIC, include_in_schema=False)
async def head_feed(
    request: Request[Any, Any, Any], slug: FromPath[str], published_feeds: NamedDependency[PublishedFeeds]
) -> ASGIApp:
    """Answer with the headers that GET would have."""
    served = await published_feeds.fetch(slug)
    asked = _asked(request.scope)
    packed = accepts_gzip(asked[0])
    headers = feed_headers(served, packed=packed)
    if _client_has(served, asked):
        return NotModified(headers)
    return WholeFeed(headers, b"", length=None if packed else served.version.size_bytes)


def _answer(feeds: PublishedFeeds, served: Served, scope: Scope) -> ASGIApp | None:
    """Return 304, or 200 when the bytes are at hand; None when they must be fetched."""
    asked = _asked(scope)
    packed = accepts_gzip(asked[0])
    headers = feed_headers(served, packed=packed)
    if _client_has(served, asked):
        return NotModified(headers)
    body = feeds.body_at_hand(served, packed=packed)
    return None if body is None else WholeFeed(headers, body, length=len(body))


def _asked(scope: Scope) -> tuple[str, str, str]:
    """Return Accept-Encoding, If-None-Match and If-Modified-Since; several lines of one are a list."""
    found = ["", "", ""]
    for name, value in scope["headers"]:
        if name in _ASKED:
            nth = _ASKED.index(name)
            text = value.decode("latin-1")
            found[nth] = f"{found[nth]},{text}" if found[nth] else text
    return found[0], found[1], found[2]


def _client_has(served: Served, asked: tuple[str, str, str]) -> bool:
    _, known_tags, known_date = asked
    if known_tags:
        return has_version(known_tags, served.version.etag)
    return bool(known_date) and is_unchanged_since(known_date, served.version.generated_at)
