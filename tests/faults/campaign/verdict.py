"""What has to be true at the end of a run: both stores and the hub agree, pieces add up, nothing was done twice."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.faults.campaign.run import Run

_HELD = """
SELECT v.sku, p.title, v.price, (SELECT sum(k.on_hand) FROM stock_levels k
    WHERE k.organization_id = v.organization_id AND k.variant_id = v.id) AS pieces
FROM variants v JOIN products p ON p.organization_id = v.organization_id AND p.id = v.product_id
WHERE v.organization_id = :org AND v.deleted_at IS NULL
"""
_LEDGER = """
SELECT v.sku, sum(a.delta) FROM stock_adjustments a JOIN variants v ON v.organization_id = a.organization_id
  AND v.id = a.variant_id WHERE a.organization_id = :org GROUP BY v.sku
"""
_MISSING = """
SELECT v.sku, sum(o.missing) FROM oversells o JOIN variants v ON v.organization_id = o.organization_id
  AND v.id = o.variant_id WHERE o.organization_id = :org GROUP BY v.sku
"""
_BUSY = """
SELECT 'run ' || kind || ' ' || state FROM sync_runs
  WHERE organization_id = :org AND state IN ('queued', 'running', 'held')
UNION ALL SELECT 'due ' || external_id || array_to_string(due, ' ') FROM listings
  WHERE organization_id = :org AND due IS NOT NULL
UNION ALL SELECT 'error ' || external_id || ' ' || error_code FROM listings
  WHERE organization_id = :org AND state = 'error'
UNION ALL SELECT 'webhook ' || topic || ' ' || state || ' ' || note FROM received_webhooks
  WHERE organization_id = :org AND state IN ('received', 'failed')
UNION ALL SELECT 'job ' || name || ' ' || state FROM jobs WHERE organization_id = :org AND state = 'failed'
"""


@dataclass
class Books:
    """What should be left of each article, by what was done to it."""

    expected: dict[str, int] = field(default_factory=dict)
    uncertain: set[str] = field(default_factory=set)
    """Articles whose number a merchant set: what it was then is not known."""

    def begin(self, sku: str, pieces: int) -> None:
        """Note what there was."""
        self.expected[sku] = int(pieces)

    def sold(self, sku: str, pieces: int) -> None:
        """Note an order."""
        self.expected[sku] = self.expected.get(sku, 0) - pieces

    def adjusted(self, sku: str, delta: int) -> None:
        """Note an adjustment."""
        self.expected[sku] = self.expected.get(sku, 0) + delta

    def recounted(self, sku: str) -> None:
        """Note that a merchant set a number."""
        self.uncertain.add(sku)


async def verdict(run: "Run") -> list[str]:
    """Return what is wrong, one line each."""
    wrong = [f"still under way: {one[0]}" for one in await run._rows(_BUSY)]
    held = {row.sku: row for row in await run._rows(_HELD)}
    shown = {store: await run._control(store, "GET", "catalog") or [] for store in run.stores}
    for store, rows in shown.items():
        wrong += _differences(store, rows, held)
        wrong += [f"{store}: {sku} is there {n} times" for sku, n in Counter(_skus(rows)).items() if n > 1]
        wrong += _repeated(store, await run._control(store, "GET", "writes") or [])
    missing = {sku: int(pieces) for sku, pieces in await run._rows(_MISSING)}
    for sku, pieces in run.books.expected.items():
        if sku in run.books.uncertain or sku not in held:
            continue
        there, due = int(held[sku].pieces or 0), pieces + missing.get(sku, 0)
        if there != due:
            wrong.append(f"hub: {sku} has {there} pieces, {due} by the books ({missing.get(sku, 0)} oversold)")
    return wrong


def _skus(rows: list[dict[str, Any]]) -> list[str]:
    return [row["sku"] for row in rows if row.get("sku")]


def _differences(store: str, rows: list[dict[str, Any]], held: dict[str, Any]) -> list[str]:
    found = {row["sku"]: row for row in rows if row.get("sku")}
    wrong = [f"{store}: {sku} is not there" for sku in held if sku and sku not in found]
    for sku, row in found.items():
        ours = held.get(sku)
        if ours is None:
            wrong.append(f"hub: {sku} is not there")
            continue
        if Decimal(str(row["price"])) != ours.price:
            wrong.append(f"{store}: {sku} costs {row['price']}, in the hub {ours.price}")
        if row["title"] != ours.title:
            wrong.append(f"{store}: {sku} is called {row['title']!r}, in the hub {ours.title!r}")
        if row["stock"] is not None and row["stock"] != ours.pieces:
            wrong.append(f"{store}: {sku} shows {row['stock']} pieces, the hub has {ours.pieces}")
    return wrong


def _repeated(store: str, writes: list[dict[str, Any]]) -> list[str]:
    """Find writes that were carried out twice: creations of one article, stock under one key."""
    created: Counter[str] = Counter()
    keys: Counter[str] = Counter()
    for write in writes:
        body = write["body"] if isinstance(write["body"], dict) else {}
        text = str(body.get("query", ""))
        if "inventorySetQuantities" in text:
            keys[str(body.get("variables", {}))] += 1
        for made in body.get("create", []) if isinstance(body.get("create"), list) else []:
            created[str(made.get("sku", ""))] += 1
        if write["method"] == "POST" and write["path"].rstrip("/").endswith("/products"):
            created[str(body.get("sku", ""))] += 1
    wrong = [f"{store}: {sku} was created {n} times" for sku, n in created.items() if sku and n > 1]
    return wrong + [f"{store}: a stock write was applied {n} times: {key[:200]}" for key, n in keys.items() if n > 1]
