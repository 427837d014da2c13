"""What happened to a shop since it was seeded, as bytes and back: only what changed, so large catalogs are cheap."""

from typing import TYPE_CHECKING

import msgspec

from plugin_bridge.sandbox.journal import Write
from plugin_bridge.sandbox.shopify.idempotency import Done
from plugin_bridge.sandbox.shopify.installation import Installation
from plugin_bridge.sandbox.shopify.operations import Operation
from plugin_bridge.sandbox.shopify.records import Collection, Hook, Order, Product, Variant

if TYPE_CHECKING:
    from plugin_bridge.sandbox.shopify.shop import Shop

KEPT_WRITES = 2_000
KEPT_KEYS = 2_000


class Snapshot(msgspec.Struct, kw_only=True):
    """The state of a shop on top of its seed."""

    version: int = 1
    products: list[tuple[Product, list[Variant]]]
    removed: list[int]
    collections: list[Collection]
    orders: list[Order]
    hooks: list[Hook]
    operations: list[Operation]
    installation: Installation
    done: dict[str, Done]
    next_id: int
    writes: list[Write] = []


def take(shop: "Shop") -> bytes:
    """Return the state of *shop* as msgpack."""
    catalog = shop.catalog
    changed = [catalog.products[one] for one in sorted(catalog.changed) if one in catalog.products]
    snapshot = Snapshot(
        products=[(product, catalog.variants_of(product)) for product in changed],
        removed=sorted(catalog.removed),
        collections=list(shop.collections.values()),
        orders=list(shop.orders.values()),
        hooks=list(shop.hooks.values()),
        operations=list(shop.operations.by_id.values()),
        installation=shop.installation,
        done=dict(list(shop.idempotency.done.items())[-KEPT_KEYS:]),
        next_id=shop.ids.next,
        writes=list(shop.journal.writes)[-KEPT_WRITES:],
    )
    return msgspec.msgpack.encode(snapshot)


def read(content: bytes) -> Snapshot:
    """Return the snapshot in *content*.

    Raises:   msgspec.DecodeError when it is damaged or of another version's shape.
    """
    return msgspec.msgpack.decode(content, type=Snapshot)


def restore(shop: "Shop", snapshot: Snapshot) -> None:
    """Put a freshly seeded shop into the state of a snapshot."""
    catalog = shop.catalog
    for product_id in snapshot.removed:
        catalog.drop(product_id)
    for product, variants in snapshot.products:
        catalog.put(product, variants)
    catalog.removed = set(snapshot.removed)
    shop.collections = {one.id: one for one in snapshot.collections}
    shop.orders = {one.id: one for one in snapshot.orders}
    shop.hooks = {one.id: one for one in snapshot.hooks}
    shop.operations.by_id = {one.id: one for one in snapshot.operations}
    shop.installation = snapshot.installation
    shop.idempotency.done = snapshot.done
    shop.ids.next = max(shop.ids.next, snapshot.next_id)
    shop.journal.writes.extend(snapshot.writes)
