"""Routes for those who operate Storeloom: is it alive, may it get requests."""

from collections.abc import Awaitable, Callable

import structlog
from litestar import MediaType, Response, get
from litestar.handlers import HTTPRouteHandler

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
