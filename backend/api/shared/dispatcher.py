"""The app's one exception handler: the surface that a path belongs to renders its own refusals (decision G5)."""

from collections.abc import Callable, Sequence
from typing import Any

import structlog
from litestar import Request, Response

from backend.api.shared.errors import Refusal, refusal_of
from backend.api.shared.surface import Surface
from backend.kit.errors import DomainError
from backend.kit.outages import is_outage

log = structlog.get_logger()


def surface_of(path: str, surfaces: Sequence[Surface]) -> Surface | None:
    """Return the surface with the longest prefix that is the path or ends at one of its slashes."""
    owners = [one for one in surfaces if path == one.prefix or path.startswith(one.prefix + "/")]
    return max(owners, key=lambda one: len(one.prefix), default=None)


def plain_error(refusal: Refusal) -> Response[Any]:
    """Render a refusal outside every surface."""
    return Response({"error": refusal.message}, status_code=refusal.status, headers=dict(refusal.headers))


def dispatcher(
    surfaces: Sequence[Surface], elsewhere: Callable[[Refusal], Response[Any]] = plain_error
) -> Callable[[Request[Any, Any, Any], Exception], Response[Any]]:
    """Return the exception handler for the app: it logs what nobody foresaw and lets the path's surface answer."""

    def handle(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        refusal = note(request, error)
        owner = surface_of(request.scope["path"], surfaces)
        return (owner.render_error if owner else elsewhere)(refusal)

    return handle


def note(request: Request[Any, Any, Any], error: Exception) -> Refusal:
    """Return the refusal that an exception means, and log it when nobody foresaw it or something is away."""
    refusal = refusal_of(error)
    if refusal.status == 500 and not isinstance(error, DomainError):
        log.error("api.unexpected_error", **_told(request, error))
    elif is_outage(error):
        log.warning("api.outage", **_told(request, error))
    return refusal


def _told(request: Request[Any, Any, Any], error: Exception) -> dict[str, Any]:
    # The path without its query, the kind of error and where it happened: messages may hold what callers sent.
    return {
        "kind": type(error).__name__,
        "method": request.method,
        "path": request.scope["path"],
        "frames": _frames(error),
    }


def _frames(error: BaseException | None) -> list[str]:
    told: list[str] = []
    while error is not None and len(told) < 12:
        trace = error.__traceback__
        places = []
        while trace is not None:
            code = trace.tb_frame.f_code
            places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}:{code.co_name}")
            trace = trace.tb_next
        told += [f"{type(error).__name__}[{', '.join(places[-6:])}]"]
        error = error.__cause__ or error.__context__
    return told
