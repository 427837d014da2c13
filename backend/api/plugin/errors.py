"""How this surface refuses: `{statusCode,message,error}` (contract rows S2S-22, S2S-23)."""

from typing import Any

import msgspec
from litestar import Response

from backend.api.shared.errors import Refusal

_UNKNOWN_TO_THE_CONTRACT = {409: 400, 502: 400}
"""The contract knows neither: whatever the caller or its store must put right is a 400."""

_PLAIN_CODES = frozenset({"NOT_FOUND", "UNAUTHENTICATED", "RATE_LIMITED"})
"""Codes that say no more than the status: `error` then shows the status in words."""


class ErrorOut(msgspec.Struct, rename="camel"):
    """The body of every refusal."""

    status_code: int
    message: str
    error: str
    """A machine code such as `STORE_HELD`, or the status in words such as `Bad Request`."""


def render_error(refusal: Refusal) -> Response[ErrorOut]:
    """Render a refusal in this surface's shape."""
    status = _UNKNOWN_TO_THE_CONTRACT.get(refusal.status, refusal.status)
    code = None if refusal.code in _PLAIN_CODES else refusal.code
    shown = msgspec.structs.replace(refusal, status=status)
    body = ErrorOut(status_code=status, message=refusal.message, error=code or shown.reason)
    headers: dict[str, Any] = dict(refusal.headers)
    return Response(body, status_code=status, headers=headers, media_type="application/json")
