"""What a stock write asks of a shop, once its pieces are known (pure)."""

import uuid
from collections.abc import Sequence
from typing import Any

import msgspec

from backend.ports.store_writes import REFUSED, STALE, UNCHANGED, WRITTEN, StockWrite, WriteResult
from plugin_bridge.shopify.spreading import spread
from plugin_bridge.shopify.verdicts import gone
from plugin_bridge.shopify.write_answers import CountedVariant

_KEYS = uuid.UUID("6f1f4b9c-31a5-5c0e-9a55-0c4a8f6f4f53")


class Row(msgspec.Struct, frozen=True):
    """Pieces of one item in one place: what was read, and what they shall be."""

    item: str
    location: str
    before: int
    after: int

    @property
    def input(self) -> dict[str, Any]:
        """As Shopify takes it; it is only done while the place still holds what was read."""
        return {
            "inventoryItemId": self.item,
            "locationId": self.location,
            "quantity": self.after,
            "changeFromQuantity": self.before,
        }


class StockPlan(msgspec.Struct, frozen=True):
    """A stock write with the rows it needs; none: no place holds the item yet."""

    write: StockWrite
    item: str
    rows: tuple[Row, ...]


def pieces_of(variant: CountedVariant) -> dict[str, int]:
    """Return pieces by place (global ids), only places that are open, in the order of their ids."""
    levels = [
        (level.location.id, level.quantities[0].quantity if level.quantities else 0)
        for level in variant.inventory_item.inventory_levels.nodes
        if level.location is not None and level.location.is_active
    ]
    return dict(sorted(levels, key=lambda one: (len(one[0]), one[0])))


def plan(write: StockWrite, variant: CountedVariant | None) -> StockPlan | WriteResult:
    """Compare what a shop shows with what is believed and wanted: the rows to write, or why none are."""
    if variant is None:
        return gone(write.key)
    if not variant.inventory_item.tracked:
        message = "The shop does not count this article"
        return WriteResult(key=write.key, outcome=REFUSED, code="not_counted", message=message)
    held = pieces_of(variant)
    total = sum(held.values())
    if total == write.target:
        return told(write, UNCHANGED, total)
    if total != write.believed:
        return told(write, STALE, total)
    item = variant.inventory_item.id
    changed = spread(held, write.target) if held else {}
    rows = tuple(Row(item, place, held[place], after) for place, after in changed.items())
    return StockPlan(write, item, rows)


def told(write: StockWrite, outcome: str, pieces: int) -> WriteResult:
    """Return a result that says how many pieces there are."""
    return WriteResult(key=write.key, outcome=outcome, pieces=pieces, shown={"stock": pieces})


def done(plan: StockPlan) -> WriteResult:
    """Return the result of a plan that was carried out."""
    return told(plan.write, WRITTEN, plan.write.target)


def batches(plans: Sequence[StockPlan], most: int) -> list[list[StockPlan]]:
    """Cut plans into lists of at most *most* rows, in the order of their keys: the same writes make the same lists."""
    found: list[list[StockPlan]] = []
    rows = 0
    for one in sorted(plans, key=lambda one: one.write.key):
        if not found or rows + len(one.rows) > most:
            found.append([])
            rows = 0
        found[-1].append(one)
        rows += len(one.rows)
    return found


def idempotency_key(plans: Sequence[StockPlan], salt: int = 0) -> str:
    """Return the name under which Shopify carries a list out once: made of the writes' keys and of what they ask."""
    rows = [row.input for one in plans for row in one.rows]
    keys = [one.write.key for one in plans]
    return str(uuid.uuid5(_KEYS, msgspec.json.encode([salt, keys, rows]).decode()))
