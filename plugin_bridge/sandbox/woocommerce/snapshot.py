"""What happened to a store since it was seeded, as bytes and back: only what changed, so large catalogs are cheap."""

import msgspec

from plugin_bridge.sandbox.journal import Write
from plugin_bridge.sandbox.woocommerce.hooks import Hook
from plugin_bridge.sandbox.woocommerce.item import Item, Term
from plugin_bridge.sandbox.woocommerce.order import Order
from plugin_bridge.sandbox.woocommerce.shop import Shop

KEPT_WRITES = 2_000


class Snapshot(msgspec.Struct, kw_only=True):
    """The state of a store on top of its seed."""

    version: int = 1
    items: list[Item]
    removed: list[int]
    terms: dict[str, list[Term]]
    hooks: list[Hook]
    orders: list[Order]
    next_id: int
    next_meta: int
    currency: str
    writes: list[Write] = []


def take(shop: Shop) -> bytes:
    """Return the state of *shop* as msgpack."""
    catalog = shop.catalog
    snapshot = Snapshot(
        items=[catalog.items[item_id] for item_id in sorted(catalog.changed) if item_id in catalog.items],
        removed=sorted(catalog.removed),
        terms={kind: list(terms.values()) for kind, terms in shop.terms.by_id.items()},
        hooks=list(shop.hooks.by_id.values()),
        orders=list(shop.orders.values()),
        next_id=shop.next_id,
        next_meta=shop.next_meta,
        currency=shop.options.currency,
        writes=list(shop.journal.writes)[-KEPT_WRITES:],
    )
    return msgspec.msgpack.encode(snapshot)


def read(content: bytes) -> Snapshot:
    """Return the snapshot in *content*.

    Raises:   msgspec.DecodeError when it is damaged or of another version's shape.
    """
    return msgspec.msgpack.decode(content, type=Snapshot)


def restore(shop: Shop, snapshot: Snapshot) -> None:
    """Put a freshly seeded store into the state of a snapshot."""
    catalog = shop.catalog
    for item_id in snapshot.removed:
        seeded = catalog.items.get(item_id)
        if seeded is not None:
            catalog.drop(seeded)
    # All old versions leave before any new one enters: a SKU may have moved from one item to another.
    for item in snapshot.items:
        seeded = catalog.items.get(item.id)
        if seeded is not None:
            catalog.drop(seeded)
    for item in snapshot.items:
        catalog.insert(item)
    catalog.removed = set(snapshot.removed)
    for kind, terms in snapshot.terms.items():
        for term in terms:
            shop.terms.put(kind, term)
    for hook in snapshot.hooks:
        shop.hooks.add(hook)
    shop.orders = {order.id: order for order in snapshot.orders}
    shop.next_id = max(shop.next_id, snapshot.next_id)
    shop.next_meta = max(shop.next_meta, snapshot.next_meta)
    shop.options.currency = snapshot.currency
    shop.journal.writes.extend(snapshot.writes)
