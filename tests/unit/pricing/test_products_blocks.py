"""Pages found by counted blocks are the pages of the whole list."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from backend.domain.pricing.products_blocks import BLOCK, Blocks

IDS = st.lists(st.integers(0, 40 * BLOCK), unique=True, max_size=300).map(sorted)


def blocks_of(ids: list[int]) -> Blocks:
    counted = Counter(one // BLOCK for one in ids)
    return Blocks(sorted(counted), [counted[number] for number in sorted(counted)])


@given(IDS, st.integers(1, 60), st.integers(1, 250))
def test_a_page_holds_what_the_whole_list_has_there(ids: list[int], page: int, limit: int) -> None:
    offset = (page - 1) * limit
    place = blocks_of(ids).place(offset, limit)
    within = [one for number in place.blocks for one in ids if one // BLOCK == number]
    assert within[place.skip : place.skip + limit] == ids[offset : offset + limit]


@given(IDS, st.integers(1, 60), st.integers(1, 250))
def test_a_page_reads_no_more_than_one_block_beside_it(ids: list[int], page: int, limit: int) -> None:
    place = blocks_of(ids).place((page - 1) * limit, limit)
    held = sum(one // BLOCK in place.blocks for one in ids)
    assert held < limit + 2 * BLOCK


@given(IDS)
def test_the_total_is_exact(ids: list[int]) -> None:
    assert blocks_of(ids).total == len(ids)


def test_a_page_past_the_end_lies_nowhere() -> None:
    assert Blocks([3], [2]).place(2, 50).blocks == []


def test_an_empty_list_has_nothing() -> None:
    empty = Blocks([], [])
    assert (empty.total, empty.place(0, 50).blocks) == (0, [])
