"""How this surface refuses: `{statusCode,message,error}` (contract row S2S-22)."""

from typing import Any

import msgspec
from litestar import Request, Response

from backend.api.shared.errors import Refusal
from backend.domain.feeds.errors import FeedNotReady


class ErrorOut(msgspec.Struct, rename="camel"):
    """The body of every refusal."""

    status_code: int
    message: str
    error: str
    """The status in words."""


def render_error(refusal: Refusal) -> Response[ErrorOut]:
    """Render a refusal in this surface's shape."""
    body = ErrorOut(status_code=refusal.status, message=refusal.message, error=refusal.reason)
    headers: dict[str, Any] = dict(refusal.headers)
    return Response(body, status_code=refusal.status, headers=headers, media_type="application/json")


def not_ready(_: Request[Any, Any, Any], error: FeedNotReady) -> Response[ErrorOut]:
    """Answer 503: the feed is published, so a 404 would make channels drop it; crawlers come back after Retry-After."""
    headers = {"Retry-After": str(max(1, round(error.retry_after_s))), "Cache-Control": "no-store"}
    message = "The feed is being generated; try again in a few seconds"
    return render_error(Refusal(status=503, message=message, headers=headers))
