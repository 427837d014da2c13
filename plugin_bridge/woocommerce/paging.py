"""Walking a list in id order: several pages in flight, delivered in order, resumable by a cursor."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from backend.ports.platform_errors import Cause, PlatformError

PAGE_SIZE = 100
SMALLEST_PAGE = 25
_TOO_MUCH = (Cause.TIMEOUT, Cause.TOO_LARGE)

PRODUCTS, VARIANTS, NESTED = "products", "variants", "nested"


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """Where to go on: stream, offset and page size, and the totals told so far (they are part of a walk's proof)."""

    stream: str
    offset: int = 0
    size: int = PAGE_SIZE
    products: int | None = None
    variants: int | None = None

    def text(self) -> str:
        """Return the cursor as stored: `1:products:300:100:20000:`."""
        numbers = ("" if n is None else str(n) for n in (self.offset, self.size, self.products, self.variants))
        return ":".join(("1", self.stream, *numbers))


def read_cursor(text: str | None) -> Cursor | None:
    """Read a stored cursor; None for none and for one that cannot be read, which means from the beginning."""
    parts = (text or "").split(":")
    if len(parts) != 6 or parts[0] != "1" or parts[1] not in (PRODUCTS, VARIANTS, NESTED):
        return None
    if not all(p == "" or (p.isascii() and p.isdigit() and len(p) < 12) for p in parts[2:]):
        return None
    offset, size, products, variants = (int(p) if p else None for p in parts[2:])
    if offset is None or size is None or not 1 <= size <= PAGE_SIZE or offset % size:
        return None
    return Cursor(stream=parts[1], offset=offset, size=size, products=products, variants=variants)


class Counted(Protocol):
    """A page as far as the walk looks at it."""

    @property
    def count(self) -> int:
        """Rows in it."""
        ...

    @property
    def total(self) -> int | None:
        """Rows the store says it has in all."""
        ...


PageT = TypeVar("PageT", bound=Counted)


class Step(msgspec.Struct, Generic[PageT], frozen=True):
    """One page of a walk, where it begins and where the next one does; `next_offset` None: it was the last."""

    page: PageT
    offset: int
    next_offset: int | None
    size: int


class ListWalk(Generic[PageT]):
    """Fetches a list page by page with up to *ahead* requests begun before they are asked for.

    A page that times out or is too large is asked for again in halves, quarters at least 25 rows long.

    Args:     fetch: page at (offset, size); offset is a multiple of size.
    """

    def __init__(
        self, fetch: Callable[[int, int], Awaitable[PageT]], *, offset: int = 0, size: int = PAGE_SIZE, ahead: int = 4
    ) -> None:
        self._fetch, self._size, self._ahead = fetch, size, max(1, ahead)
        self._next = offset
        self._total: int | None = None
        self._flying: deque[tuple[int, asyncio.Task[PageT]]] = deque()

    def start(self) -> None:
        """Begin the first request now."""
        if not self._flying:
            self._launch()

    async def first(self) -> None:
        """Wait for the first page; its failure is raised here."""
        self.start()
        await asyncio.shield(self._flying[0][1])

    async def steps(self) -> AsyncIterator[Step[PageT]]:
        """Yield the pages in order."""
        self.start()
        try:
            while self._flying:
                offset, task = self._flying[0]
                try:
                    page = await task
                except PlatformError as error:
                    if error.cause not in _TOO_MUCH or self._size // 2 < SMALLEST_PAGE:
                        raise
                    await self._shrink(offset)
                    continue
                self._flying.popleft()
                self._total = page.total if page.total is not None else self._total
                if page.count:
                    self._fill(page.count)
                else:
                    await self.stop()
                behind = self._flying[0][0] if self._flying else None
                yield Step(page, offset, behind, self._size)
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Give up what is in flight."""
        tasks = [task for _, task in self._flying]
        self._flying.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _fill(self, count: int) -> None:
        if self._total is None:
            # A store that does not tell its total is asked one page at a time, until one comes short.
            if count >= self._size and not self._flying:
                self._launch()
            return
        while len(self._flying) < self._ahead and self._next < self._total:
            self._launch()

    def _launch(self) -> None:
        task = asyncio.ensure_future(self._fetch(self._next, self._size))
        task.add_done_callback(_noticed)
        self._flying.append((self._next, task))
        self._next += self._size

    async def _shrink(self, offset: int) -> None:
        await self.stop()
        self._size //= 2
        self._next = offset
        self._launch()


def _noticed(task: asyncio.Task[Any]) -> None:
    # A page behind the one that failed may fail too; nobody will ask for it, and that is fine.
    if not task.cancelled():
        task.exception()
