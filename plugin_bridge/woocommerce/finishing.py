"""The last touch on a product that was made: its pictures, the status it should have, the SKU it bore meanwhile."""

from collections.abc import Mapping
from typing import Any

import msgspec

from backend.ports.store_writes import REFUSED, UNCHANGED, WRITTEN, ProductCreation, WriteResult
from plugin_bridge.woocommerce.changes import TRASH, gone
from plugin_bridge.woocommerce.current import Place
from plugin_bridge.woocommerce.field_values import status_text
from plugin_bridge.woocommerce.new_items import guard_sku
from plugin_bridge.woocommerce.wire import WooItem


class Finish(msgspec.Struct, frozen=True, kw_only=True):
    """Implements `Change` for a product that is all there but for this."""

    creation: ProductCreation
    place: Place
    body: Mapping[str, Any]
    reread: bool = False

    @property
    def key(self) -> str:
        """Of the creation."""
        return self.creation.key

    def before(self, item: WooItem | None) -> WriteResult | None:
        """See `Change`."""
        if item is None:
            return self.gone()
        return None if finishing(self.creation, item) else WriteResult(key=self.key, outcome=UNCHANGED)

    def echoed(self, item: WooItem, read: WooItem | None = None) -> WriteResult:
        """See `Change`."""
        if item.status == TRASH:
            return self.gone()
        left = {name for name in finishing(self.creation, item) if name in self.body}
        if not left:
            return WriteResult(key=self.key, outcome=WRITTEN)
        message = f"The store did not take: {', '.join(sorted(left))}"
        return WriteResult(key=self.key, outcome=REFUSED, code="echo_differs", message=message)

    def after(self, item: WooItem | None, *, under_way: bool) -> WriteResult | None:
        """See `Change`; sent twice, pictures are fetched twice, and the later ones count."""
        found = self.before(item)
        return msgspec.structs.replace(found, outcome=WRITTEN) if found and found.outcome == UNCHANGED else found

    def gone(self) -> WriteResult:
        """See `Change`."""
        return gone(self.key)

    def without_pictures(self) -> "Finish":
        """Return the same without pictures."""
        return msgspec.structs.replace(self, body={name: one for name, one in self.body.items() if name != "images"})


def finishing(creation: ProductCreation, item: WooItem) -> dict[str, Any]:
    """Return what a product that we made lacks."""
    product = creation.product
    body: dict[str, Any] = {}
    if item.status != status_text(product.status):
        body["status"] = status_text(product.status)
    if guard_sku(creation) and item.sku == guard_sku(creation):
        body["sku"] = ""
    if product.images and not item.images:
        body["images"] = [{"src": image.url, "alt": image.alt} for image in product.images]
    return body
