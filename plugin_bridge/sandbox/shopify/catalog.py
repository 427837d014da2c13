"""Products and variants with the indexes that keep a page as cheap in a large shop as in a small one."""

from collections.abc import Iterable

from plugin_bridge.sandbox.shelf import Shelf
from plugin_bridge.sandbox.shopify.records import Product, Variant


class Catalog:
    """Everything a shop sells, and what changed since it was seeded."""

    def __init__(self) -> None:
        self.products: dict[int, Product] = {}
        self.variants: dict[int, Variant] = {}
        self.by_inventory: dict[int, int] = {}
        self.by_sku: dict[str, list[int]] = {}
        self.by_handle: dict[str, int] = {}
        self.product_shelf = Shelf()
        self.variant_shelf = Shelf()
        self.changed: set[int] = set()
        """Products to be kept in a snapshot, each with its variants."""
        self.removed: set[int] = set()
        self.revision = 0

    def seed(self, pairs: Iterable[tuple[Product, list[Variant]]]) -> None:
        """Fill an empty catalog; sorts once."""
        for product, variants in pairs:
            self._keep(product, variants)
        self.product_shelf.fill([(product.id, product.updated_at) for product in self.products.values()])
        self.variant_shelf.fill([(variant.id, variant.updated_at) for variant in self.variants.values()])

    def put(self, product: Product, variants: list[Variant]) -> None:
        """Add or replace a product with all its variants."""
        self.drop(product.id)
        product.variants = tuple(variant.id for variant in variants)
        self._keep(product, variants)
        self.product_shelf.add(product.id, product.updated_at)
        for variant in variants:
            self.variant_shelf.add(variant.id, variant.updated_at)
        self.removed.discard(product.id)
        self.note(product.id)

    def _keep(self, product: Product, variants: list[Variant]) -> None:
        self.products[product.id] = product
        self.by_handle[product.handle] = product.id
        for variant in variants:
            self.variants[variant.id] = variant
            self.by_inventory[variant.inventory_id] = variant.id
            if variant.sku:
                self.by_sku.setdefault(variant.sku, []).append(variant.id)

    def drop(self, product_id: int) -> Product | None:
        """Take a product out with its variants; None when there is none."""
        product = self.products.pop(product_id, None)
        if product is None:
            return None
        for variant_id in product.variants:
            self._forget(variant_id)
        self.product_shelf.remove(product.id, product.updated_at)
        if self.by_handle.get(product.handle) == product.id:
            del self.by_handle[product.handle]
        self.changed.discard(product_id)
        self.removed.add(product_id)
        self.revision += 1
        return product

    def _forget(self, variant_id: int) -> None:
        variant = self.variants.pop(variant_id)
        del self.by_inventory[variant.inventory_id]
        self._unlist_sku(variant)
        self.variant_shelf.remove(variant.id, variant.updated_at)

    def _unlist_sku(self, variant: Variant) -> None:
        listed = self.by_sku.get(variant.sku, [])
        if variant.id in listed:
            listed.remove(variant.id)
        if not listed:
            self.by_sku.pop(variant.sku, None)

    def set_sku(self, variant: Variant, sku: str) -> None:
        """Give a variant another SKU; several variants may share one."""
        self._unlist_sku(variant)
        variant.sku = sku
        if sku:
            self.by_sku.setdefault(sku, []).append(variant.id)

    def set_handle(self, product: Product, handle: str) -> None:
        """Give a product another handle."""
        if self.by_handle.get(product.handle) == product.id:
            del self.by_handle[product.handle]
        product.handle = handle
        self.by_handle[handle] = product.id

    def touch_product(self, product: Product, at: int) -> None:
        """Note that a product changed."""
        self.product_shelf.touch(product.id, product.updated_at, at)
        product.updated_at = at
        self.note(product.id)

    def touch_variant(self, variant: Variant, at: int) -> None:
        """Note that a variant changed; its product changes with it."""
        self.variant_shelf.touch(variant.id, variant.updated_at, at)
        variant.updated_at = at
        self.touch_product(self.products[variant.product_id], at)

    def note(self, product_id: int) -> None:
        """Have a product kept in the next snapshot."""
        self.changed.add(product_id)
        self.revision += 1

    def variants_of(self, product: Product) -> list[Variant]:
        """Return a product's variants in their order."""
        return [self.variants[variant_id] for variant_id in product.variants]

    def free_handle(self, wanted: str) -> str:
        """Return the handle, with a number behind it when it is taken."""
        if wanted not in self.by_handle:
            return wanted
        number = 1
        while f"{wanted}-{number}" in self.by_handle:
            number += 1
        return f"{wanted}-{number}"
