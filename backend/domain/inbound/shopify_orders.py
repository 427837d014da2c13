"""Where a Shopify webhook's body says what an order takes from stock."""

from backend.domain.inbound.body_parts import Body, identifier, label, moment, pieces, rows
from backend.domain.orders.shown_order import CANCELLED, OPEN, ShownLine, ShownOrder


def read(body: Body) -> ShownOrder:
    """Return the order a body tells of; what was refunded and not put back on the shelf still counts as sold."""
    for_good = _refunded_for_good(body)
    # Until it is confirmed, nothing has been set aside for it.
    confirmed = body.get("confirmed") is not False
    lines = tuple(
        ShownLine(
            line_id=identifier(line, "id"),
            external_variant_id=identifier(line, "variant_id"),
            external_product_id=label(str(line.get("product_id") or "")),
            quantity=_sold(line) + for_good.get(identifier(line, "id"), 0) if confirmed else 0,
        )
        for line in rows(body, "line_items")
        if line.get("variant_id")  # a line typed in by hand is no product
    )
    return ShownOrder(
        order_id=identifier(body, "id"),
        number=label(str(body.get("name") or "")),
        state=CANCELLED if body.get("cancelled_at") else OPEN,
        created_at=moment(body, "created_at"),
        modified_at=moment(body, "updated_at"),
        lines=lines,
    )


def _sold(line: Body) -> int:
    return pieces(line.get("current_quantity", line.get("quantity")))


def _refunded_for_good(body: Body) -> dict[str, int]:
    found: dict[str, int] = {}
    for refund in rows(body, "refunds"):
        for line in rows(refund, "refund_line_items"):
            if line.get("restock_type") == "no_restock":
                line_id = identifier(line, "line_item_id")
                found[line_id] = found.get(line_id, 0) + pieces(line.get("quantity"))
    return found
