"""The ids of everything a shop sells: page by page in a small one, by one bulk operation in a large one."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import IO, Literal

import msgspec

from backend.ports.platform_errors import Cause, StoreUnavailable
from backend.ports.store_platform import IdPage
from plugin_bridge.shopify.bulk import BulkOperations, Finished, Next, bulk_failed
from plugin_bridge.shopify.bulk_walk import MOST_TRIES, worth_another
from plugin_bridge.shopify.client import ShopifyClient
from plugin_bridge.shopify.documents import Document, text_of
from plugin_bridge.shopify.mapping import number
from plugin_bridge.shopify.write_answers import CatalogSizeAnswer, Ids, ProductIdsAnswer, Sized, VariantIdsAnswer

SIZE = Document("catalog_size", CatalogSizeAnswer)
PRODUCT_IDS = Document("product_ids", ProductIdsAnswer, points=252)
VARIANT_IDS = Document("variant_ids", VariantIdsAnswer, points=252)
IDS_IN_BULK = text_of("ids_in_bulk")
BULK_FROM = 2_500
"""From so many products and variants on, a bulk operation is the shorter way: ten pages cost 2,520 points."""
_PAGE = 250
_BLOCK_BYTES = 512 * 1024


class ByPage(msgspec.Struct, frozen=True, kw_only=True, tag="page", tag_field="by", omit_defaults=True):
    """A walk over pages, products first."""

    stream: Literal["products", "variants"] = "products"
    after: str | None = None


class ByFile(msgspec.Struct, frozen=True, kw_only=True, tag="file", tag_field="by", omit_defaults=True):
    """A walk over the file of a bulk operation."""

    operation: str = ""
    """Global id; "": not started yet."""
    offset: int = 0
    """Bytes of the file that are done."""
    tries: int = 0


class _IdLine(msgspec.Struct, gc=False):
    """A product, or one of its variants."""

    id: str = ""
    parent: str | None = msgspec.field(default=None, name="__parentId")


_cursors: msgspec.json.Decoder[ByPage | ByFile] = msgspec.json.Decoder(ByPage | ByFile)
_lines: msgspec.json.Decoder[_IdLine] = msgspec.json.Decoder(_IdLine)


class IdWalk:
    """One walk over the ids of a shop; each page can be gone on behind."""

    def __init__(self, client: ShopifyClient, operations: BulkOperations) -> None:
        self._client = client
        self._operations = operations

    async def pages(self, cursor: str | None) -> AsyncIterator[IdPage]:
        """Yield the pages behind *cursor*, all of them for None; see `StorePlatform.list_ids`.

        Raises:   StoreNotReady while Shopify is at work; StoreRefused BULK_FAILED when it fails.
        """
        at = _read(cursor)
        expected: dict[str, int] = {}
        if at is None:
            told = (await self._client.run(SIZE)).data
            expected = _exact(products=told.products_count, variants=told.product_variants_count)
            both = sum(one.count for one in (told.products_count, told.product_variants_count) if one is not None)
            at = ByFile() if both >= BULK_FROM else ByPage()
        async for page in self._listed(at, expected) if isinstance(at, ByPage) else self._exported(at):
            yield page

    async def _listed(self, at: ByPage, expected: Mapping[str, int]) -> AsyncIterator[IdPage]:
        while True:
            found = await self._page(at)
            ids = tuple(number(one.id) for one in found.nodes)
            more = found.page_info.has_next_page and found.page_info.end_cursor is not None
            stream = at.stream
            at = ByPage(stream=stream, after=found.page_info.end_cursor) if more else ByPage(stream="variants")
            last = stream == "variants" and not more
            products, variants = (ids, ()) if stream == "products" else ((), ids)
            yield _id_page(at, products, variants, expected, last=last)
            if last:
                return

    async def _page(self, at: ByPage) -> Ids:
        variables = {"first": _PAGE, "after": at.after}
        if at.stream == "products":
            return (await self._client.run(PRODUCT_IDS, variables)).data.products
        return (await self._client.run(VARIANT_IDS, variables)).data.product_variants

    async def _exported(self, at: ByFile) -> AsyncIterator[IdPage]:
        while True:
            if not at.operation:
                started = await self._operations.started(IDS_IN_BULK)
                at = ByFile(operation=started, tries=at.tries)
                yield IdPage(cursor=_text(at))
            done = await self._operations.finished(at.operation)
            if worth_another(done, at.tries) or done.what is Next.PARTLY:
                at = _another(at)
                continue
            file = await self._file(done)
            if file is None and done.operation.url is not None:
                at = _another(at)
                continue
            break
        if file is None:
            yield IdPage(cursor=_text(at), expected={"products": 0, "variants": 0}, last=True)
            return
        with file:
            for page in _blocks(file, at, _counted(done)):
                yield page
                await asyncio.sleep(0)  # decoding is work: let others have their turn

    async def _file(self, done: Finished) -> IO[bytes] | None:
        operation = done.operation
        if operation.url is None:
            return None
        fetched = await self._operations.download(operation.url, size=operation.file_size)
        if fetched is None:
            return None
        file, index = fetched
        index.finish()
        if operation.object_count is not None and index.lines < operation.object_count:
            file.close()
            raise StoreUnavailable(Cause.NOT_JSON, "The list of ids is cut short")
        return file


def _another(at: ByFile) -> ByFile:
    if at.tries + 1 >= MOST_TRIES:
        raise bulk_failed(f"{MOST_TRIES} lists of ids were not to be had")
    return ByFile(tries=at.tries + 1)


def _blocks(file: IO[bytes], at: ByFile, expected: Mapping[str, int]) -> Iterator[IdPage]:
    """Read on behind a cursor, block by block; a file without anything left is a last page too."""
    size = file.seek(0, os.SEEK_END)
    file.seek(min(at.offset, size))
    while True:
        lines = file.readlines(_BLOCK_BYTES)
        at = msgspec.structs.replace(at, offset=file.tell())
        last = file.tell() >= size
        yield _block(lines, at, expected, last=last)
        if last:
            return


def _block(lines: Sequence[bytes], at: ByFile, expected: Mapping[str, int], *, last: bool) -> IdPage:
    products: list[str] = []
    variants: list[str] = []
    for line in _decoded(b"".join(lines)):
        (products if line.parent is None else variants).append(number(line.id))
    return _id_page(at, tuple(products), tuple(variants), expected, last=last)


def _id_page(
    at: ByPage | ByFile,
    products: tuple[str, ...],
    variants: tuple[str, ...],
    expected: Mapping[str, int],
    *,
    last: bool,
) -> IdPage:
    """Return a page whose variants are counted apart from products, as in a whole walk."""
    return IdPage(cursor=_text(at), products=products, variants=variants, inside=False, expected=expected, last=last)


def _decoded(raw: bytes) -> list[_IdLine]:
    """Return what lines say. One that cannot be read would look like a deletion, so that none is left out."""
    try:
        return _lines.decode_lines(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    raise StoreUnavailable(Cause.NOT_JSON, "Shopify wrote ids that cannot be read")


def _read(cursor: str | None) -> ByPage | ByFile | None:
    try:
        return None if cursor is None else _cursors.decode(cursor)
    except msgspec.DecodeError:
        return None


def _text(at: ByPage | ByFile) -> str:
    return msgspec.json.encode(at).decode()


def _exact(**counts: Sized | None) -> dict[str, int]:
    """Return the counts that Shopify counted to their end."""
    return {name: one.count for name, one in counts.items() if one is not None and one.precision == "EXACT"}


def _counted(done: Finished) -> dict[str, int]:
    roots, objects = done.operation.root_object_count, done.operation.object_count
    return {} if roots is None or objects is None else {"products": roots, "variants": objects - roots}
