"""Read a store's pages ahead of the database: whatever lies ready is handed over as one group."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from typing import TypeVar

from backend.domain.sync.ready import ReadyPage
from backend.ports.store_platform import CatalogPage, IdPage

PageT = TypeVar("PageT", CatalogPage, IdPage, ReadyPage)

AHEAD = 80
"""Pages that may wait, about 8,000 products: bounds memory whatever the catalog's size.

More than two groups: the reader goes on while PostgreSQL waits for its disk.
"""
GROUP = 32
"""Pages stored in one transaction at the most."""
LINGER_S = 0.25
"""How long a started group waits for its next page: fewer, fuller transactions, and a slow store shows progress."""


async def pages_ahead(pages: AsyncIterator[PageT]) -> AsyncGenerator[list[PageT], None]:
    """Yield the pages in order, in groups of 1 to `GROUP`; the reader goes on while a group is being stored.

    Raises:   what the reader raised, after the pages before it were yielded.
    """
    waiting: asyncio.Queue[PageT | BaseException | None] = asyncio.Queue(AHEAD)
    reader = asyncio.create_task(_read(pages, waiting))
    try:
        ended: BaseException | None = None
        done = False
        while not done:
            group, done, ended = await _next_group(waiting)
            if group:
                yield group
        if ended is not None:
            raise ended
    finally:
        reader.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await reader


async def _read(pages: AsyncIterator[PageT], waiting: "asyncio.Queue[PageT | BaseException | None]") -> None:
    try:
        async for page in pages:
            await waiting.put(page)
            # A reader that never waits (a file that lies there) would fill the queue while the database idles.
            await asyncio.sleep(0)
    except Exception as error:
        await waiting.put(error)
    else:
        await waiting.put(None)


async def _next_group(
    waiting: "asyncio.Queue[PageT | BaseException | None]",
) -> tuple[list[PageT], bool, BaseException | None]:
    """Return the next pages, whether they are the last, and how the reading ended."""
    group: list[PageT] = []
    while len(group) < GROUP:
        try:
            # What lies ready is taken without a pause: the reader refills while the group is stored.
            if waiting.empty():
                item = await asyncio.wait_for(waiting.get(), LINGER_S if group else None)
            else:
                item = waiting.get_nowait()
        except TimeoutError:
            break
        if item is None or isinstance(item, BaseException):
            return group, True, item
        group.append(item)
    return group, False, None
