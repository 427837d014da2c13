"""How this surface refuses: `{error,code}` (contract rows SHS-13, SHS-14)."""

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Response
from litestar.openapi.datastructures import ResponseSpec

from backend.api.shared.errors import Refusal

_CODES = {400: "VALIDATION_ERROR", 401: "INVALID_API_KEY", 429: "RATE_LIMIT_EXCEEDED"}
"""By status, whatever it was that was refused."""
_FORBIDDEN = frozenset({"IP_NOT_ALLOWED", "INSUFFICIENT_PERMISSIONS", "PLAN_UPGRADE_REQUIRED"})
"""Codes of a 403. No other refusal has one, least of all a 404: it tells nothing of what others have."""


class ErrorOut(msgspec.Struct):
    """The body of every refusal."""

    error: str
    """A sentence for people."""
    code: str | msgspec.UnsetType = msgspec.UNSET
    """For programs; left out where the status says all."""


def render_error(refusal: Refusal) -> Response[ErrorOut]:
    """Render a refusal in this surface's shape."""
    code = refusal.code if refusal.code in _FORBIDDEN else _CODES.get(refusal.status)
    body = ErrorOut(error=refusal.message, code=code or msgspec.UNSET)
    headers: dict[str, Any] = dict(refusal.headers)
    return Response(body, status_code=refusal.status, headers=headers, media_type="application/json")


_WHEN: Mapping[int, str] = {
    400: "A parameter or a field is not acceptable; the sentence names it.",
    401: "The API key is missing, unknown, revoked or expired.",
    403: "The plan, the key's permission or the caller's address does not allow this.",
    404: "There is no such product in this organization.",
    413: "The body is too large.",
    429: "Too many requests; Retry-After says how many seconds to wait.",
}


def answers(success: type[msgspec.Struct], *statuses: int) -> dict[int, ResponseSpec]:
    """Return the documented answers of an operation; refusals of the key, of parameters and of the limit belong to all.

    Args:     success: the body of a 200. statuses: of further refusals.
    """
    refusals = {
        status: ResponseSpec(data_container=ErrorOut, description=_WHEN[status], generate_examples=False)
        for status in sorted({*statuses, 400, 401, 403, 429})
    }
    described = (success.__doc__ or "").partition("\n")[0]
    return {200: ResponseSpec(data_container=success, description=described, generate_examples=False), **refusals}
