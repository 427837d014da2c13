"""How this surface refuses: `{error,errorCode}`, both texts (contract row PRI-20)."""

from typing import Any

import msgspec
from litestar import Response
from litestar.openapi.datastructures import ResponseSpec

from backend.api.shared.errors import Refusal

_AS_EXISTING = {409: 422}
"""What does not fit the present state, such as a product that exists already, is a 422 here."""
_LIMITS = frozenset({"PIM_PRODUCT_LIMIT"})
"""Codes of limits that are a 422 here; other surfaces call them forbidden."""

_WHEN = {
    400: "A parameter is missing or incorrect; the message names it.",
    401: "`apikey` or `apitoken` is missing or wrong.",
    403: "The plan does not include this API.",
    404: "There is no such thing in this account.",
    405: "This address does not answer to that method; see the Allow header.",
    413: "The body is too large.",
    422: "It exists already.",
    429: "Too many requests within the hour; Retry-After says how many seconds to wait.",
}


class ErrorOut(msgspec.Struct):
    """The body of every refusal."""

    error: str
    """A sentence for people."""
    error_code: str = msgspec.field(name="errorCode")
    """For machines, such as `PRODUCT_EXISTS`."""


def render_error(refusal: Refusal) -> Response[ErrorOut]:
    """Render a refusal in this surface's shape."""
    status = 422 if refusal.code in _LIMITS else _AS_EXISTING.get(refusal.status, refusal.status)
    shown = msgspec.structs.replace(refusal, status=status)
    code = refusal.code or shown.reason.upper().replace(" ", "_")
    headers: dict[str, Any] = {name: value for name, value in refusal.headers.items() if name != "WWW-Authenticate"}
    return Response(ErrorOut(refusal.message, code), status_code=status, headers=headers, media_type="application/json")


def refusals(*statuses: int, **told: str) -> dict[int, ResponseSpec]:
    """Return the documented refusals of an operation; 401, 403, 413 and 429 belong to all.

    Args:     told: `s422="…"` replaces the usual description of a status.
    """
    return {
        status: ResponseSpec(
            data_container=ErrorOut, description=told.get(f"s{status}", _WHEN[status]), generate_examples=False
        )
        for status in sorted({*statuses, 401, 403, 413, 429})
    }
