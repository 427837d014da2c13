"""Writes to a WooCommerce store: sorted into requests, carried out two at a time, told as they are done."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence

from backend.ports.store_writes import (
    REFUSED,
    ProductRemoval,
    ProductWrite,
    StockWrite,
    StoreWrite,
    VariantWrite,
    WriteResult,
)
from plugin_bridge.woocommerce.batches import Batches, BatchSize
from plugin_bridge.woocommerce.changes import Change, FieldChange, StockChange, gone
from plugin_bridge.woocommerce.client import WooClient
from plugin_bridge.woocommerce.current import CurrentItems, Place
from plugin_bridge.woocommerce.field_values import body_of, unfit
from plugin_bridge.woocommerce.mapping import Shop
from plugin_bridge.woocommerce.wire import MAX_ID, WooItem

Job = Callable[[], Awaitable[None]]


class StoreWriter:
    """Carries out the writes of one call.

    Args:     facts: what `identify` found: `weight_unit`, `variations`. size: what earlier calls learned of the store.
    """

    def __init__(self, client: WooClient, facts: Mapping[str, str], size: BatchSize) -> None:
        self._client = client
        listed = facts.get("variations")
        self._items = CurrentItems(client, None if listed is None else listed == "yes")
        self._shop = Shop(weight_unit=facts.get("weight_unit", "kg"))
        self._done: list[WriteResult] = []
        self._batches = Batches(client, self._items, size, self._done.append)

    async def write(self, writes: Sequence[StoreWrite], *, repeated: bool) -> AsyncIterator[Sequence[WriteResult]]:
        """Carry writes out; see the port."""
        changes = self._changes(writes)
        changes = await self._undecided(changes, repeated=repeated)
        async for results in self._run([self._sending(parent, some) for parent, some in _by_parent(changes)]):
            yield results

    def _changes(self, writes: Iterable[StoreWrite]) -> list[Change]:
        made: list[Change] = []
        for write in writes:
            place = place_of(write)
            if place is None:
                self._done.append(gone(write.key))
            elif isinstance(write, StockWrite):
                made.append(StockChange(write=write, place=place))
            elif isinstance(write, ProductWrite | VariantWrite):
                made += self._field_change(write, place)
        return made

    def _field_change(self, write: ProductWrite | VariantWrite, place: Place) -> list[Change]:
        problem = unfit(write.fields)
        if problem is not None:
            code, message = problem
            self._done.append(WriteResult(key=write.key, outcome=REFUSED, code=code, message=message))
            return []
        return [
            FieldChange(
                key=write.key,
                place=place,
                fields=write.fields,
                body=body_of(write.fields, self._shop.weight_unit),
                shop=self._shop,
                sold=isinstance(write, VariantWrite),
            )
        ]

    async def _undecided(self, changes: list[Change], *, repeated: bool) -> list[Change]:
        """Ask what the store shows where that may decide, and return what is left to be sent."""
        asked = [change for change in changes if repeated or isinstance(change, StockChange)]
        if not asked:
            return changes
        only = all(isinstance(change, StockChange) for change in asked)
        found = await self._items.find([change.place for change in asked], stock_only=only)
        decided = {change.key for change in asked if self._decided(change, found)}
        return [change for change in changes if change.key not in decided]

    def _decided(self, change: Change, found: Mapping[int, WooItem]) -> bool:
        result = change.before(found.get(change.place.id))
        if result is not None:
            self._done.append(result)
        return result is not None

    def _sending(self, parent: int, changes: list[Change]) -> Job:
        async def send() -> None:
            await self._batches.send(parent, changes)

        return send

    async def _run(self, jobs: Iterable[Job]) -> AsyncIterator[Sequence[WriteResult]]:
        """Run jobs, as many at a time as requests may be; a failure lets none begin and is raised at the end."""
        waiting, problem = deque(jobs), None
        running: set[asyncio.Future[None]] = set()
        try:
            while self._done or running or (waiting and problem is None):
                if self._done:
                    results, self._done[:] = list(self._done), []
                    yield results
                while waiting and problem is None and len(running) < self._client.traffic.pace.most:
                    running.add(asyncio.ensure_future(waiting.popleft()()))
                if running:
                    ended, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                    problem = problem or next((error for one in ended if (error := one.exception())), None)
        finally:
            for one in running:
                one.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        if problem is not None:
            raise problem


def place_of(write: StoreWrite) -> Place | None:
    """Return what is written to; None when its id cannot be one of WooCommerce's."""
    if not isinstance(write, ProductWrite | VariantWrite | StockWrite | ProductRemoval):
        return None
    product = _number(write.external_product_id)
    own = _number(write.external_id) if isinstance(write, VariantWrite | StockWrite) else product
    if product is None or own is None:
        return None
    return Place(0 if own == product else product, own)


def _number(text: str) -> int | None:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
    return number if 0 < number <= MAX_ID else None


def _by_parent(changes: Iterable[Change]) -> list[tuple[int, list[Change]]]:
    groups: dict[int, list[Change]] = {}
    for change in changes:
        groups.setdefault(change.place.parent, []).append(change)
    return list(groups.items())
