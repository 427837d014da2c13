"""Several requests at once."""

import asyncio

import pytest

from plugin_bridge.shopify.at_once import as_they_end

pytestmark = pytest.mark.anyio


class Jobs:
    """Jobs that count how many run at once."""

    def __init__(self) -> None:
        self.running = self.most = self.begun = 0

    async def number(self, one: int) -> int:
        """Return a number after a moment; 3 fails."""
        self.begun += 1
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(0.001 * (one % 3))
            if one == 3:
                raise ValueError("three")
            return one
        finally:
            self.running -= 1


def of(jobs: Jobs, numbers: range) -> list:  # type: ignore[type-arg]
    return [lambda one=one: jobs.number(one) for one in numbers]


async def test_all_results_come_and_no_more_than_some_run_at_once() -> None:
    jobs = Jobs()
    found = [one async for one in as_they_end(of(jobs, range(10, 40)), 4)]
    assert (sorted(found), jobs.most) == (list(range(10, 40)), 4)


async def test_after_a_failure_none_begins_and_those_that_run_are_told() -> None:
    jobs, found = Jobs(), []
    with pytest.raises(ValueError, match="three"):  # noqa: PT012 - what came before counts
        async for one in as_they_end(of(jobs, range(40)), 4):
            found.append(one)
    assert jobs.begun < 40
    assert jobs.running == 0
    assert len(found) == jobs.begun - 1


async def test_whoever_leaves_early_leaves_none_behind() -> None:
    jobs = Jobs()
    walk = as_they_end(of(jobs, range(10, 40)), 4)
    await anext(walk)
    await walk.aclose()  # type: ignore[attr-defined]
    assert jobs.running == 0


async def test_no_jobs_are_no_results() -> None:
    assert [one async for one in as_they_end([])] == []
