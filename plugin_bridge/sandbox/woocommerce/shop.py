"""One simulated store: everything it holds, and the changes that several entrances make to it alike."""

import time
from collections.abc import Callable, Iterable

from backend.ports.store_platform import PlatformProduct
from plugin_bridge.sandbox.faults import Faults
from plugin_bridge.sandbox.journal import Journal
from plugin_bridge.sandbox.woocommerce.catalog import TRASH, Catalog
from plugin_bridge.sandbox.woocommerce.deliveries import Deliveries
from plugin_bridge.sandbox.woocommerce.faults import KINDS
from plugin_bridge.sandbox.woocommerce.hooks import Hooks
from plugin_bridge.sandbox.woocommerce.item import Item, Meta
from plugin_bridge.sandbox.woocommerce.oauth import Nonces
from plugin_bridge.sandbox.woocommerce.options import StoreOptions
from plugin_bridge.sandbox.woocommerce.order import Order
from plugin_bridge.sandbox.woocommerce.render import VIEW, Renderer
from plugin_bridge.sandbox.woocommerce.seed import Seeder, stock_status
from plugin_bridge.sandbox.woocommerce.terms import Terms

TRASH_META = ("_wp_trash_meta_status", "_wp_trash_meta_time", "_wp_desired_post_slug")


class Shop:
    """The state of one store.

    Args:     products: seed, read once. seeded_at: Unix second of the first one; None is thirty days ago.
              clock: returns Unix seconds.
    """

    def __init__(
        self,
        options: StoreOptions,
        products: Iterable[PlatformProduct] = (),
        *,
        seeded_at: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.options = options
        self._clock = clock
        self.terms = Terms()
        self.renderer = Renderer(options, self.terms)
        self.catalog = Catalog(self.renderer.forget)
        self.renderer.catalog = self.catalog
        self.faults = Faults(KINDS)
        self.journal = Journal()
        self.nonces = Nonces()
        self.hooks = Hooks()
        self.orders: dict[int, Order] = {}
        self.deliveries = Deliveries(self)
        start = int(self.now()) - 30 * 86_400 if seeded_at is None else seeded_at
        seeder = Seeder(self.terms, start)
        self.catalog.seed(seeder.items(products))
        self.next_id = seeder.next_id
        self._slugs = {item.slug for item in self.catalog.items.values()}
        self.next_meta = 1_000_000
        self.hidden_id = 0
        """The product that the fault `shifting_pages` took away, or 0."""
        self.revision = 0
        """Counts changes outside the catalog."""

    def now(self) -> float:
        """Return Unix seconds by the store's own clock."""
        return self._clock() + self.options.clock_skew_s

    def take_id(self) -> int:
        """Return a new post id."""
        self.next_id += 1
        return self.next_id - 1

    def take_meta_id(self) -> int:
        """Return a new meta id."""
        self.next_meta += 1
        return self.next_meta - 1

    def take_slug(self, slug: str) -> bool:
        """Return True once for each slug that no seeded product has."""
        if slug in self._slugs:
            return False
        self._slugs.add(slug)
        return True

    def saved(self, item: Item, *, created: bool = False) -> None:
        """Do what follows the saving of an item: dates move, the parent's too, and webhooks are queued."""
        at = int(self.now())
        if item.manage_stock:
            item.stock_status = stock_status(item)
        self.catalog.touch(item, at)
        self.announce("product.created" if created else "product.updated", item.id)
        parent = self.catalog.items.get(item.parent_id)
        if parent is not None:
            self.catalog.touch(parent, at)
            self.announce("product.updated", parent.id)

    def announce(self, topic: str, resource_id: int) -> None:
        """Queue the webhooks of a topic for one resource."""
        for hook in self.hooks.listening(topic):
            self.deliveries.queue(hook, resource_id)

    def payload(self, topic: str, resource_id: int) -> object:
        """Return what a webhook carries at this moment; deleted things are only their id."""
        if topic.startswith("order."):
            order = self.orders.get(resource_id)
            return {"id": resource_id} if order is None else order.value(self.options)
        item = self.catalog.items.get(resource_id)
        return {"id": resource_id} if item is None or topic.endswith(".deleted") else self.renderer.value(item, VIEW)

    def trash(self, item: Item) -> None:
        """Put an item and its variations in the trash: dates move, `product.deleted` fires for a product."""
        at = int(self.now())
        for child in self.catalog.live_children(item):
            self._trash_one(child, at)
        self._trash_one(item, at)
        if item.is_variation:
            self._parent_moves(item, at)
        else:
            self.announce("product.deleted", item.id)

    def _trash_one(self, item: Item, at: int) -> None:
        item.before_trash = item.status
        kept = {"status": item.status, "time": str(at)}
        rows = [(f"_wp_trash_meta_{name}", value) for name, value in kept.items()]
        rows.append(("_wp_desired_post_slug", item.slug))
        item.meta += tuple(Meta(self.take_meta_id(), key, value) for key, value in rows)
        self.catalog.set_status(item, TRASH)
        item.slug = f"{item.slug}__trashed"
        self.catalog.touch(item, at)

    def restore(self, item: Item) -> None:
        """Take an item and its variations out of the trash; `product.restored` fires for a product."""
        at = int(self.now())
        children = (self.catalog.items.get(child) for child in item.children)
        for one in (item, *(child for child in children if child is not None and child.status == TRASH)):
            one.slug = one.slug.removesuffix("__trashed")
            self.catalog.set_status(one, one.before_trash or "publish")
            one.before_trash = ""
            one.meta = tuple(meta for meta in one.meta if meta.key not in TRASH_META)
            self.catalog.touch(one, at)
        if not item.is_variation:
            self.announce("product.restored", item.id)

    def delete(self, item: Item) -> None:
        """Delete an item for good with its variations; no webhook tells of it."""
        for child_id in item.children:
            child = self.catalog.items.get(child_id)
            if child is not None:
                self.catalog.drop(child)
        self.catalog.drop(item)
        parent = self.catalog.items.get(item.parent_id)
        if parent is not None:
            parent.children = tuple(child for child in parent.children if child != item.id)
            self._parent_moves(item, int(self.now()))

    def _parent_moves(self, item: Item, at: int) -> None:
        parent = self.catalog.items.get(item.parent_id)
        if parent is not None:
            self.catalog.touch(parent, at)

    def take_stock(self, item: Item, quantity: int) -> None:
        """Take pieces out of stock as an order does; may end below zero."""
        item.total_sales += quantity
        if item.manage_stock:
            item.stock = (item.stock or 0) - quantity
            self.saved(item)
        else:
            self.catalog.note(item.id)

    async def aclose(self) -> None:
        """Stop sending webhooks."""
        await self.deliveries.aclose()
