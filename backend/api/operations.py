"""Routes for those who operate Storeloom: is it alive, may it get requests."""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from litestar import MediaType, Request, Response, get
from litestar.exceptions import NotAuthorizedException, NotFoundException
from litestar.handlers import HTTPRouteHandler

from backend.kit.crypto import same

log = structlog.get_logger()


def health_routes(is_ready: Callable[[], Awaitable[None]]) -> list[HTTPRouteHandler]:
    """Return `/health/live` (the process answers) and `/health/ready` (database and Redis answer too).

    Args:     is_ready: raises when something that requests need is away.
    """

    @get("/health/live", media_type=MediaType.TEXT, include_in_schema=False)
    async def live() -> str:
        return "ok"

    @get("/health/ready", media_type=MediaType.TEXT, include_in_schema=False)
    async def ready() -> Response[str]:
        try:
            await is_ready()
        except Exception as error:
            log.warning("health.not_ready", error=f"{type(error).__name__}: {error}"[:300])
            return Response(f"not ready: {type(error).__name__}", status_code=503, media_type=MediaType.TEXT)
        return Response("ok", media_type=MediaType.TEXT)

    return [live, ready]


def metrics_route(token: str, limiter_verdicts: Callable[[], Mapping[str, int]]) -> HTTPRouteHandler:
    """Return `/metrics` in Prometheus' text format, for whoever shows *token*; without one there is no such address.

    The numbers are those of the process that answers, which names itself, so that several add up.
    """

    @get("/metrics", media_type=MediaType.TEXT, include_in_schema=False)
    async def show_metrics(request: Request[Any, Any, Any]) -> Response[str]:
        if not token:
            raise NotFoundException
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not same(shown.strip(), token):
            raise NotAuthorizedException(headers={"WWW-Authenticate": "Bearer"})
        name, process = "storeloom_limiter_requests_total", os.getpid()
        lines = [
            f"# HELP {name} Requests by what the rate limiter said; degraded: it could not count.",
            f"# TYPE {name} counter",
            *(f'{name}{{verdict="{one}",process="{process}"}} {number}' for one, number in limiter_verdicts().items()),
        ]
        return Response("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4; charset=utf-8")

    return show_metrics
