"""An order as a store tells of it, in no platform's words: only what stock has to know."""

from datetime import datetime

import msgspec

OPEN, CANCELLED = "open", "cancelled"


class ShownLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an order."""

    line_id: str
    external_variant_id: str
    external_product_id: str = ""
    quantity: int
    """Pieces that it needs as the order stands; 0 when it needs none, or none any more."""


class ShownOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an order."""

    order_id: str
    number: str = ""
    """As the shop's people call it."""
    state: str = OPEN
    """`open` or `cancelled`."""
    created_at: datetime
    modified_at: datetime | None = None
    """When this version came to be; None: it is taken for the newest."""
    lines: tuple[ShownLine, ...] = ()
