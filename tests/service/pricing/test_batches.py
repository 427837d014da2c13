"""Lists of products that are imported step by step (contract rows PRI-09 to 12, decision G14)."""

import asyncio
from typing import Any

import pytest

from backend.domain.pricing.batches import BatchImport, Progress
from backend.domain.pricing.new_products import NewProducts
from backend.kit.errors import DomainError
from backend.ports.actor import Actor
from tests.support.monitoring import some_products
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio
COUNT = "SELECT count(*) FROM products WHERE organization_id = :org AND deleted_at IS NULL"
JOBS = """
SELECT cast(payload ->> 'batch_id' AS uuid) FROM jobs
WHERE organization_id = :org AND name = 'pricing.import_batch' ORDER BY id
"""


def told(number: int, label: str = "Lamp") -> dict[str, dict[str, str]]:
    return {f"product{place}": one for place, one in enumerate(some_products(number, label))}


async def start(bench: Workbench, actor: Actor, products: dict[str, dict[str, str]], *, whole: bool = True) -> Progress:
    async with bench.container.transaction() as services:
        return await services.product_batches.start(actor, products, whole=whole)


async def progress(bench: Workbench, actor: Actor) -> Progress:
    async with bench.container.transaction() as services:
        return await services.product_batches.progress(actor)


async def count(bench: Workbench, actor: Actor) -> int:
    return int((await bench.rows(COUNT, org=actor.tenant))[0][0])


async def test_a_list_waits_and_is_then_imported(bench: Workbench) -> None:
    actor = await bench.organization()
    taken = await start(bench, actor, told(5))
    assert (taken.state, taken.total, taken.processed) == ("queued", 5, 0)

    await bench.work_off()

    done = await progress(bench, actor)
    assert (done.state, done.total, done.processed, list(done.errors)) == ("finished", 5, 5, [])
    assert await count(bench, actor) == 5
    rows = await bench.rows(
        "SELECT jsonb_array_length(rows) FROM product_batches WHERE organization_id = :org", org=actor.tenant
    )
    assert rows == [(0,)]


async def test_before_any_list_nothing_is_going_on(bench: Workbench) -> None:
    assert await progress(bench, await bench.organization()) == Progress(state="idle")


async def test_a_killed_import_goes_on_behind_its_last_step(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    actor = await bench.organization()
    await start(bench, actor, told(25))
    [(batch_id,)] = await bench.rows(JOBS, org=actor.tenant)
    worker = BatchImport(bench.container.begin, bench.container.product_limit, at_once=10)
    real, steps = NewProducts.add, 0

    async def dies(self: NewProducts, *given: Any) -> Any:
        nonlocal steps
        steps += 1
        made = await real(self, *given)
        if steps == 2:
            raise asyncio.CancelledError  # written, but not committed
        return made

    monkeypatch.setattr(NewProducts, "add", dies)
    with pytest.raises(asyncio.CancelledError):
        await worker.run(batch_id)
    assert (await progress(bench, actor)).processed == await count(bench, actor) == 10
    assert (await progress(bench, actor)).state == "running"

    await worker.run(batch_id)

    assert await count(bench, actor) == 25
    assert (await progress(bench, actor)).state == "finished"
    twice = "SELECT title FROM products WHERE organization_id = :org GROUP BY title HAVING count(*) > 1"
    assert await bench.rows(twice, org=actor.tenant) == []


async def test_two_workers_on_one_list_import_it_once(bench: Workbench) -> None:
    actor = await bench.organization()
    await start(bench, actor, told(60))
    [(batch_id,)] = await bench.rows(JOBS, org=actor.tenant)
    workers = [BatchImport(bench.container.begin, bench.container.product_limit, at_once=7) for _ in range(3)]

    await asyncio.gather(*(worker.run(batch_id) for worker in workers))

    assert await count(bench, actor) == 60
    assert list((await progress(bench, actor)).errors) == []


async def test_a_finished_list_is_not_imported_again(bench: Workbench) -> None:
    actor = await bench.organization()
    await start(bench, actor, told(3))
    [(batch_id,)] = await bench.rows(JOBS, org=actor.tenant)
    await bench.container.batch_import.run(batch_id)
    before = await progress(bench, actor)

    await bench.container.batch_import.run(batch_id)

    assert await progress(bench, actor) == before
    assert await count(bench, actor) == 3


async def test_lists_are_worked_off_in_their_order_whichever_job_comes_first(bench: Workbench) -> None:
    actor = await bench.organization()
    await start(bench, actor, told(3, "First"))
    await start(bench, actor, told(3, "Second"))
    [(_,), (second,)] = await bench.rows(JOBS, org=actor.tenant)

    await bench.container.batch_import.run(second)

    rows = await bench.rows("SELECT title FROM products WHERE organization_id = :org ORDER BY id", org=actor.tenant)
    assert [title.split()[0] for (title,) in rows] == ["First"] * 3 + ["Second"] * 3


async def test_pri_11_the_same_list_is_not_taken_twice_while_it_waits(bench: Workbench) -> None:
    actor = await bench.organization()
    await start(bench, actor, told(3))
    with pytest.raises(DomainError, match="queue already"):
        await start(bench, actor, told(3))
    await bench.work_off()

    await start(bench, actor, told(3))
    await bench.work_off()

    assert len((await progress(bench, actor)).errors) == 3
    assert await count(bench, actor) == 3


async def test_another_organization_hands_in_the_same_list(bench: Workbench) -> None:
    one, two = await bench.organization(), await bench.organization()
    await start(bench, one, told(3))
    await start(bench, two, told(3))
    await bench.work_off()
    assert (await count(bench, one), await count(bench, two)) == (3, 3)


async def test_pri_10_a_list_beyond_the_plan_is_refused_whole_or_cut(bench: Workbench) -> None:
    actor = await bench.organization("starter")
    await start(bench, actor, told(990))
    await bench.work_off()
    more = told(20, "More")
    with pytest.raises(DomainError, match="Package limit exceeded"):
        await start(bench, actor, more)

    await start(bench, actor, more, whole=False)
    await bench.work_off()

    assert await count(bench, actor) == 1000
    done = await progress(bench, actor)
    assert (done.total, done.processed) == (20, 20)
    assert [error["product"] for error in done.errors] == [f"product{place}" for place in range(10, 20)]


async def test_pri_10_lists_that_wait_take_their_room(bench: Workbench) -> None:
    actor = await bench.organization("starter")
    await start(bench, actor, told(600, "First"))
    with pytest.raises(DomainError, match="Package limit exceeded"):
        await start(bench, actor, told(600, "Second"))


async def test_a_list_given_up_is_failed_and_keeps_what_it_brought(bench: Workbench) -> None:
    actor = await bench.organization()
    await start(bench, actor, told(3))
    [(batch_id,)] = await bench.rows(JOBS, org=actor.tenant)
    await bench.container.batch_import.give_up(batch_id)
    await bench.container.batch_import.give_up(batch_id)
    assert (await progress(bench, actor)).state == "failed"
    await bench.container.batch_import.run(batch_id)
    assert await count(bench, actor) == 0


async def test_a_list_whose_lines_are_all_bad_ends_too(bench: Workbench) -> None:
    actor = await bench.organization()
    await start(bench, actor, {"product0": {"brand": "x"}, "product1": {"name": "y"}})
    await bench.work_off()
    done = await progress(bench, actor)
    assert (done.state, done.processed, len(done.errors)) == ("finished", 2, 2)


async def test_an_organization_has_not_too_many_lists_waiting(bench: Workbench) -> None:
    actor = await bench.organization()
    for number in range(20):
        await start(bench, actor, told(1, f"List {number}"))
    with pytest.raises(DomainError, match="Too many lists"):
        await start(bench, actor, told(1, "One more"))
