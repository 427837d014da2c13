"""Prices, skus, barcodes and weights: one mutation for each product, whose variants are told apart."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from backend.ports.platform_errors import PlatformError
from backend.ports.store_platform import PlatformVariant
from backend.ports.store_writes import VariantWrite, WriteResult
from plugin_bridge.shopify.answers import UserError
from plugin_bridge.shopify.at_once import as_they_end
from plugin_bridge.shopify.client import ShopifyClient
from plugin_bridge.shopify.documents import Document
from plugin_bridge.shopify.inputs import NotWritable, needs_reading, variant_input
from plugin_bridge.shopify.mapping import Mapper, global_id, number
from plugin_bridge.shopify.reading_first import by_ids
from plugin_bridge.shopify.verdicts import (
    Results,
    broken,
    faulted,
    gone,
    not_writable,
    of_this_item,
    same,
    settled,
    shown,
    unanswered,
)
from plugin_bridge.shopify.wire import VariantLine
from plugin_bridge.shopify.write_answers import VariantsShownAnswer, VariantsUpdateAnswer

UPDATE = Document("variants_update", VariantsUpdateAnswer)
SHOWN = Document("variants_shown", VariantsShownAnswer, points=500)
MOST_VARIANTS = 250
"""Most variants that one mutation may name."""


class Ready(msgspec.Struct, frozen=True):
    """A write with what is sent for it."""

    write: VariantWrite
    input: dict[str, Any]


class ProductVariants(msgspec.Struct, frozen=True):
    """One mutation: some variants of one product."""

    product_id: str
    ready: tuple[Ready, ...]

    @property
    def variables(self) -> dict[str, Any]:
        """What the document takes."""
        return {
            "productId": global_id("Product", self.product_id),
            "variants": [one.input for one in self.ready],
        }

    @property
    def keys(self) -> tuple[str, ...]:
        """Of its writes."""
        return tuple(one.write.key for one in self.ready)


class VariantWriting:
    """Writes to variants of one shop."""

    def __init__(self, client: ShopifyClient) -> None:
        self._client = client

    async def prepared(
        self, writes: Sequence[VariantWrite], *, repeated: bool
    ) -> tuple[list[ProductVariants], list[WriteResult]]:
        """Return the mutations that are needed, and the results of the writes that need none.

        Args:     repeated: read every variant first and send only what it does not show yet.
        """
        read = [one for one in writes if repeated or needs_reading(one.fields)]
        there = await self._read(read)
        ready: list[Ready] = []
        results: list[WriteResult] = []
        for write in writes:
            known = there.get(write.external_id)
            if known is None and (repeated or needs_reading(write.fields)):
                results.append(gone(write.key))
                continue
            outcome = _ready(write, known)
            if isinstance(outcome, Ready):
                ready.append(outcome)
            else:
                results.append(outcome)
        return _by_product(ready), results

    async def _read(self, writes: Sequence[VariantWrite]) -> dict[str, PlatformVariant]:
        ids = [global_id("ProductVariant", one.external_id) for one in writes]
        lines = await by_ids(self._client, SHOWN, lambda answer: answer.nodes, ids)
        mapper = Mapper()
        return {number(one): mapper.variant(line) for one, line in lines.items()}

    async def results(self, mutations: Sequence[ProductVariants]) -> Results:
        """Send mutations, several at once, and yield what became of their writes."""
        jobs: list[Callable[[], Any]] = [partial(self._send, one) for one in mutations]
        async for results in as_they_end(jobs):
            yield results

    async def _send(self, mutation: ProductVariants) -> list[WriteResult]:
        """Send one mutation; one that is refused as a whole is cut in two until the culprit stands alone."""
        try:
            answer = (await self._client.run(UPDATE, mutation.variables)).data
        except PlatformError as error:
            if not of_this_item(error):
                raise
            if len(mutation.ready) == 1:
                return [broken(mutation.ready[0].write.key, error)]
            half = len(mutation.ready) // 2
            first = msgspec.structs.replace(mutation, ready=mutation.ready[:half])
            second = msgspec.structs.replace(mutation, ready=mutation.ready[half:])
            return [*await self._send(first), *await self._send(second)]
        return judged(mutation, answer)


def _ready(write: VariantWrite, known: PlatformVariant | None) -> Ready | WriteResult:
    if known is not None:
        # Two prices are one thing at Shopify: both are named as soon as one differs.
        left = {name: value for name, value in write.fields.items() if not same(name, value, getattr(known, name))}
        if not left:
            return settled(write, shown(known, write.fields), sent=False)
        prices = {name: value for name, value in write.fields.items() if name in ("price", "sale_price")}
        fields = {**left, **prices} if prices.keys() & left.keys() else left
    else:
        fields = dict(write.fields)
    try:
        return Ready(write, variant_input(msgspec.structs.replace(write, fields=fields), known))
    except NotWritable as problem:
        return not_writable(write.key, problem)


def _by_product(ready: Sequence[Ready]) -> list[ProductVariants]:
    grouped: dict[str, list[Ready]] = {}
    for one in ready:
        grouped.setdefault(one.write.external_product_id, []).append(one)
    return [
        ProductVariants(product_id, tuple(some[start : start + MOST_VARIANTS]))
        for product_id, some in grouped.items()
        for start in range(0, len(some), MOST_VARIANTS)
    ]


def judged(mutation: ProductVariants, told: VariantsUpdateAnswer) -> list[WriteResult]:
    """Return what became of each write of a mutation: errors name a variant by its place in the list."""
    answer = told.product_variants_bulk_update
    changed = {line.id: line for line in (answer.product_variants if answer else None) or ()}
    general: list[UserError] = []
    own: dict[int, list[UserError]] = {}
    for error in answer.user_errors if answer else ():
        place = _place(error, len(mutation.ready))
        if place is None:
            general.append(error)
        else:
            own.setdefault(place, []).append(error)
    return [_verdict(one, own.get(place) or general, changed) for place, one in enumerate(mutation.ready)]


def _verdict(one: Ready, errors: Sequence[UserError], changed: Mapping[str, VariantLine]) -> WriteResult:
    line = changed.get(one.input["id"])
    if line is not None and not errors:
        return settled(one.write, shown(Mapper().variant(line), one.write.fields))
    return faulted(one.write.key, errors) if errors else unanswered(one.write.key)


def _place(error: UserError, most: int) -> int | None:
    """Return which entry of `variants` an error names, None when it names none."""
    path = error.field or []
    if len(path) < 2 or path[0] != "variants" or not path[1].isdigit():
        return None
    place = int(path[1])
    return place if place < most else None
