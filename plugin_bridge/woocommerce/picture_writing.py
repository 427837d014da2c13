"""Product writes that name images: what becomes of their other fields first, then the images, then both as one."""

from collections.abc import Callable, Mapping

from backend.ports.store_writes import FAILED, REFUSED, ProductWrite, WriteResult
from plugin_bridge.woocommerce.batches import Batches, BatchSize
from plugin_bridge.woocommerce.changes import gone
from plugin_bridge.woocommerce.client import WooClient
from plugin_bridge.woocommerce.current import CurrentItems, Place
from plugin_bridge.woocommerce.mapping import Shop
from plugin_bridge.woocommerce.pictures import picture_change, together
from plugin_bridge.woocommerce.wire import WooItem

AT_ONCE = 5
"""Products whose images are sent in one request: the store fetches each before it answers."""


class PictureWriting:
    """The images of one call's writes; what became of each write is told to *emit*."""

    def __init__(
        self,
        client: WooClient,
        items: CurrentItems,
        shop: Shop,
        size: BatchSize,
        emit: Callable[[WriteResult], None],
    ) -> None:
        self._shop, self._emit = shop, emit
        self._batches = Batches(client, items, BatchSize(min(size.most, AT_ONCE)), self._tell)
        self._expected: dict[str, tuple[ProductWrite, Place]] = {}
        self._fields: dict[str, WriteResult] = {}

    def expect(self, write: ProductWrite, place: Place) -> None:
        """Note a write whose images are to be sent."""
        self._expected[write.key] = (write, place)

    @property
    def places(self) -> list[Place]:
        """The products whose images have to be known before."""
        return [place for _, place in self._expected.values()]

    def keep(self, result: WriteResult) -> bool:
        """Keep what became of the other fields of a write with images; False: it has none."""
        if result.key not in self._expected:
            return False
        self._fields[result.key] = result
        return True

    async def send(self, found: Mapping[int, WooItem]) -> None:
        """Send the images that products do not show yet.

        Args:     found: the products as they were before.
        Raises:   StoreRefused, StoreUnavailable, StoreThrottled.
        """
        left = []
        for write, place in self._expected.values():
            fields, item = self._fields.get(write.key), found.get(place.id)
            if fields is not None and fields.outcome in (FAILED, REFUSED) and fields.code != "echo_differs":
                self._emit(fields)
            elif item is None:
                self._emit(gone(write.key))
            else:
                change = picture_change(write, place, item, self._shop)
                there = change.before(item)
                if there is None:
                    left.append(change)
                else:
                    self._tell(there)
        await self._batches.send(0, left)

    def _tell(self, result: WriteResult) -> None:
        self._emit(together(self._fields.get(result.key), result))
