"""A held run is let through by somebody who says why."""

import asyncio
import uuid

import pytest

from backend.kit.errors import DomainError
from backend.models.sync import SyncRun
from backend.ports.actor import Actor
from plugin_bridge.sandbox.generator import generate_products
from tests.support.product import SimulatedStore, Workbench

pytestmark = pytest.mark.anyio

WHY = "Half the shop closed"
LEFT = "SELECT count(*) FROM products WHERE organization_id = :org AND deleted_at IS NULL"


async def shrunk(bench: Workbench, left: int = 2) -> tuple[Actor, uuid.UUID, SimulatedStore, SyncRun]:
    """Connect a store of twenty products, delete all but *left* and walk it: the run is held."""
    actor = await bench.organization()
    store = bench.store(generate_products(20))
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    skus = await bench.rows("SELECT sku FROM variants WHERE organization_id = :org ORDER BY id", org=actor.tenant)
    for (sku,) in skus[left:]:
        store.control("POST", "change", {"sku": sku, "delete": "force"})
    run = await bench.pull(actor, store_id)
    assert run.state == "held"
    return actor, store_id, store, run


async def let_through(bench: Workbench, actor: Actor, run_id: uuid.UUID, reason: str = WHY) -> SyncRun:
    async with bench.container.transaction() as services:
        return await services.held_runs.run_anyway(actor, run_id, reason)


async def test_what_a_guard_held_is_removed_once_somebody_says_why(bench: Workbench) -> None:
    actor, store_id, _, held = await shrunk(bench)
    assert await bench.value(LEFT, org=actor.tenant) == 20
    asked = await let_through(bench, actor, held.id)
    await bench.work_off()
    run = await bench.run(actor, asked.id)
    assert (run.state, run.stats["products_removed"]) == ("completed", 18)
    assert run.unguarded_reason == "Half the shop closed"
    assert await bench.value(LEFT, org=actor.tenant) == 2
    kept = (
        "SELECT action, subject, facts ->> 'reason', facts ->> 'guard' FROM audit_entries WHERE organization_id = :org"
    )
    entry = ("sync.run_anyway", str(store_id), "Half the shop closed", "source_shrank")
    assert await bench.rows(kept, org=actor.tenant) == [entry]


async def test_an_emptied_store_can_be_let_through_too(bench: Workbench) -> None:
    actor, _, _, held = await shrunk(bench, left=0)
    assert held.error_code == "source_empty"
    await let_through(bench, actor, held.id)
    await bench.work_off()
    assert await bench.value(LEFT, org=actor.tenant) == 0


async def test_guards_hold_the_next_run_again(bench: Workbench) -> None:
    actor, store_id, store, held = await shrunk(bench, left=9)
    await let_through(bench, actor, held.id)
    await bench.work_off()
    live = "SELECT sku FROM variants WHERE organization_id = :org AND deleted_at IS NULL"
    skus = await bench.rows(live, org=actor.tenant)
    for (sku,) in skus:
        store.control("POST", "change", {"sku": sku, "delete": "force"})
    assert (await bench.pull(actor, store_id)).state == "held"


async def test_asked_twice_at_once_it_is_let_through_once(bench: Workbench) -> None:
    actor, _, _, held = await shrunk(bench)
    asked = await asyncio.gather(*(let_through(bench, actor, held.id) for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(one, SyncRun) for one in asked) == 1
    refused = {one.code for one in asked if isinstance(one, DomainError)}
    assert refused <= {"RUN_NOT_HELD", "SYNC_BUSY"}
    entries = "SELECT count(*) FROM audit_entries WHERE organization_id = :org"
    assert await bench.value(entries, org=actor.tenant) == 1


@pytest.mark.parametrize("reason", ["", "    ", "ok", "x" * 501])
async def test_a_reason_has_to_say_something(bench: Workbench, reason: str) -> None:
    actor, _, _, held = await shrunk(bench)
    with pytest.raises(DomainError) as refused:
        await let_through(bench, actor, held.id, reason)
    assert refused.value.code == "REASON_INVALID"


async def test_a_run_that_is_not_held_cannot_be_let_through(bench: Workbench) -> None:
    actor = await bench.organization()
    store_id = await bench.connect(actor, bench.store(generate_products(3)))
    await bench.work_off()
    run = await bench.pull(actor, store_id)
    with pytest.raises(DomainError) as refused:
        await let_through(bench, actor, run.id)
    assert refused.value.code == "RUN_NOT_HELD"


async def test_a_stranger_and_the_staff_cannot_let_it_through(bench: Workbench) -> None:
    actor, _, _, held = await shrunk(bench)
    with pytest.raises(DomainError) as unknown:
        await let_through(bench, await bench.organization(), held.id)
    assert unknown.value.code == "NOT_FOUND"
    with pytest.raises(DomainError) as refused:
        await let_through(bench, Actor(organization_id=actor.tenant, role="staff"), held.id)
    assert refused.value.code == "INSUFFICIENT_ROLE"
