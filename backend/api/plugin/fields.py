"""Fields that several requests share, with their limits, and what every operation says of its refusals."""

from typing import Annotated

from litestar.openapi.datastructures import ResponseSpec
from msgspec import Meta

from backend.api.plugin.errors import ErrorOut

Email = Annotated[
    str, Meta(min_length=3, max_length=254, description="Compared without case.", examples=["admin@yourstore.com"])
]
StoreUrl = Annotated[
    str, Meta(min_length=3, max_length=2000, description="http or https.", examples=["https://yourstore.com"])
]
Password = Annotated[str, Meta(min_length=1, max_length=200)]
MailedToken = Annotated[str, Meta(min_length=1, max_length=200, description="From the mailed link.")]
Jwt = Annotated[str, Meta(description="JSON Web Token for the Authorization header.")]

WITH_TOKEN: list[dict[str, list[str]]] = [{"bearer": []}]
"""Documented credentials of routes that are not public."""

_WHEN = {
    400: "A field is missing or not acceptable; the message names it.",
    401: "The token is missing, unknown, expired or revoked.",
    403: "The token or the plan does not allow this.",
    404: "There is no such thing in this organization.",
    413: "The body is too large.",
    429: "Too many requests; Retry-After says how many seconds to wait.",
}


def refusals(*statuses: int, **told: str) -> dict[int, ResponseSpec]:
    """Return the documented refusals of an operation; 413 and 429 belong to all.

    Args:     told: `s401="…"` replaces the usual description of a status.
    """
    every = sorted({*statuses, 413, 429})
    return {
        status: ResponseSpec(
            data_container=ErrorOut, description=told.get(f"s{status}", _WHEN[status]), generate_examples=False
        )
        for status in every
    }
