"""What has to be true at the end of a run: both stores and the hub agree, pieces add up, nothing was done twice."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.faults.campaign.journals import applied_twice, created, pieces_written

if TYPE_CHECKING:
    from tests.faults.campaign.run import Run

BLIND = timedelta(milliseconds=500)
"""Longest time between our look at a number and the write that builds on it, on this busy machine."""
_HELD = """
SELECT v.sku, p.title, v.price, v.sale_price, (SELECT sum(k.on_hand) FROM stock_levels k
    WHERE k.organization_id = v.organization_id AND k.variant_id = v.id) AS pieces
FROM variants v JOIN products p ON p.organization_id = v.organization_id AND p.id = v.product_id
WHERE v.organization_id = :org AND v.deleted_at IS NULL
"""
_BOOKED = """
SELECT a.created_at AS at, a.delta, a.reason, a.reference, a.explained,
       coalesce((SELECT kind || ' from ' || to_char(started_at, 'HH24:MI:SS') FROM sync_runs WHERE id = a.run_id), '')
           AS run,
       coalesce((SELECT platform FROM stores s WHERE s.id = a.store_id), '') AS store
FROM stock_adjustments a
JOIN variants v ON v.organization_id = a.organization_id AND v.id = a.variant_id
WHERE a.organization_id = :org AND v.sku = '{}' ORDER BY a.id
"""
_SENT = """
SELECT coalesce(c.applied_at, w.started_at) AS at, s.platform, c.state, c.code, c.message,
       c.fields -> 'stock' AS pieces
FROM sync_changes c JOIN sync_runs w ON w.id = c.run_id JOIN stores s ON s.id = w.store_id
JOIN variants v ON v.organization_id = c.organization_id AND v.id = c.variant_id
WHERE c.organization_id = :org AND c.entity = 'stock' AND v.sku = '{}' ORDER BY c.id
"""
_HEARD = """
SELECT received_at AS at, topic, state, note FROM received_webhooks
WHERE organization_id = :org AND topic LIKE 'order%' AND convert_from(body, 'UTF8') LIKE '%{}%' ORDER BY id
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
UNION ALL SELECT 'request ' || wanted || ' ' || state || ' ' || coalesce(error_code, '') FROM listing_requests
  WHERE organization_id = :org
UNION ALL SELECT 'the last ' || kind || ' failed: ' || error_code || ' ' || error_message FROM (
  SELECT DISTINCT ON (store_id, kind) * FROM sync_runs WHERE organization_id = :org ORDER BY store_id, kind, id DESC) r
  WHERE state = 'failed'
UNION ALL SELECT concat_ws(' ', 'job', name, state, 'try', attempts, 'in', run_at - now(), last_error)
  FROM jobs WHERE organization_id = :org AND (state = 'failed' OR state <> 'done' AND name LIKE 'sync.pu%')
"""


class Placed(NamedTuple):
    """An order, and between which moments it was placed."""

    store: str
    sku: str
    pieces: int
    begun: datetime
    ended: datetime


@dataclass
class Books:
    """What should be left of each article, by what was done to it."""

    expected: dict[str, int] = field(default_factory=dict)
    started: dict[str, int] = field(default_factory=dict)
    uncertain: set[str] = field(default_factory=set)
    """Articles whose number a merchant set: what it was then is not known."""
    orders: list[Placed] = field(default_factory=list)
    moments: defaultdict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    """When something happened to the pieces of each article."""

    def begin(self, sku: str, pieces: int) -> None:
        """Note what there was."""
        self.expected[sku] = self.started[sku] = int(pieces)

    def sold(self, sku: str, pieces: int, store: str, begun: datetime, ended: datetime) -> None:
        """Note an order, and when it was placed."""
        self.expected[sku] = self.expected.get(sku, 0) - pieces
        self.orders.append(Placed(store, sku, pieces, begun, ended))
        self.moments[sku] += [begun, ended]

    def adjusted(self, sku: str, delta: int, begun: datetime, ended: datetime) -> None:
        """Note an adjustment."""
        self.expected[sku] = self.expected.get(sku, 0) + delta
        self.moments[sku] += [begun, ended]

    def recounted(self, sku: str, begun: datetime, ended: datetime) -> None:
        """Note that a merchant set a number."""
        self.uncertain.add(sku)
        self.moments[sku] += [begun, ended]


async def verdict(run: "Run") -> list[str]:
    """Return what is wrong, one line each."""
    wrong = [f"still under way: {one[0]}" for one in await run._rows(_BUSY)]
    held = {row.sku: row for row in await run._rows(_HELD)}
    shown = {store: await run._control(store, "GET", "catalog") or [] for store in run.stores}
    overtaken = await _overtaken(run, shown["woocommerce"])
    for store, rows in shown.items():
        wrong += _differences(store, rows, held)
        wrong += [f"{store}: {sku} is there {n} times" for sku, n in Counter(_skus(rows)).items() if n > 1]
        writes = await run._control(store, "GET", "writes") or []
        wrong += [f"{store}: {sku} was created {n} times" for sku, n in created(writes).items() if n > 1]
        wrong += _repeated(store, writes, rows, run.books, overtaken)
        if store == "shopify":
            made = created(writes)
            wrong += [f"shopify: {sku} was created {made[sku]} times" for sku in run.offered if not made[sku]]
    missing = {sku: int(pieces) for sku, pieces in await run._rows(_MISSING)}
    for sku, pieces in run.books.expected.items():
        if sku in run.books.uncertain or sku not in held or sku in overtaken:
            continue
        there, due = int(held[sku].pieces or 0), pieces + missing.get(sku, 0)
        if any(row["sku"] == sku and row["stock"] not in (None, there) for rows in shown.values() for row in rows):
            wrong += [f"    {line}" for line in await _story(run, sku, shown)]
        if there != due:
            wrong.append(f"hub: {sku} has {there} pieces, {due} by the books ({missing.get(sku, 0)} oversold)")
            wrong += [f"    {line}" for line in await _story(run, sku, shown)]
    return wrong


async def _story(run: "Run", sku: str, shown: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Return everything that is known of an article's pieces, for whoever looks for the reason."""
    lines = [
        (
            row.at,
            f"booked {row.delta:+} {row.reason} {row.store} {row.reference[-24:]} {row.explained} explained {row.run}",
        )
        for row in await run._rows(_BOOKED.format(sku))
    ]
    lines += [
        (row.at, f"{row.platform}: {row.pieces} was {row.state} {row.code or ''} {row.message or ''}")
        for row in await run._rows(_SENT.format(sku))
    ]
    lines += [
        (one.begun, f"{one.pieces} ordered in {one.store} until {one.ended:%H:%M:%S.%f}")
        for one in run.books.orders
        if one.sku == sku
    ]
    lines += [(row.at, f"heard of {row.topic} {row.state} {row.note}") for row in await run._rows(_HEARD.format(sku))]
    for store, rows in shown.items():
        ids = {str(row.get("inventory_item_id", row["id"])) for row in rows if row["sku"] == sku}
        writes = pieces_written(await run._control(store, "GET", "writes") or [])
        lines += [(one.at, f"{store} was set to {one.number}") for one in writes if one.item in ids]
    begun = f"{run.seed}: began with {run.books.started.get(sku)}"
    return [begun] + [f"{at:%H:%M:%S.%f} {what}" for at, what in sorted(lines)]


async def _overtaken(run: "Run", rows: list[dict[str, Any]]) -> set[str]:
    """Return articles that WooCommerce sold in the moment between our look at its number and our write.

    It has no compare-and-set: the sale is overwritten there, and nobody can tell it from a delivery.
    """
    names = {str(row["id"]): row["sku"] for row in rows}
    written = pieces_written(await run._control("woocommerce", "GET", "writes") or [])
    writes = [(names.get(one.item, ""), one.at) for one in written]
    found = {
        one.sku
        for one in run.books.orders
        for named, at in writes
        if one.store == "woocommerce" and named == one.sku and one.begun - BLIND <= at <= one.ended + BLIND
    }
    run.overtaken = len(found)
    return found


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
        if _regular(row) != ours.price:
            wrong.append(f"{store}: {sku} costs {_regular(row)}, in the hub {ours.price}")
        if _sale(row) != ours.sale_price:
            wrong.append(f"{store}: {sku} is on sale for {_sale(row)}, in the hub for {ours.sale_price}")
        if row["title"] != ours.title:
            wrong.append(f"{store}: {sku} is called {row['title']!r}, in the hub {ours.title!r}")
        if row["stock"] is not None and row["stock"] != ours.pieces:
            wrong.append(f"{store}: {sku} shows {row['stock']} pieces, the hub has {ours.pieces}")
    return wrong


def _regular(row: dict[str, Any]) -> Decimal:
    """Return the price without a sale: Shopify shows it as the one to compare with."""
    price, compared = Decimal(str(row["price"])), Decimal(str(row.get("compare_at_price") or 0))
    return max(price, compared)


def _sale(row: dict[str, Any]) -> Decimal | None:
    price, compared = Decimal(str(row["price"])), Decimal(str(row.get("compare_at_price") or 0))
    if "compare_at_price" in row:
        return price if compared > price else None
    return Decimal(str(row["sale_price"])) if row.get("sale_price") else None


def _repeated(
    store: str, writes: list[dict[str, Any]], rows: list[dict[str, Any]], books: Books, overtaken: set[str]
) -> list[str]:
    """Find stock writes that were carried out twice."""
    names = {str(row.get("inventory_item_id", row["id"])): row["sku"] for row in rows}
    moments = {item: books.moments.get(sku, []) for item, sku in names.items()}
    return [
        f"{store}: {names.get(one.item, one.item)} was set to {one.number} twice, at {one.at:%H:%M:%S.%f} {one.key}"
        for one in applied_twice(pieces_written(writes), moments)
        if names.get(one.item) not in overtaken
    ]
