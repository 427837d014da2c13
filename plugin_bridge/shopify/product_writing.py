"""What products say of themselves, their pictures, and taking them off sale."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from backend.ports.platform_errors import PlatformError
from backend.ports.store_platform import PlatformImage, PlatformProduct
from backend.ports.store_writes import (
    REFUSED,
    UNCHANGED,
    WRITTEN,
    FieldValue,
    ProductRemoval,
    ProductWrite,
    StoreWrite,
    WriteResult,
)
from plugin_bridge.shopify.at_once import as_they_end
from plugin_bridge.shopify.client import ShopifyClient
from plugin_bridge.shopify.documents import Document
from plugin_bridge.shopify.inputs import NotWritable, gallery_inputs, product_fields, shows_all
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
from plugin_bridge.shopify.wire import Pictures, ProductLine
from plugin_bridge.shopify.write_answers import (
    GalleryAnswer,
    GallerySetAnswer,
    ProductChanged,
    ProductDeleteAnswer,
    ProductsShownAnswer,
    ProductUpdateAnswer,
)

UPDATE = Document("product_update", ProductUpdateAnswer)
SHOWN = Document("products_shown", ProductsShownAnswer, points=250)
GALLERY = Document("gallery", GalleryAnswer, points=500)
GALLERY_SET = Document("gallery_set", GallerySetAnswer)
DELETE = Document("product_delete", ProductDeleteAnswer)


class ProductReady(msgspec.Struct, frozen=True):
    """A write with what is sent for it."""

    write: ProductWrite
    fields: dict[str, Any]

    @property
    def variables(self) -> dict[str, Any]:
        """What the document takes."""
        return {"product": {"id": global_id("Product", self.write.external_product_id), **self.fields}}

    @property
    def keys(self) -> tuple[str, ...]:
        """Of its write."""
        return (self.write.key,)


class ProductWriting:
    """Writes to products of one shop."""

    def __init__(self, client: ShopifyClient) -> None:
        self._client = client

    async def prepared(
        self, writes: Sequence[ProductWrite], *, repeated: bool
    ) -> tuple[list[ProductReady], list[WriteResult]]:
        """Return the mutations that are needed, and the results of the writes that need none; pictures come apart.

        Args:     repeated: read every product first and send only what it does not show yet.
        """
        there = await self._read(writes) if repeated else {}
        ready: list[ProductReady] = []
        results: list[WriteResult] = []
        for write in writes:
            known = there.get(write.external_product_id)
            if repeated and known is None:
                results.append(gone(write.key))
                continue
            outcome = _ready(write, known)
            if isinstance(outcome, ProductReady):
                ready.append(outcome)
            else:
                results.append(outcome)
        return ready, results

    async def _read(self, writes: Sequence[ProductWrite]) -> dict[str, PlatformProduct]:
        ids = [global_id("Product", one.external_product_id) for one in writes]
        lines = await by_ids(self._client, SHOWN, lambda answer: answer.nodes, ids)
        mapper = Mapper()
        return {number(one): mapper.product(line) for one, line in lines.items()}

    async def results(self, ready: Sequence[ProductReady]) -> Results:
        """Send mutations, several at once, and yield what became of their writes."""
        async for one in as_they_end([partial(self._send, one) for one in ready]):
            yield [one]

    async def pictures(self, writes: Sequence[ProductWrite]) -> Results:
        """Carry out writes that set pictures, with whatever else they set."""
        async for one in as_they_end([partial(self._set_gallery, one) for one in writes]):
            yield [one]

    async def deletions(self, removals: Sequence[ProductRemoval]) -> Results:
        """Delete products for good."""
        async for one in as_they_end([partial(self._delete, one) for one in removals]):
            yield [one]

    async def _send(self, ready: ProductReady) -> WriteResult:
        return await _guarded(ready.write, partial(self._update, ready))

    async def _update(self, ready: ProductReady) -> WriteResult:
        return judged(ready, (await self._client.run(UPDATE, ready.variables)).data)[0]

    async def _set_gallery(self, write: ProductWrite) -> WriteResult:
        return await _guarded(write, partial(self._gallery, write))

    async def _gallery(self, write: ProductWrite) -> WriteResult:
        """Read a product's media and set them as one list, which can be repeated without showing anything twice."""
        product = global_id("Product", write.external_product_id)
        line = (await self._client.run(GALLERY, {"id": product})).data.product
        if line is None:
            return gone(write.key)
        media = line.media or Pictures()
        if media.page_info.has_next_page:
            message = "The product has more pictures and films than can be set at once"
            return WriteResult(key=write.key, outcome=REFUSED, code="image_refused", message=message)
        known = Mapper().product(line, media.nodes)
        if all(same(name, value, getattr(known, name)) for name, value in write.fields.items()):
            return settled(write, shown(known, write.fields), sent=False)
        try:
            files = gallery_inputs(_images(write.fields), media.nodes)
            given = {**product_fields(write), "files": files}
        except NotWritable as problem:
            return not_writable(write.key, problem)
        answer = (await self._client.run(GALLERY_SET, {"id": product, "input": given})).data
        return verdict(write, answer.product_set)

    async def _delete(self, removal: ProductRemoval) -> WriteResult:
        return await _guarded(removal, partial(self._deleted, removal))

    async def _deleted(self, removal: ProductRemoval) -> WriteResult:
        variables = {"id": global_id("Product", removal.external_product_id)}
        done = (await self._client.run(DELETE, variables)).data.product_delete
        errors = done.user_errors if done is not None else []
        return faulted(removal.key, errors) if errors else WriteResult(key=removal.key, outcome=WRITTEN)


async def _guarded(write: StoreWrite, send: Callable[[], Awaitable[WriteResult]]) -> WriteResult:
    """Return what became of a write; an error that speaks of it alone is its result."""
    try:
        return await send()
    except PlatformError as error:
        if not of_this_item(error):
            raise
        return broken(write.key, error)


def archiving(removal: ProductRemoval) -> ProductWrite:
    """Return the write that takes a product off sale."""
    fields: dict[str, FieldValue] = {"status": "archived"}
    return ProductWrite(key=removal.key, external_product_id=removal.external_product_id, fields=fields)


def gone_is_done(result: WriteResult) -> WriteResult:
    """Return the result of taking something off sale."""
    return WriteResult(key=result.key, outcome=UNCHANGED) if result.code == "gone" else result


def _images(fields: Mapping[str, FieldValue]) -> list[PlatformImage]:
    value = fields.get("images")
    return [one for one in value if isinstance(one, PlatformImage)] if isinstance(value, tuple) else []


def _ready(write: ProductWrite, known: PlatformProduct | None) -> ProductReady | WriteResult:
    left = dict(write.fields)
    if known is not None:
        left = {name: value for name, value in left.items() if not same(name, value, getattr(known, name))}
        if not left:
            return settled(write, shown(known, write.fields), sent=False)
    try:
        return ProductReady(write, product_fields(msgspec.structs.replace(write, fields=left)))
    except NotWritable as problem:
        return not_writable(write.key, problem)


def judged(ready: ProductReady, told: ProductUpdateAnswer) -> list[WriteResult]:
    """Return what became of the one write of a mutation."""
    return [verdict(ready.write, told.product_update)]


def verdict(write: ProductWrite, answer: ProductChanged | None) -> WriteResult:
    """Return what became of a product's write."""
    if answer is None:
        return unanswered(write.key)
    if answer.user_errors:
        return faulted(write.key, answer.user_errors)
    return unanswered(write.key) if answer.product is None else settled(write, _shows(write, answer.product))


def _shows(write: ProductWrite, line: ProductLine) -> dict[str, FieldValue]:
    """Return what a product shows; nothing of pictures that are still being fetched."""
    pictures = line.media.nodes if line.media is not None else []
    names = [name for name in write.fields if name != "images" or shows_all(pictures)]
    return shown(Mapper().product(line, pictures), names)
