"""The images of a product: what is sent, and what its outcome is by what the store shows (pure)."""

from collections.abc import Mapping
from typing import Any

import msgspec

from backend.ports.store_platform import PlatformImage
from backend.ports.store_writes import FAILED, REFUSED, UNCHANGED, WRITTEN, FieldValue, ProductWrite, WriteResult
from plugin_bridge.woocommerce.changes import TRASH, gone
from plugin_bridge.woocommerce.current import Place
from plugin_bridge.woocommerce.field_values import same, shown
from plugin_bridge.woocommerce.mapping import Shop
from plugin_bridge.woocommerce.wire import WooItem


class PictureChange(msgspec.Struct, frozen=True, kw_only=True):
    """Implements `Change` for the images of a product."""

    key: str
    place: Place
    images: tuple[PlatformImage, ...]
    known: Mapping[str, int]
    """Ids of the images that the product has, by address: those are kept, not fetched again."""
    shop: Shop
    reread: bool = False

    @property
    def body(self) -> Mapping[str, Any]:
        """See `Change`."""
        return {"images": [self._row(image) for image in self.images]}

    def _row(self, image: PlatformImage) -> dict[str, Any]:
        number = self.known.get(image.url)
        return {"src": image.url, "alt": image.alt} if number is None else {"id": number, "alt": image.alt}

    def before(self, item: WooItem | None) -> WriteResult | None:
        """See `Change`."""
        if item is None:
            return self.gone()
        seen = self._shown(item)
        return WriteResult(key=self.key, outcome=UNCHANGED, shown=seen) if seen["images"] == self.images else None

    def echoed(self, item: WooItem, read: WooItem | None = None) -> WriteResult:
        """See `Change`."""
        if item.status == TRASH:
            return self.gone()
        seen = self._shown(item)
        if same("images", self.images, seen["images"]):
            return WriteResult(key=self.key, outcome=WRITTEN, shown=seen)
        message = "The store did not take all images"
        return WriteResult(key=self.key, outcome=REFUSED, code="image_refused", message=message, shown=seen)

    def after(self, item: WooItem | None, *, under_way: bool) -> WriteResult | None:
        """See `Change`; the store keeps copies, so that fetched ones are known by their new ids only."""
        found = self.before(item)
        if item is None or found is not None:
            return msgspec.structs.replace(found, outcome=WRITTEN) if found and found.outcome == UNCHANGED else found
        others = {image.id for image in item.images} != set(self.known.values())
        return self.echoed(item) if others and same("images", self.images, self._shown(item)["images"]) else None

    def gone(self) -> WriteResult:
        """See `Change`."""
        return gone(self.key)

    def _shown(self, item: WooItem) -> dict[str, FieldValue]:
        return shown(item, 0, {"images": self.images}, self.shop)


def picture_change(write: ProductWrite, place: Place, item: WooItem, shop: Shop) -> PictureChange:
    """Return the change that gives a product the images of a write."""
    wanted = write.fields.get("images")
    images = tuple(one for one in wanted if isinstance(one, PlatformImage)) if isinstance(wanted, tuple) else ()
    known = {image.src: image.id for image in item.images if image.id}
    return PictureChange(key=write.key, place=place, images=images, known=known, shop=shop)


def together(fields: WriteResult | None, pictures: WriteResult) -> WriteResult:
    """Return the outcome of a write whose images were sent apart: images alone never undo what was written."""
    if fields is None or pictures.code == "gone":
        return pictures
    seen = {**fields.shown, **pictures.shown}
    if fields.outcome in (FAILED, REFUSED) or pictures.outcome == UNCHANGED:
        return msgspec.structs.replace(fields, shown=seen)
    if pictures.outcome == FAILED:
        return msgspec.structs.replace(pictures, shown=seen)
    return WriteResult(key=fields.key, outcome=WRITTEN, code=pictures.code, message=pictures.message, shown=seen)
