"""Writes to a WooCommerce store: sorted into requests, carried out two at a time, told as they are done."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from functools import partial

import msgspec

from backend.ports.store_writes import (
    REFUSED,
    FieldValue,
    ProductCreation,
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
from plugin_bridge.woocommerce.creating import AT_ONCE, Creations
from plugin_bridge.woocommerce.current import CurrentItems, Place
from plugin_bridge.woocommerce.field_values import body_of, unfit
from plugin_bridge.woocommerce.jobs import Job, run
from plugin_bridge.woocommerce.mapping import Shop
from plugin_bridge.woocommerce.picture_writing import PictureWriting
from plugin_bridge.woocommerce.removing import Deletions
from plugin_bridge.woocommerce.terms import Terms
from plugin_bridge.woocommerce.wire import MAX_ID, WooItem

_HIDDEN: Mapping[str, FieldValue] = {"status": "draft"}


class StoreWriter:
    """Carries out the writes of one call.

    Args:     facts: what `identify` found: `weight_unit`, `variations`. size: what earlier calls learned of the store.
    """

    def __init__(self, client: WooClient, facts: Mapping[str, str], size: BatchSize) -> None:
        self._client, self._size = client, size
        listed = facts.get("variations")
        self._items = CurrentItems(client, None if listed is None else listed == "yes")
        self._shop = Shop(weight_unit=facts.get("weight_unit", "kg"))
        self._terms = Terms(client)
        self._done: list[WriteResult] = []
        self._pictures = PictureWriting(client, self._items, self._shop, size, self._done.append)
        self._batches = Batches(client, self._items, size, self._tell)

    async def write(self, writes: Sequence[StoreWrite], *, repeated: bool) -> AsyncIterator[Sequence[WriteResult]]:
        """Carry writes out; see the port."""
        placed = self._placed(writes)
        for one, at in placed:
            if isinstance(one, ProductWrite) and "images" in one.fields:
                self._pictures.expect(one, at)
        made = [self._change(one, at, repeated=repeated) for one, at in placed]
        changes = [change for change in made if change is not None]
        found = await self._found(changes, repeated=repeated)
        changes = [change for change in changes if not self._is_decided(change, found, repeated=repeated)]
        ready = await self._with_tags(changes)
        jobs: list[Job] = [partial(self._batches.send, parent, some) for parent, some in _by_parent(ready)]
        jobs += self._creating([one for one in writes if isinstance(one, ProductCreation)], repeated=repeated)
        jobs += self._deleting([(one, at) for one, at in placed if isinstance(one, ProductRemoval) and one.delete])
        async for results in run(jobs, self._client.traffic.pace.most, self._done):
            yield results
        async for results in run([partial(self._pictures.send, found)], 1, self._done):
            yield results

    def _tell(self, result: WriteResult) -> None:
        if not self._pictures.keep(result):
            self._done.append(result)

    def _placed(self, writes: Iterable[StoreWrite]) -> list[tuple[StoreWrite, Place]]:
        placed: list[tuple[StoreWrite, Place]] = []
        for write in writes:
            if isinstance(write, ProductCreation):
                continue
            place = place_of(write)
            if place is None:
                self._done.append(gone(write.key))
            else:
                placed.append((write, place))
        return placed

    def _change(self, write: StoreWrite, place: Place, *, repeated: bool) -> Change | None:
        if isinstance(write, StockWrite):
            return StockChange(write=write, place=place, repeated=repeated)
        if isinstance(write, ProductRemoval):
            return None if write.delete else self._hiding(write, place)
        return self._field_change(write, place) if isinstance(write, ProductWrite | VariantWrite) else None

    def _field_change(self, write: ProductWrite | VariantWrite, place: Place) -> FieldChange | None:
        fields = {name: value for name, value in write.fields.items() if name != "images"}
        problem = unfit(fields)
        if problem is not None:
            code, message = problem
            self._tell(WriteResult(key=write.key, outcome=REFUSED, code=code, message=message))
        if problem is not None or not fields:
            return None
        sold = isinstance(write, VariantWrite)
        return FieldChange(key=write.key, place=place, fields=fields, body={}, shop=self._shop, sold=sold)

    def _hiding(self, removal: ProductRemoval, place: Place) -> FieldChange:
        return FieldChange(
            key=removal.key, place=place, fields=_HIDDEN, body=body_of(_HIDDEN), shop=self._shop, removal=True
        )

    async def _found(self, changes: Sequence[Change], *, repeated: bool) -> Mapping[int, WooItem]:
        """Return what the store shows, where that matters: pieces, images, and what may have been written already."""
        asked = [change for change in changes if repeated or isinstance(change, StockChange)]
        pictured = self._pictures.places
        only = not pictured and all(isinstance(change, StockChange) for change in asked)
        places = [*(change.place for change in asked), *pictured]
        marks = repeated and any(isinstance(change, StockChange) for change in asked)
        return await self._items.find(places, stock_only=only, marks=marks) if places else {}

    def _is_decided(self, change: Change, found: Mapping[int, WooItem], *, repeated: bool) -> bool:
        if not repeated and not isinstance(change, StockChange):
            return False
        result = change.before(found.get(change.place.id))
        if result is not None:
            self._tell(result)
        return result is not None

    async def _with_tags(self, changes: Sequence[Change]) -> list[Change]:
        """Return the changes ready to be sent, without those whose tags the store does not take."""
        names = [tag for one in changes if isinstance(one, FieldChange) for tag in _tags(one)]
        known = await self._terms.tag_ids(names)
        ready: list[Change] = []
        for change in changes:
            missing = [tag for tag in _tags(change) if tag not in known] if isinstance(change, FieldChange) else []
            if missing:
                message = f"The store does not take the tag {missing[0]!r}"
                self._tell(WriteResult(key=change.key, outcome=REFUSED, code="rejected", message=message))
            elif isinstance(change, FieldChange):
                body = body_of(change.fields, self._shop.weight_unit, known)
                ready.append(msgspec.structs.replace(change, body=body))
            else:
                ready.append(change)
        return ready

    def _creating(self, creations: Sequence[ProductCreation], *, repeated: bool) -> list[Job]:
        making = Creations(self._client, self._items, self._terms, self._shop, self._size, self._tell)
        starts = range(0, len(creations), AT_ONCE)
        return [partial(making.create, creations[start : start + AT_ONCE], repeated=repeated) for start in starts]

    def _deleting(self, removals: Sequence[tuple[ProductRemoval, Place]]) -> list[Job]:
        async def delete() -> None:
            left = await Deletions(self._client, self._tell).not_ours([(one, place.id) for one, place in removals])
            await self._batches.send(0, [self._hiding(one, Place(0, number)) for one, number in left])

        return [delete] if removals else []


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


def _tags(change: FieldChange) -> tuple[str, ...]:
    value = change.fields.get("tags")
    return tuple(tag for tag in value if isinstance(tag, str)) if isinstance(value, tuple) else ()


def _by_parent(changes: Iterable[Change]) -> list[tuple[int, list[Change]]]:
    groups: dict[int, list[Change]] = {}
    for change in changes:
        groups.setdefault(change.place.parent, []).append(change)
    return list(groups.items())
