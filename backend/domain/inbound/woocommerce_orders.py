"""Where a WooCommerce webhook's body says what an order takes from stock."""

from backend.domain.inbound.body_parts import Body, identifier, label, moment, pieces, rows
from backend.domain.orders.shown_order import CANCELLED, OPEN, ShownLine, ShownOrder

_TAKES = ("on-hold", "processing", "completed")
_TAKES_NOTHING = ("cancelled", "pending", "checkout-draft", "auto-draft")
"""Moving to one of them, the store puts back what the order took."""
_TAKEN = "_reduced_stock"
"""What the store notes beside a line: how many of its pieces are taken, less what was put back after a refund."""


def read(body: Body) -> ShownOrder:
    """Return the order a body tells of."""
    status = str(body.get("status") or "")
    lines = tuple(
        ShownLine(
            line_id=identifier(line, "id"),
            external_variant_id=identifier(line, "variation_id" if line.get("variation_id") else "product_id"),
            external_product_id=identifier(line, "product_id"),
            quantity=_sold(line, status),
        )
        for line in rows(body, "line_items")
        if line.get("product_id")  # of a product that was deleted nothing more is known
    )
    return ShownOrder(
        order_id=identifier(body, "id"),
        number=label(str(body.get("number") or "")),
        state=CANCELLED if status == "cancelled" else OPEN,
        created_at=moment(body, "date_created_gmt"),
        modified_at=moment(body, "date_modified_gmt"),
        lines=lines,
    )


def _sold(line: Body, status: str) -> int:
    if status in _TAKES_NOTHING:
        return 0
    taken = next((row.get("value") for row in rows(line, "meta_data") if row.get("key") == _TAKEN), None)
    if taken is not None:
        return pieces(taken)
    # What the store does not count it notes nothing of; it was sold all the same.
    return pieces(line.get("quantity")) if status in _TAKES else 0
