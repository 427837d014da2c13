"""The catalog of a simulated store: items, their indexes, and which of them changed since seeding."""

from collections.abc import Callable, Iterable

from plugin_bridge.sandbox.shelf import Shelf
from plugin_bridge.sandbox.woocommerce.item import Item

PRODUCTS = "products"
VARIATIONS = "variations"
ANY = "any"
TRASH = "trash"


class Catalog:
    """Items by id; every change goes through a method so that the indexes stay right.

    `on_change` hears the id of each item whose looks may have changed.
    """

    def __init__(self, on_change: Callable[[int], None]) -> None:
        self.items: dict[int, Item] = {}
        self.by_sku: dict[str, int] = {}
        self.changed: set[int] = set()
        self.removed: set[int] = set()
        self.revision = 0
        self._on_change = on_change
        self._shelves: dict[tuple[str, str], Shelf] = {}

    def shelf(self, family: str, status: str = ANY) -> Shelf:
        """Return the index of PRODUCTS or VARIATIONS with a status; ANY is everything but trash."""
        return self._shelves.setdefault((family, status), Shelf())

    def seed(self, items: Iterable[Item]) -> None:
        """Fill an empty catalog at once."""
        rows: dict[tuple[str, str], list[tuple[int, int]]] = {}
        for item in items:
            self.items[item.id] = item
            if item.sku and item.status != TRASH:
                self.by_sku.setdefault(item.sku, item.id)
            for place in _places(item):
                rows.setdefault(place, []).append((item.id, item.modified_at))
        for place, content in rows.items():
            self.shelf(*place).fill(content)

    def insert(self, item: Item) -> None:
        """Add a new item."""
        self.items[item.id] = item
        for place in _places(item):
            self.shelf(*place).add(item.id, item.modified_at)
        if item.sku and item.status != TRASH:
            self.by_sku[item.sku] = item.id
        self.removed.discard(item.id)
        self.note(item.id)

    def drop(self, item: Item) -> None:
        """Forget an item for good."""
        self.items.pop(item.id, None)
        self._unplace(item)
        self.note(item.id)
        self.changed.discard(item.id)
        self.removed.add(item.id)

    def touch(self, item: Item, at: int) -> None:
        """Move the item's date of change and note that it changed."""
        for place in _places(item):
            self.shelf(*place).touch(item.id, item.modified_at, at)
        item.modified_at = at
        self.note(item.id)

    def set_status(self, item: Item, status: str) -> None:
        """Move the item to the shelves of another status."""
        self._unplace(item)
        item.status = status
        for place in _places(item):
            self.shelf(*place).add(item.id, item.modified_at)
        if item.sku and status != TRASH:
            self.by_sku.setdefault(item.sku, item.id)
        self.note(item.id)

    def set_sku(self, item: Item, sku: str) -> None:
        """Rename the item's SKU; the caller has checked that it is free."""
        if self.by_sku.get(item.sku) == item.id:
            del self.by_sku[item.sku]
        item.sku = sku
        if sku and item.status != TRASH:
            self.by_sku[sku] = item.id
        self.note(item.id)

    def note(self, item_id: int) -> None:
        """Remember that an item is no longer as it was seeded."""
        self.revision += 1
        self.changed.add(item_id)
        self._on_change(item_id)

    def live_children(self, parent: Item) -> list[Item]:
        """Return the variations of a product that are not in the trash, in id order."""
        items = (self.items.get(child) for child in parent.children)
        return [item for item in items if item is not None and item.status != TRASH]

    def _unplace(self, item: Item) -> None:
        for place in _places(item):
            self.shelf(*place).remove(item.id, item.modified_at)
        if self.by_sku.get(item.sku) == item.id:
            del self.by_sku[item.sku]


def _places(item: Item) -> tuple[tuple[str, str], ...]:
    family = VARIATIONS if item.is_variation else PRODUCTS
    if item.status == TRASH:
        return ((family, TRASH),)
    return ((family, ANY), (family, item.status))
