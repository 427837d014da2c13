"""Long lists of watched products and of their competitors: any page with the exact total, at the cost of the first."""

import asyncio
import uuid
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable
from typing import Generic, NamedTuple, TypeVar

from backend.domain.pricing.products_repository import Counted, Found, ListRepository
from backend.domain.pricing.products_rows import WatchedProduct, WatchingCompetitor
from backend.kit.errors import not_found
from backend.kit.quick_reads import QuickReads
from backend.ports.actor import Actor

Row = TypeVar("Row")
TRIES = 3
"""After so many pages of a catalog that changes faster than it is counted, both are read at one moment."""
MOST_COUNTED = 200
"""Organizations whose counts are remembered: up to a third of a megabyte each for a million rows."""


class Page(NamedTuple, Generic[Row]):
    """One page of a list."""

    rows: list[Row]
    total: int
    """Of the whole list, as of the catalog's revision that the rows are of."""


class Totals(NamedTuple):
    """How long an organization's lists are."""

    products: int
    monitored: int
    competitors: int


class ProductLists:
    """Reads lists outside of transactions, by counts that are remembered as long as the catalog is the same.

    A page tells the revision it was read at; when it is not the one that was counted, rows are counted again. Whatever
    adds products or competitors' pages, or takes them away, raises `organizations.lists_revision`.
    """

    def __init__(self, reads: QuickReads) -> None:
        self._reads = reads
        self._rows = ListRepository(reads)
        self._products = _Counts(self._rows, ListRepository.count_products)
        self._competitors = _Counts(self._rows, ListRepository.count_competitors)

    async def products(
        self, actor: Actor, *, offset: int, limit: int, active: bool | None = None
    ) -> Page[WatchedProduct]:
        """Return watched products in the order of ids, each with its competitors.

        Args:     active: only those that are monitored, or that are not; None: all.
        """

        async def read(rows: ListRepository, counted: Counted) -> tuple[Found[WatchedProduct], int]:
            blocks = counted.blocks[active]
            return await rows.products(actor, blocks.place(offset, limit), limit, active), blocks.total

        return await self._page(actor, self._products, read)

    async def product(self, actor: Actor, product_id: int) -> WatchedProduct:
        """Return one watched product with its competitors; raise not_found."""
        found = await self._rows.product(actor, product_id)
        if found is None:
            raise not_found("Product")
        return found

    async def competitors(self, actor: Actor, *, offset: int, limit: int) -> Page[WatchingCompetitor]:
        """Return competitors' pages in the order of ids, with the variants they are watched for."""

        async def read(rows: ListRepository, counted: Counted) -> tuple[Found[WatchingCompetitor], int]:
            blocks = counted.blocks[None]
            return await rows.competitors(actor, blocks.place(offset, limit), limit), blocks.total

        return await self._page(actor, self._competitors, read)

    async def totals(self, actor: Actor) -> Totals:
        """Return how long the lists are now."""
        revision = await self._rows.revision(actor)
        products = (await self._products.at(actor, revision)).blocks
        competitors = (await self._competitors.at(actor, revision)).blocks
        return Totals(products[None].total, products[True].total, competitors[None].total)

    async def _page(
        self,
        actor: Actor,
        counts: "_Counts",
        read: Callable[[ListRepository, Counted], Awaitable[tuple[Found[Row], int]]],
    ) -> Page[Row]:
        revision = 0
        for _ in range(TRIES):
            counted = await counts.at(actor, revision)
            found, total = await read(self._rows, counted)
            if found.revision == counted.revision:
                return Page(found.rows, total)
            revision = found.revision
        async with self._reads.snapshot() as still:
            rows = ListRepository(still)
            found, total = await read(rows, await counts.count(rows, actor))
        return Page(found.rows, total)


class _Counts:
    """Remembers the counts of one list by organization; whoever needs newer ones counts once for all who wait."""

    def __init__(self, rows: ListRepository, count: Callable[[ListRepository, Actor], Awaitable[Counted]]) -> None:
        self._rows = rows
        self.count = count
        self._held: OrderedDict[uuid.UUID, Counted] = OrderedDict()
        self._turns: defaultdict[uuid.UUID, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def at(self, actor: Actor, revision: int) -> Counted:
        """Return counts of a revision or of a newer one."""
        held = self._held.get(actor.tenant)
        if held is not None and held.revision >= revision:
            self._held.move_to_end(actor.tenant)
            return held
        async with self._turns[actor.tenant]:
            held = self._held.get(actor.tenant)
            if held is None or held.revision < revision:
                held = self._held[actor.tenant] = await self.count(self._rows, actor)
                self._forget()
        return held

    def _forget(self) -> None:
        while len(self._held) > MOST_COUNTED:
            organization_id, _ = self._held.popitem(last=False)
            if not self._turns[organization_id].locked():
                del self._turns[organization_id]
