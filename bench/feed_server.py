"""Program: the product's web process and, beside it on the same server, a bare Litestar handler with the same bytes.

Arguments: port, path of a file with the bytes. The product reads its settings from the environment.
"""

import os
import sys
from pathlib import Path
from typing import Any

from litestar import Litestar, Response, get

from backend.embedded.web_server import die_with_server, run_application
from backend.settings import load_settings

BODY = "BENCH_FEED_BODY"


def bare_app(body: bytes) -> Litestar:
    """Return the floor: one handler, nothing else."""

    @get("/bare")
    async def bare() -> Response[bytes]:
        return Response(body, media_type="application/xml; charset=utf-8")

    return Litestar([bare], openapi_config=None, logging_config=None)


def application() -> Any:
    """Build both in a worker process; the path decides."""
    from backend.app import create_app

    die_with_server()
    product = create_app(load_settings())
    floor = bare_app(Path(os.environ[BODY]).read_bytes())

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await (floor if scope.get("path") == "/bare" else product)(scope, receive, send)

    return app


if __name__ == "__main__":
    os.environ[BODY] = sys.argv[2]
    run_application("bench.feed_server:application", "127.0.0.1", int(sys.argv[1]))
