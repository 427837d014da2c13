"""Walking a list: in order, ahead, resumable, and in smaller steps where a store cannot keep up."""

import asyncio

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.ports.platform_errors import Cause, ResponseTooLarge, StoreUnavailable
from plugin_bridge.woocommerce.paging import Cursor, ListWalk, Step, read_cursor

pytestmark = pytest.mark.anyio


class Page(msgspec.Struct, frozen=True):
    rows: list[int]
    total: int | None

    @property
    def count(self) -> int:
        return len(self.rows)


class Listing:
    """A list of so many rows that notes what it is asked for."""

    def __init__(self, rows: int, *, tells_total: bool = True, too_large_above: int = 1000) -> None:
        self.rows = list(range(rows))
        self.tells_total = tells_total
        self.too_large_above = too_large_above
        self.asked: list[tuple[int, int]] = []
        self.running = self.most = 0

    async def __call__(self, offset: int, size: int) -> Page:
        self.asked.append((offset, size))
        self.running += 1
        self.most = max(self.most, self.running)
        # Later pages answer sooner: order must not depend on it.
        for _ in range(max(1, 12 - offset // size)):
            await asyncio.sleep(0)
        self.running -= 1
        if size > self.too_large_above:
            raise ResponseTooLarge(1)
        return Page(self.rows[offset : offset + size], len(self.rows) if self.tells_total else None)


async def walked(walk: ListWalk[Page]) -> list[Step[Page]]:
    return [step async for step in walk.steps()]


def rows_of(steps: list[Step[Page]]) -> list[int]:
    return [row for step in steps for row in step.page.rows]


@pytest.mark.parametrize("rows", [0, 1, 99, 100, 101, 200, 1234])
async def test_a_walk_asks_for_exactly_as_many_pages_as_there_are(rows: int) -> None:
    listing = Listing(rows)
    steps = await walked(ListWalk(listing, ahead=4))
    assert rows_of(steps) == listing.rows
    assert len(listing.asked) == max(1, -(-rows // 100))
    assert [step.next_offset is None for step in steps] == [False] * (len(steps) - 1) + [True]


@pytest.mark.parametrize(("rows", "pages"), [(0, 1), (99, 1), (100, 2), (250, 3)])
async def test_a_store_that_hides_its_total_is_walked_until_a_page_comes_short(rows: int, pages: int) -> None:
    listing = Listing(rows, tells_total=False)
    steps = await walked(ListWalk(listing))
    assert rows_of(steps) == listing.rows
    assert len(listing.asked) == pages
    assert steps[-1].next_offset is None


async def test_pages_are_fetched_ahead_and_no_further() -> None:
    listing = Listing(2000)
    await walked(ListWalk(listing, ahead=3))
    assert listing.most == 3


async def test_a_walk_goes_on_behind_any_page() -> None:
    listing = Listing(650)
    steps = await walked(ListWalk(listing))
    for number, step in enumerate(steps[:-1]):
        assert step.next_offset is not None
        rest = await walked(ListWalk(listing, offset=step.next_offset, size=step.size))
        assert rows_of(steps[: number + 1]) + rows_of(rest) == listing.rows


async def test_a_list_that_grows_meanwhile_is_walked_to_its_new_end() -> None:
    listing = Listing(150)
    seen = []
    async for step in ListWalk(listing, ahead=1).steps():
        seen += step.page.rows
        if step.offset == 0:
            listing.rows += range(150, 320)
    assert seen == list(range(320))


async def test_a_list_that_lies_about_its_total_ends_at_an_empty_page() -> None:
    class Lying(Listing):
        async def __call__(self, offset: int, size: int) -> Page:
            return Page((await super().__call__(offset, size)).rows, 10**9)

    listing = Lying(150)
    steps = await walked(ListWalk(listing, ahead=2))
    assert rows_of(steps) == listing.rows
    assert steps[-1].next_offset is None
    assert len(listing.asked) <= 5


async def test_a_page_that_is_too_much_is_asked_for_in_smaller_ones() -> None:
    listing = Listing(230, too_large_above=50)
    steps = await walked(ListWalk(listing, ahead=3))
    assert rows_of(steps) == listing.rows
    assert {step.size for step in steps} == {50}


async def test_the_smallest_page_that_fails_ends_the_walk() -> None:
    with pytest.raises(ResponseTooLarge):
        await walked(ListWalk(Listing(230, too_large_above=10)))


async def test_another_failure_ends_the_walk_and_leaves_nothing_running() -> None:
    class Failing(Listing):
        async def __call__(self, offset: int, size: int) -> Page:
            page = await super().__call__(offset, size)
            if offset == 200:
                raise StoreUnavailable(Cause.SERVER_ERROR, "no")
            return page

    before = asyncio.all_tasks()
    steps = ListWalk(Failing(1000), ahead=3).steps()
    assert rows_of([await anext(steps), await anext(steps)]) == list(range(200))
    with pytest.raises(StoreUnavailable):
        await anext(steps)
    assert asyncio.all_tasks() == before


async def test_a_walk_that_is_left_early_stops_what_is_in_flight() -> None:
    before = asyncio.all_tasks()
    steps = ListWalk(Listing(1000), ahead=4).steps()
    await anext(steps)
    await steps.aclose()  # type: ignore[attr-defined]
    assert asyncio.all_tasks() == before


numbers = st.none() | st.integers(0, 10**9)


@given(
    st.sampled_from(["products", "variants", "nested"]), st.integers(0, 10**6), st.integers(1, 100), numbers, numbers
)
def test_a_cursor_survives_being_stored(stream: str, pages: int, size: int, products: int, variants: int) -> None:
    cursor = Cursor(stream=stream, offset=pages * size, size=size, products=products, variants=variants)
    assert read_cursor(cursor.text()) == cursor


@given(st.none() | st.text(max_size=30) | st.from_regex(r"1:products:[0-9]{0,13}:[0-9]{0,4}:x?:", fullmatch=True))
def test_any_other_text_means_from_the_beginning(text: str | None) -> None:
    cursor = read_cursor(text)
    assert cursor is None or (1 <= cursor.size <= 100 and cursor.offset % cursor.size == 0)
