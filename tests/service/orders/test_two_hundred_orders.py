"""Two hundred orders at once, in two stores, for one piece: one gets it, the others are named."""

import asyncio

import pytest

from tests.support.product import Workbench
from tests.support.shared_stock import Article

pytestmark = pytest.mark.anyio


async def test_of_two_hundred_orders_for_one_piece_one_wins(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 1, 1)
    done = await asyncio.gather(*(article.order(n % 2, 1, order_id=str(n)) for n in range(200)))
    assert sum(one.taken for one in done) == 1
    assert await article.hub() == 0
    cases = await article.oversells()
    assert len(cases) == 199
    assert {(missing, state) for _, missing, state in cases} == {(1, "open")}
    losers = {order_id for order_id, _, _ in cases}
    assert [order_id for order_id in map(str, range(200)) if order_id not in losers] == [
        str(n) for n, one in enumerate(done) if one.taken
    ]
    assert await article.entries() == [("order", -1, 0, 0)]
