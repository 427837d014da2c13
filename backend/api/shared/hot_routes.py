"""Route handlers for answers that cost next to nothing, where the framework's own habits would be most of the cost."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import HTTPRouteHandler


class HotRoute(HTTPRouteHandler):
    """A route whose guards are handed the handler itself; Litestar copies it for each request, which costs 20 µs.

    Used as the decorator `@HotRoute(path, http_method="GET", …)`. Guards here only read the handler's `opt`.
    """

    async def authorize_connection(self, connection: ASGIConnection[Any, Any, Any, Any]) -> None:
        """Ask every guard of the route."""
        for guard in self.resolve_guards():
            await guard(connection, self)  # type: ignore[misc]
