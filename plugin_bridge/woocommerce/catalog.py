"""The requests that read a catalog: lists of products and variations, variations of one parent, category paths."""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from backend.ports.platform_errors import StoreRefused
from plugin_bridge.http import decode_lenient
from plugin_bridge.woocommerce.bent import read_items
from plugin_bridge.woocommerce.client import Answer, WooClient
from plugin_bridge.woocommerce.mapping import has_variations
from plugin_bridge.woocommerce.paging import PAGE_SIZE
from plugin_bridge.woocommerce.wire import PRODUCT_FIELDS, VARIATION_FIELDS, Items, plain_text

API = "/wp-json/wc/v3"
_ID_ORDER = {"orderby": "id", "order": "asc"}
_MOST_CATEGORY_PAGES = 50
T = TypeVar("T")


class ListPage(msgspec.Struct, frozen=True):
    """One page of products or variations; in stores without a list of all variations, those of its parents too."""

    rows: Items
    total: int | None
    nested: tuple[tuple[int, Items], ...] = ()
    nested_total: int = 0

    @property
    def count(self) -> int:
        """Rows as the store listed them, the unreadable ones too."""
        return self.rows.listed


class Category(msgspec.Struct):
    """A category as the store lists it."""

    id: int
    name: str = ""
    parent: int = 0


_CATEGORIES = msgspec.json.Decoder(list[Category])


class CatalogReader:
    """Reads lists of one store.

    Args:     since: only products and variations that changed after it. fields: of products, and of variations.
    """

    def __init__(
        self,
        client: WooClient,
        since: datetime | None = None,
        fields: tuple[str, str] = (PRODUCT_FIELDS, VARIATION_FIELDS),
    ) -> None:
        self._client = client
        self._product_fields, self._variation_fields = fields
        self._since = {} if since is None else changed_after(since)

    async def products(self, offset: int, size: int) -> ListPage:
        """Read products from *offset* on, a multiple of *size*."""
        return await self._list("products", offset, size, self._product_fields, self._since)

    async def variations(self, offset: int, size: int) -> ListPage:
        """Read variations of all products from *offset* on (WooCommerce 10.3 and newer)."""
        return await self._list("variations", offset, size, self._variation_fields, self._since)

    async def products_with_variations(self, offset: int, size: int) -> ListPage:
        """Read products and the variations of each variable one, for older stores: one request a parent and more."""
        page = await self.products(offset, size)
        parents = [item.id for item in page.rows.items if has_variations(item.type)]
        found = await all_of([self._of_parent(parent) for parent in parents])
        nested = tuple((parent, rows) for parent, several in zip(parents, found, strict=True) for rows in several)
        return ListPage(page.rows, page.total, nested, sum(rows.listed for _, rows in nested))

    async def any_listed(self, path: str, ids: Sequence[str]) -> bool:
        """Tell whether the list at *path* (`products` or `variations`) holds any of these ids."""
        for start in range(0, len(ids), PAGE_SIZE):
            wanted = ",".join(ids[start : start + PAGE_SIZE])
            parameters = {"include": wanted, "per_page": str(PAGE_SIZE), "_fields": "id"}
            answer = await self._client.get(f"{API}/{path}", parameters)
            if answer.count("x-wp-total") != 0:
                return True
        return False

    async def _of_parent(self, parent: int) -> list[Items]:
        pages: list[Items] = []
        while True:
            try:
                page = await self._list(
                    f"products/{parent}/variations", len(pages) * PAGE_SIZE, PAGE_SIZE, self._variation_fields, {}
                )
            except StoreRefused as gone:
                if gone.status != 404:  # deleted since its page was listed
                    raise
                return pages
            pages.append(page.rows)
            if page.rows.listed < PAGE_SIZE or (page.total or 0) <= len(pages) * PAGE_SIZE:
                return pages

    async def _list(self, path: str, offset: int, size: int, fields: str, extra: dict[str, str]) -> ListPage:
        parameters = {"per_page": str(size), "page": str(offset // size + 1), **_ID_ORDER, "_fields": fields, **extra}
        read = _Read()
        answer = await self._client.get(f"{API}/{path}", parameters, good=read)
        return ListPage(read.items, answer.count("x-wp-total"))


class _Read:
    """Keeps what the check of an answer decoded, so that a page is decoded once."""

    items: Items

    def __call__(self, answer: Answer) -> bool:
        items = read_items(answer.content, answer.content_type)
        if items is None:
            return False
        self.items = items
        return True


async def all_of(requests: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Return what all of them give; when one fails the others are given up."""
    tasks = [asyncio.ensure_future(request) for request in requests]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


async def category_paths(client: WooClient) -> dict[int, str]:
    """Read all categories as paths ("Clothing > Shirts"); a store that does not tell them has none."""
    rows: list[Category] = []
    for page in range(1, _MOST_CATEGORY_PAGES + 1):
        parameters = {"per_page": "100", "page": str(page), **_ID_ORDER, "_fields": "id,name,parent"}
        try:
            answer = await client.get(f"{API}/products/categories", parameters)
        except StoreRefused:
            break
        page_rows = read_categories(answer.content)
        if page_rows is None:
            break
        rows += page_rows
        if len(rows) >= (answer.count("x-wp-total") or 0):
            break
    return paths_of({row.id: (plain_text(row.name).strip(), row.parent) for row in rows})


def read_categories(content: bytes) -> list[Category] | None:
    """Read one page of categories, also out of text with broken letters; None when it is no list of them."""
    try:
        return _CATEGORIES.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        pass
    try:
        return msgspec.convert(decode_lenient(content), list[Category])
    except (msgspec.ValidationError, ValueError):
        return None


def paths_of(categories: dict[int, tuple[str, int]]) -> dict[int, str]:
    """Turn id to (name, parent id) into id to path; circles are cut at ten levels."""
    paths = {}
    for identifier in categories:
        names: list[str] = []
        at = identifier
        while at in categories and len(names) < 10:
            name, at = categories[at]
            names.append(name)
        paths[identifier] = " > ".join(reversed([name for name in names if name]))
    return paths


def changed_after(since: datetime) -> dict[str, str]:
    """Return the filter for changes after *since*, exact in every time zone of a store.

    Naive GMT with the flag; Z and the flag together would miss changes (WooCommerce adds the offset twice).
    """
    moment = since.astimezone(UTC).replace(microsecond=0, tzinfo=None)
    return {"modified_after": moment.isoformat(), "dates_are_gmt": "true"}
