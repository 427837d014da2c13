"""Where a WooCommerce webhook's body says what we want to know."""

from collections.abc import Mapping
from typing import Any

from backend.domain.inbound.handling import Unreadable


def product_id(body: Mapping[str, Any]) -> str:
    """Return the number of the product it speaks of, as text."""
    found = body.get("id")
    if not isinstance(found, int) or isinstance(found, bool):
        raise Unreadable("it has no id")
    return str(found)
