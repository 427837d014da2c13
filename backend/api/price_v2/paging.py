"""Pages of a hundred: `startFrom` in the path, the address of the next page in the body (decision G13)."""

from typing import Annotated, Any

from litestar import Request
from litestar.params import PathParameter
from msgspec import Meta

from backend.api.price_v2.errors import refusals
from backend.domain.pricing.monitored import PAGE
from backend.kit.errors import invalid
from backend.settings import Settings

PREFIX = "/api/v2"
_MOST_DIGITS = 30

StartFrom = Annotated[str, PathParameter(description=f"How many come before: 0 or a multiple of {PAGE}.")]
NextUrl = Annotated[str, Meta(description="Absolute address of the next page; null on the last one.")]
OF_A_LIST = refusals(400, 404, s404="The list ends before this page.")


def skipped(start_from: str) -> int:
    """Return how many rows come before a page.

    Raises:   invalid START_FROM_INVALID.
    """
    plain = start_from.isascii() and start_from.isdigit() and len(start_from) <= _MOST_DIGITS
    if not plain or int(start_from) % PAGE:
        raise invalid("START_FROM_INVALID", f"startFrom: 0 or a multiple of {PAGE}", field="startFrom")
    return int(start_from)


def next_url(request: Request[Any, Any, Any], settings: Settings, what: str, start: int, *, more: bool) -> str | None:
    """Return the address of the page behind one.

    Args:     what: the list, such as `product/summary`. start: of the present page. more: whether there is another.
    """
    base = settings.web.public_url or str(request.base_url)
    return f"{base.rstrip('/')}{PREFIX}/list/{what}/startFrom/{start + PAGE}" if more else None
