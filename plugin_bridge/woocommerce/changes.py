"""One row of a batch of updates: what is sent, and what its outcome is by what the store shows (pure)."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from backend.ports.store_writes import FAILED, REFUSED, STALE, UNCHANGED, WRITTEN, FieldValue, StockWrite, WriteResult
from plugin_bridge.woocommerce.current import Place
from plugin_bridge.woocommerce.field_values import differing, shown
from plugin_bridge.woocommerce.mapping import Shop, is_parent
from plugin_bridge.woocommerce.wire import WooItem

TRASH = "trash"
STOCK_MARK = "_storeloom_stock"
"""Meta data of an item: the key of the write that set its pieces last."""


class Change(Protocol):
    """What a batch knows of a row."""

    @property
    def key(self) -> str:
        """Of the write."""
        ...

    @property
    def place(self) -> Place:
        """The item that is changed."""
        ...

    @property
    def body(self) -> Mapping[str, Any]:
        """The fields as they are sent."""
        ...

    @property
    def reread(self) -> bool:
        """True when the answer to the write shows values in another spelling than reading does."""
        ...

    def before(self, item: WooItem | None) -> WriteResult | None:
        """Return the outcome if what the store shows already decides it; None: it is to be sent."""
        ...

    def echoed(self, item: WooItem, read: WooItem | None = None) -> WriteResult:
        """Return the outcome by the item in the answer, and by what reading shows afterwards if that was asked."""
        ...

    def after(self, item: WooItem | None, *, under_way: bool) -> WriteResult | None:
        """Return the outcome by what the store shows after no answer came; None: it is to be sent again.

        Args:     under_way: the store may still be working on what it was sent.
        """
        ...

    def gone(self) -> WriteResult:
        """Return the outcome when the item is not there any more."""
        ...


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """Fields of a product or variant that are set."""

    key: str
    place: Place
    fields: Mapping[str, FieldValue]
    body: Mapping[str, Any]
    shop: Shop
    sold: bool = False
    """The item is written as what is sold, which a parent of variations is not."""
    removal: bool = False
    """It is taken off sale, so that it is just as well when it is not there."""

    @property
    def reread(self) -> bool:
        """Descriptions are answered as they are kept and read as they are shown: with paragraphs around lines."""
        return "description" in self.fields

    def before(self, item: WooItem | None) -> WriteResult | None:
        """See `Change`."""
        if item is None or self._not_sold(item):
            return self.gone()
        seen = self._shown(item)
        if differing(self.fields, seen):
            return None
        return WriteResult(key=self.key, outcome=UNCHANGED, shown=seen)

    def echoed(self, item: WooItem, read: WooItem | None = None) -> WriteResult:
        """See `Change`."""
        if item.status == TRASH or self._not_sold(item):
            return self.gone()
        others = differing(self.fields, self._shown(item))
        seen = self._shown(read or item)
        if not others:
            return WriteResult(key=self.key, outcome=WRITTEN, shown=seen)
        message = f"The store shows something else than it was sent: {', '.join(sorted(others))}"
        return WriteResult(key=self.key, outcome=REFUSED, code="echo_differs", message=message, shown=seen)

    def after(self, item: WooItem | None, *, under_way: bool) -> WriteResult | None:
        """See `Change`; what is under way may arrive twice, it sets the same values."""
        found = self.before(item)
        if found is None or found.outcome != UNCHANGED:
            return found
        return msgspec.structs.replace(found, outcome=WRITTEN)

    def gone(self) -> WriteResult:
        """See `Change`."""
        if self.removal:
            return WriteResult(key=self.key, outcome=UNCHANGED)
        return gone(self.key)

    def _not_sold(self, item: WooItem) -> bool:
        return self.sold and not self.place.parent and is_parent(item.type)

    def _shown(self, item: WooItem) -> dict[str, FieldValue]:
        return shown(item, self.place.parent, self.fields, self.shop)


class StockChange(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of a variant that are set, if the store shows what is believed."""

    write: StockWrite
    place: Place
    repeated: bool = False
    """It may have been carried out before: the mark that it leaves on the item tells."""
    reread: bool = False

    @property
    def key(self) -> str:
        """See `Change`."""
        return self.write.key

    @property
    def body(self) -> Mapping[str, Any]:
        """See `Change`."""
        return {
            "stock_quantity": self.write.target,
            "meta_data": [{"key": STOCK_MARK, "value": self.write.key}],
        }

    def before(self, item: WooItem | None) -> WriteResult | None:
        """See `Change`."""
        return self._judged(item, _bears(item, self.key) if self.repeated else None)

    def _judged(self, item: WooItem | None, arrived: bool | None) -> WriteResult | None:
        """Compare what the store shows with what it shows if nobody else touched it.

        Args:     arrived: whether it was carried out; None: it was not sent yet.
        """
        pieces = item.stock_quantity if item is not None and item.manage_stock is True else None
        if item is None or (not self.place.parent and is_parent(item.type)):
            return self.gone()
        if pieces is None:
            message = "The store does not count pieces of this item itself"
            return WriteResult(key=self.key, outcome=REFUSED, code="not_counted", message=message)
        if pieces == self.write.target and (arrived is not False or pieces == self.write.believed):
            return WriteResult(key=self.key, outcome=UNCHANGED, pieces=pieces, arrived=arrived)
        if pieces != self.write.believed or arrived:
            return self._stale(pieces, arrived)
        return None

    def echoed(self, item: WooItem, read: WooItem | None = None) -> WriteResult:
        """See `Change`."""
        if item.status == TRASH:
            return self.gone()
        found = self._judged(item, arrived=None)
        if found is None:
            return self._stale(self.write.believed, arrived=None)
        return self._written(found)

    def after(self, item: WooItem | None, *, under_way: bool) -> WriteResult | None:
        """See `Change`; what is under way is not sent again, or an order in between would be undone by the second."""
        found = self._judged(item, _bears(item, self.key))
        if found is not None:
            return self._written(found)
        if not under_way:
            return None
        message = "The store did not answer in time and shows the old number still"
        return WriteResult(key=self.key, outcome=FAILED, code="timeout", message=message, pieces=self.write.believed)

    def gone(self) -> WriteResult:
        """See `Change`."""
        return gone(self.key)

    def _written(self, found: WriteResult) -> WriteResult:
        return msgspec.structs.replace(found, outcome=WRITTEN) if found.outcome == UNCHANGED else found

    def _stale(self, pieces: int, arrived: bool | None) -> WriteResult:
        message = f"The store shows {pieces} pieces, {self.write.believed} were believed"
        return WriteResult(key=self.key, outcome=STALE, message=message, pieces=pieces, arrived=arrived)


def _bears(item: WooItem | None, key: str) -> bool | None:
    """Tell whether an item bears the mark of a write; None: the store does not say what marks there are."""
    if item is None or item.meta_data is None:
        return None
    return any(meta.key == STOCK_MARK and str(meta.value) == key for meta in item.meta_data)


def gone(key: str) -> WriteResult:
    """Return the outcome of a write to what the store no longer has."""
    return WriteResult(key=key, outcome=REFUSED, code="gone", message="The store does not have this any more")
