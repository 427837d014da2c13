"""One simulated shop: everything it holds, and the changes that several entrances make to it alike."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from backend.ports.store_platform import PlatformProduct
from plugin_bridge.sandbox.faults import Faults
from plugin_bridge.sandbox.journal import Journal
from plugin_bridge.sandbox.shopify.bucket import Bucket
from plugin_bridge.sandbox.shopify.bulk_work import WORK
from plugin_bridge.sandbox.shopify.catalog import Catalog
from plugin_bridge.sandbox.shopify.channels import Publication, publications_of
from plugin_bridge.sandbox.shopify.deliveries import Deliveries
from plugin_bridge.sandbox.shopify.gids import gid
from plugin_bridge.sandbox.shopify.idempotency import Idempotency
from plugin_bridge.sandbox.shopify.installation import Installation
from plugin_bridge.sandbox.shopify.kinds import KINDS
from plugin_bridge.sandbox.shopify.operations import Operations
from plugin_bridge.sandbox.shopify.options import AppOptions, ShopOptions
from plugin_bridge.sandbox.shopify.payloads import payload
from plugin_bridge.sandbox.shopify.records import Collection, Hook, Location, Order, Product, Variant
from plugin_bridge.sandbox.shopify.seed import Ids, Seeder
from plugin_bridge.sandbox.shopify.staged import StagedUploads
from plugin_bridge.sandbox.shopify.values import time_text


class Shop:
    """The state of one shop.

    Args:     app: the app that may be installed; None: none may.
              products: seed, read once. seeded_at: Unix second of the first one; None is thirty days ago.
              files: folder for bulk operations' files, made when first needed. clock: returns Unix seconds.
    """

    def __init__(
        self,
        options: ShopOptions,
        app: AppOptions | None,
        products: Iterable[PlatformProduct] = (),
        *,
        files: Path,
        seeded_at: int | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.options: ShopOptions = options
        self.app: AppOptions | None = app
        self._clock = clock
        self.seeded_at: int = int(self.now()) - 30 * 86_400 if seeded_at is None else seeded_at
        self.ids: Ids = Ids()
        self.id: int = self.ids.take()
        self.locations: dict[int, Location] = self._locations()
        self.publications: dict[int, Publication] = publications_of(options.channels)
        self.catalog: Catalog = Catalog()
        seeder = Seeder(self.ids, list(self.locations.values()), self.seeded_at)
        self.catalog.seed(seeder.pairs(products))
        self.collections: dict[int, Collection] = {one.id: one for one in seeder.collections.values()}
        self.orders: dict[int, Order] = {}
        self.hooks: dict[int, Hook] = {}
        self.installation: Installation = Installation()
        self.faults: Faults = Faults(KINDS)
        self.journal: Journal = Journal()
        self.bucket: Bucket = Bucket(options.restore_rate, options.bucket_size, self.now())
        self.idempotency: Idempotency = Idempotency()
        self.operations: Operations = Operations(self, files, WORK)
        self.staged: StagedUploads = StagedUploads()
        self.deliveries: Deliveries = Deliveries(self)
        self.revision = 0
        """Counts changes outside the catalog."""

    def _locations(self) -> dict[int, Location]:
        made = [Location(id=self.ids.take(), name=name, created_at=self.seeded_at) for name in self.options.locations]
        return {location.id: location for location in made}

    def now(self) -> float:
        """Return Unix seconds by the shop's own clock."""
        return self._clock() + self.options.clock_skew_s

    @property
    def first_location(self) -> Location:
        """Return the place that orders are shipped from."""
        return next(location for location in self.locations.values() if location.active)

    def product_saved(self, product: Product, *, created: bool = False) -> None:
        """Do what follows the saving of a product: its date moves and a webhook tells of it."""
        self.catalog.touch_product(product, int(self.now()))
        self.announce("products/create" if created else "products/update", product.id)

    def variant_saved(self, variant: Variant) -> None:
        """Do what follows the saving of a variant: its date and the product's move, a webhook tells of the product."""
        self.catalog.touch_variant(variant, int(self.now()))
        self.announce("products/update", variant.product_id)

    def set_stock(self, variant: Variant, location_id: int, pieces: int) -> None:
        """Set what is available in one place; inventory and product webhooks tell of it."""
        variant.levels = {**variant.levels, location_id: pieces}
        self.variant_saved(variant)
        self.announce("inventory_levels/update", variant.id, location_id)

    def delete_product(self, product: Product) -> None:
        """Delete a product with its variants."""
        self.catalog.drop(product.id)
        self.announce("products/delete", product.id)

    def announce(self, topic: str, resource_id: int, part: int = 0) -> None:
        """Queue the webhooks of a topic for one thing; the payload is built when they leave."""
        self.deliveries.queue(topic, (resource_id, part))

    def payload(self, topic: str, resource: tuple[int, int]) -> Any:
        """Return what a webhook carries at this moment, None when there is nothing to tell any more."""
        return payload(self, topic, resource)

    def uninstall(self) -> None:
        """Uninstall the app as its merchant does: tokens and subscriptions end, `app/uninstalled` is sent."""
        if not self.installation.installed:
            return
        self.installation.uninstall()
        self.hooks.clear()
        self.revision += 1
        self.announce("app/uninstalled", self.id)
        if self.options.shop_redact_s is not None:
            told = {"shop_id": self.id, "shop_domain": self.options.domain}
            self.deliveries.later(self.options.shop_redact_s, "shop/redact", told)

    def install(self, scopes: str) -> None:
        """Install the app, or grant it other scopes, of which `app/scopes_update` tells."""
        before = self.installation
        changed = before.installed and set(before.scopes.split(",")) != set(scopes.split(","))
        old = before.scopes
        self.installation.install(scopes)
        self.revision += 1
        if changed:
            self.deliveries.send(
                "app/scopes_update",
                {
                    "id": self.id,
                    "shop_id": gid("Shop", self.id),
                    "previous": old.split(","),
                    "current": scopes.split(","),
                    "updated_at": time_text(self.now()),
                    "shop_domain": self.options.domain,
                },
            )

    async def aclose(self) -> None:
        """Stop sending webhooks and running bulk operations."""
        await self.operations.aclose()
        await self.deliveries.aclose()
