"""Reads outside of sessions survive dead connections, callers who leave, and rushes."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from backend.kit.outages import is_outage
from backend.kit.quick_reads import QuickReads
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio
KILL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE :query"


@pytest.fixture
async def reads(bench: Workbench) -> AsyncIterator[QuickReads]:
    made = QuickReads(bench.container.engine, lanes=2)
    yield made
    await made.aclose()


async def test_a_row_comes_as_the_driver_reads_it(reads: QuickReads) -> None:
    row = await reads.row("SELECT $1::int + 1 AS more, ARRAY[1, 2] AS list", 41)
    assert (row["more"], row["list"]) == (42, [1, 2])
    assert await reads.row("SELECT 1 WHERE false") is None


async def test_more_callers_than_lanes_are_all_answered(bench: Workbench, reads: QuickReads) -> None:
    rows = await asyncio.gather(*(reads.row("SELECT $1::int AS n, pg_backend_pid() AS lane", n) for n in range(50)))
    assert [row["n"] for row in rows] == list(range(50))
    assert len({row["lane"] for row in rows}) <= 2


async def test_a_connection_that_died_meanwhile_is_replaced(bench: Workbench, reads: QuickReads) -> None:
    before = (await reads.row("SELECT pg_backend_pid() AS lane"))["lane"]
    await bench.rows("SELECT pg_terminate_backend(:lane)", lane=before)
    await asyncio.sleep(0.1)
    assert (await reads.row("SELECT pg_backend_pid() AS lane"))["lane"] != before


async def test_a_connection_that_dies_under_a_statement_is_an_outage_and_then_replaced(
    bench: Workbench, reads: QuickReads
) -> None:
    asking = asyncio.create_task(reads.row("SELECT pg_sleep(20) AS held_here"))
    await bench.until("SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE '%held_here' AND state = 'active'")
    await bench.rows(KILL, query="%held_here")
    with pytest.raises(Exception) as raised:
        await asking
    assert is_outage(raised.value)
    assert (await reads.row("SELECT 1 AS one"))["one"] == 1


async def test_one_who_leaves_does_not_take_a_lane_along(bench: Workbench, reads: QuickReads) -> None:
    asking = [asyncio.create_task(reads.row("SELECT pg_sleep(20) AS left_alone")) for _ in range(4)]
    await bench.until("SELECT count(*) = 2 FROM pg_stat_activity WHERE query LIKE '%left_alone' AND state = 'active'")
    for one in asking:
        one.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    rows = await asyncio.gather(*(reads.row("SELECT 1 AS one") for _ in range(4)))
    assert [row["one"] for row in rows] == [1] * 4


async def test_a_wrong_statement_is_our_mistake_and_harms_nobody(reads: QuickReads) -> None:
    with pytest.raises(Exception, match="nothing_like_it"):
        await reads.row("SELECT nothing_like_it")
    assert (await reads.row("SELECT 1 AS one"))["one"] == 1


async def test_a_snapshot_sees_one_moment(bench: Workbench, reads: QuickReads) -> None:
    counting = "SELECT count(*) AS n FROM organizations"
    async with reads.snapshot() as still:
        before = await still.row(counting)
        await bench.organization()
        assert await still.row(counting) == before
        assert (await reads.row(counting))["n"] == before["n"] + 1


async def test_every_connection_is_given_back(bench: Workbench) -> None:
    reads = QuickReads(bench.container.engine, lanes=3)
    await asyncio.gather(*(reads.row("SELECT pg_sleep(0.1)") for _ in range(3)))
    await reads.aclose()
    assert bench.container.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    assert (await reads.row("SELECT 1 AS one"))["one"] == 1, "it may go on"
    await reads.aclose()
