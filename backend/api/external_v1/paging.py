"""Pages of this surface: numbered from 1, with the exact total (contract rows SHS-05, SHS-12)."""

from typing import Annotated

import msgspec
from litestar.params import QueryParameter
from msgspec import Meta

MOST_LIMIT = 250
MOST_PAGE = 1_000_000_000

PageNumber = Annotated[int, QueryParameter(ge=1, le=MOST_PAGE, description="Past the last page there is no data.")]
Limit = Annotated[int, QueryParameter(ge=1, le=MOST_LIMIT, description="How many rows a page has.")]
Count = Annotated[int, Meta(ge=0)]


class Pagination(msgspec.Struct, frozen=True, rename="camel"):
    """Where a page lies in its list."""

    page: Annotated[int, Meta(ge=1)]
    limit: Annotated[int, Meta(ge=1, le=MOST_LIMIT)]
    total: Count
    """Rows of the whole list."""
    total_pages: Count
    """0 when the list is empty."""


def pagination(page: int, limit: int, total: int) -> Pagination:
    """Return what is told of a page."""
    return Pagination(page, limit, total, -(-total // limit))
