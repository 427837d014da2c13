"""API keys: what knowing the caller, counting the request, saying what is left and noting the use add to a request.

One route twice in one process: behind a key with all that comes with it, and open to anybody. Requests go straight
into the application, one after the other, the two in turns, so that no socket and no waiting for a core is measured.
"""

import statistics
import time
from typing import Any

from litestar import Litestar, Response, get

from backend.api.shared.errors import Refusal
from backend.api.shared.keys import READ, by_key, hourly, key_noter, permit
from backend.api.shared.mount import mount
from backend.api.shared.surface import Surface
from backend.domain.access.api_keys import KeyWanted
from backend.wiring import Container
from bench import stage
from bench.report import Figure

ROUNDS, REQUESTS = 20, 200
MOST_MS = 0.6


async def measure() -> list[Figure]:
    """Return the figures."""
    with stage.servers() as settings:
        async with stage.container(settings) as box:
            key = await _key(box)
            app = _app(box)
            keyed, plain = _scope("/keyed/x", key), _scope("/open/x", key)
            for scope in (keyed, plain):  # warm
                await _round(app, scope)
            turns = [(await _round(app, keyed), await _round(app, plain)) for _ in range(ROUNDS)]
    added_ms = statistics.median(1_000 * (with_key - without) for with_key, without in turns)
    without_ms = statistics.median(1_000 * without for _, without in turns)
    return [
        Figure(
            name="a request with a key: added by authentication, limiter, headers and usage, ms",
            value=added_ms,
            target=f"<= {MOST_MS}",
            met=added_ms <= MOST_MS,
            note=f"{without_ms:.2f} ms without",
        )
    ]


async def _key(box: Container) -> str:
    actor = await stage.organization(box)
    async with box.transaction() as services:
        wanted = KeyWanted(name="bench", permission="read", limit_per_hour=1_000_000_000)
        return (await services.api_keys.create(actor, wanted)).key


def _app(box: Container) -> Litestar:
    shared: dict[str, Any] = {"render_error": _render, "title": "Bench", "documented": False}
    keyed = Surface(
        name="keyed",
        prefix="/keyed",
        handlers=(_route(READ),),
        authenticate=by_key("external_api"),
        permit=permit,
        caller_windows=hourly("bench"),
        rate_headers=True,
        **shared,
    )
    plain = Surface(name="open", prefix="/open", handlers=(_route({"public": True}),), **shared)
    app = mount(
        [keyed, plain],
        settings=box.settings,
        limiter=box.limiter,
        authenticator=None,
        dependencies={},
        note_answer=key_noter(box.key_usage),
    )
    app.state.key_authenticator = box.key_authenticator
    return app


def _route(opt: Any) -> Any:
    @get("/x", opt=opt)
    async def answer() -> dict[str, str]:
        return {"status": "ok"}

    return answer


def _render(refusal: Refusal) -> Response[Any]:
    return Response({"error": refusal.message}, status_code=refusal.status)


def _scope(path: str, key: str) -> dict[str, Any]:
    headers = [(b"host", b"bench"), (b"accept", b"*/*"), (b"authorization", f"Bearer {key}".encode())]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("203.0.113.7", 4711),
        "server": ("bench", 80),
    }


async def _round(app: Litestar, scope: dict[str, Any]) -> float:
    """Return how long one request took on average, seconds."""
    statuses: list[int] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    started = time.perf_counter()
    for _ in range(REQUESTS):
        await app({**scope}, receive, send)  # type: ignore[arg-type]
    took_s = time.perf_counter() - started
    if statuses != [200] * REQUESTS:
        raise RuntimeError(f"a request was answered with {set(statuses)}")
    return took_s / REQUESTS
