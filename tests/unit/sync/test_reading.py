"""Pages arrive in order, in full groups, and an error comes after what was read before it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.sync.reading import GROUP, pages_ahead
from backend.ports.store_platform import CatalogPage


async def walk(pauses: list[float], error: Exception | None = None) -> AsyncIterator[CatalogPage]:
    for number, pause in enumerate(pauses):
        await asyncio.sleep(pause)
        yield CatalogPage(cursor=str(number))
    if error is not None:
        raise error


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.0, 0.001]), max_size=40))
def test_every_page_comes_once_and_in_order(pauses: list[float]) -> None:
    async def read() -> list[list[CatalogPage]]:
        return [group async for group in pages_ahead(walk(pauses))]

    groups = asyncio.run(read())
    assert [page.cursor for group in groups for page in group] == [str(n) for n in range(len(pauses))]
    assert all(1 <= len(group) <= GROUP for group in groups)


@pytest.mark.anyio
async def test_an_error_comes_after_the_pages_before_it() -> None:
    got: list[str] = []

    async def read() -> None:
        async for group in pages_ahead(walk([0.0] * 5, ValueError("half way"))):
            got.extend(page.cursor for page in group)

    with pytest.raises(ValueError, match="half way"):
        await read()
    assert got == ["0", "1", "2", "3", "4"]


@pytest.mark.anyio
async def test_leaving_early_stops_the_reader() -> None:
    closed = asyncio.Event()

    async def endless() -> AsyncIterator[CatalogPage]:
        try:
            while True:
                yield CatalogPage(cursor="x")
        finally:
            closed.set()

    groups = pages_ahead(endless())
    await anext(groups)
    await groups.aclose()
    await asyncio.wait_for(closed.wait(), 5)


@pytest.mark.anyio
async def test_a_slow_store_still_shows_progress() -> None:
    groups = pages_ahead(walk([0.0, 0.6]))
    assert [page.cursor for page in await anext(groups)] == ["0"]
    await groups.aclose()
