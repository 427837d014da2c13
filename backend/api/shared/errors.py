"""Every refusal on its way out: what was raised -> status, code, sentence and headers, once for all surfaces."""

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
from litestar.exceptions import HTTPException, ValidationException

from backend.kit.errors import DomainError, ErrorKind
from backend.kit.outages import is_outage
from backend.kit.text import clipped, storable

STATUS: Mapping[ErrorKind, int] = {
    ErrorKind.INVALID: 400,
    ErrorKind.UNAUTHENTICATED: 401,
    ErrorKind.FORBIDDEN: 403,
    ErrorKind.LIMIT_REACHED: 403,
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.CONFLICT: 409,
    ErrorKind.RATE_LIMITED: 429,
    ErrorKind.UPSTREAM_FAILED: 502,
}

_SENTENCES: Mapping[int, str] = {
    404: "There is nothing at this address",
    405: "This address does not answer to that method; see the Allow header",
    413: "The request body is too large",
    500: "Something went wrong on our side; it has been recorded",
    503: "This cannot be answered at the moment; try again in a few seconds",
}


OUTAGE_RETRY_S = 5
"""After how long callers may try again when something is away that we stand on."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal that a surface renders in its own shape."""

    status: int
    message: str
    """A sentence for people, without secrets."""
    code: str | None = None
    """Machine code of a DomainError; None for refusals of the protocol (unknown path, malformed body...)."""
    headers: Mapping[str, str] = {}
    facts: Mapping[str, Any] = {}

    @property
    def reason(self) -> str:
        """Return the status in words, such as "Bad Request"."""
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return "Error"


def refusal_of(error: Exception) -> Refusal:
    """Return the refusal that an exception means: 503 for an outage, 500 for whatever nobody foresaw."""
    if isinstance(error, DomainError):
        return _of_domain(error)
    if isinstance(error, ValidationException):
        return Refusal(status=error.status_code, message=_fields(error))
    if isinstance(error, HTTPException):
        return _of_protocol(error)
    if is_outage(error):
        return Refusal(status=503, message=_SENTENCES[503], headers={"Retry-After": str(OUTAGE_RETRY_S)})
    return Refusal(status=500, message=_SENTENCES[500])


def _of_domain(error: DomainError) -> Refusal:
    status = STATUS[error.kind]
    headers = {}
    if (wait_s := error.facts.get("retry_after_s")) is not None:
        headers["Retry-After"] = str(max(1, math.ceil(wait_s)))
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Refusal(status=status, code=error.code, message=error.message, headers=headers, facts=error.facts)


def _of_protocol(error: HTTPException) -> Refusal:
    status = error.status_code
    headers = {name.title(): value for name, value in (error.headers or {}).items()}
    if status >= 500:
        return Refusal(status=status, message=_SENTENCES.get(status, _SENTENCES[500]), headers=headers)
    message = _SENTENCES.get(status) or (_unreadable(error.detail) if status == 400 else _phrase(status))
    return Refusal(status=status, message=message, headers=headers)


def _unreadable(detail: str) -> str:
    # What msgspec says of bytes that are no JSON document.
    no_json = "JSON" in detail or "truncated" in detail or "decode" in detail
    return "The request body is not valid JSON" if no_json else "The request cannot be read"


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else "The request was refused"


def _fields(error: ValidationException) -> str:
    extra = error.extra if isinstance(error.extra, list) else []
    told = [_field(entry) for entry in extra if isinstance(entry, dict)][:5]
    return "; ".join(told) or "The request is not valid"


def _field(entry: Mapping[str, Any]) -> str:
    key = str(entry.get("key", ""))
    if entry.get("message") == "'data'":
        return "A request body is needed"
    where = "The request body" if key in {"", "data"} else key
    return clipped(storable(f"{where}: {_plain(str(entry.get('message', 'is not valid')))}"), 200)


def _plain(message: str) -> str:
    # msgspec speaks of "Object missing required field `email`" and "Expected `str`, got `int`".
    return message.replace("`", "").replace("Object missing required field", "missing required field")
