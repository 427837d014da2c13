"""Pieces that were on their way to a store when their worker was killed are counted once, arrived or not."""

import uuid
from typing import Any

import pytest

from backend.domain.orders.shown_order import ShownLine, ShownOrder
from backend.domain.orders.taking import OrderTaking
from backend.domain.stock.ledger import Adjustment
from backend.domain.stores.opening import StoreOpening
from backend.domain.sync.push_results import PushResults
from backend.domain.sync.push_step import Batch, start, take
from backend.domain.sync.pushing import MOST_WAITS
from backend.domain.sync.repository import SyncRepository
from backend.kit.clock import utc_now
from backend.models.stores import Store
from backend.ports.actor import Actor
from backend.ports.store_writes import WRITTEN, StockWrite, WriteResult
from plugin_bridge.sandbox.generator import generate_products
from plugin_bridge.woocommerce import changes
from tests.support.product import SimulatedStore, Workbench

pytestmark = pytest.mark.anyio


class Shelf:
    """One counted article of a store, as the hub and as the store know it."""

    def __init__(self, bench: Workbench, actor: Actor, store: SimulatedStore, store_id: uuid.UUID) -> None:
        self.bench, self.actor, self.store, self.store_id = bench, actor, store, store_id
        self.variant_id, self.sku, self.began = 0, "", 0

    @classmethod
    async def filled(cls, bench: Workbench) -> "Shelf":
        actor = await bench.organization()
        store = bench.store(generate_products(3))
        made = cls(bench, actor, store, await bench.connect(actor, store))
        await bench.work_off()
        counted = (
            "SELECT v.id, v.sku, k.on_hand FROM variants v JOIN stock_levels k ON k.organization_id = v.organization_id"
            " AND k.variant_id = v.id WHERE v.organization_id = :org AND k.on_hand > 5 ORDER BY v.id LIMIT 1"
        )
        [(made.variant_id, made.sku, made.began)] = await bench.rows(counted, org=actor.tenant)
        return made

    async def adjust(self, delta: int) -> None:
        one = Adjustment(variant_id=self.variant_id, delta=delta, reason="correction")
        async with self.bench.container.transaction() as services:
            done = await services.stock_ledger.adjust(self.actor, [one])
            await services.push_requests.soon(self.actor, done.due_stores, kind="stock")

    async def take(self) -> tuple[uuid.UUID, Batch]:
        """Take what is due for sending, as a worker does, maybe one that is killed right after it."""
        query = "SELECT id FROM sync_runs WHERE store_id = :store AND kind = 'stock' AND state = 'queued'"
        run_id = await self.bench.value(query, store=self.store_id)
        async with self.bench.container.begin() as session:
            assert await start(session, run_id, {"woocommerce": frozenset({"stock"})}) is not None
        async with self.bench.container.begin() as session:
            batch = await take(session, run_id, 10)
        assert batch is not None
        return run_id, batch

    async def lost(self, delta: int, *, arrived: bool) -> uuid.UUID:
        """Have a number on its way when its worker is killed, which the store took or not; return its run."""
        await self.adjust(delta)
        run_id, batch = await self.take()
        if arrived:
            await self.send(batch)
        return run_id

    async def send(self, batch: Batch) -> None:
        """Have the store carry it out without noting anything of it."""
        hub = self.bench.container
        async with hub.begin() as session:
            store = await session.get_one(Store, self.store_id)
        platform = await StoreOpening(hub.begin, hub.sealer, hub.platforms).open(store)
        async for _ in platform.write(batch.writes, repeated=False):
            pass
        await platform.aclose()

    async def note(self, run_id: uuid.UUID, batch: Batch) -> frozenset[uuid.UUID]:
        """Note that the store took the number; return the stores whose pieces are due because of it."""
        [write] = batch.writes
        assert isinstance(write, StockWrite)
        self.show(write.target)
        taken = WriteResult(key=write.key, outcome=WRITTEN, pieces=write.target, shown={"stock": write.target})
        async with self.bench.container.begin() as session:
            found = await SyncRepository(session).lock(run_id)
            assert found is not None
            return await PushResults(session, *found).note({write.key: write}, [taken])

    def show(self, pieces: int) -> None:
        self.store.control("POST", "change", {"sku": self.sku, "stock": pieces, "silent": True})

    async def sell(self, pieces: int) -> None:
        """Hear of an order that the store has taken its pieces for already."""
        query = "SELECT external_id FROM listings WHERE store_id = :store AND variant_id = :id"
        name = await self.bench.value(query, store=self.store_id, id=self.variant_id)
        line = ShownLine(line_id="1", external_variant_id=name, quantity=pieces)
        order = ShownOrder(order_id="77", created_at=utc_now(), lines=(line,))
        async with self.bench.container.begin() as session:
            await OrderTaking(session).take_order(self.actor, self.store_id, order)

    async def settle(self) -> tuple[int, int]:
        """Let everything come to rest; return what the hub has and what the store shows."""
        for _ in range(2):
            await self.bench.work_off()
            await self.bench.container.due_pushes.start()
        await self.bench.pull(self.actor, self.store_id)
        await self.bench.container.due_pushes.start()
        await self.bench.work_off()
        query = "SELECT sum(on_hand) FROM stock_levels WHERE organization_id = :org AND variant_id = :id"
        hub = await self.bench.value(query, org=self.actor.tenant, id=self.variant_id)
        [shown] = [row["stock"] for row in self.store.control("GET", "catalog") if row["sku"] == self.sku]
        return int(hub), shown


@pytest.mark.parametrize("arrived", [True, False])
@pytest.mark.parametrize("sold", [0, 1])
@pytest.mark.parametrize("later", [0, 5, -2])
async def test_a_number_that_was_on_its_way_is_counted_once(
    bench: Workbench, arrived: bool, sold: int, later: int
) -> None:
    shelf = await Shelf.filled(bench)
    await shelf.lost(3, arrived=arrived)
    shelf.show(shelf.began + 3 * arrived - sold)
    if later:
        await shelf.adjust(later)
    left = shelf.began + 3 + later - sold
    assert await shelf.settle() == (left, left)


async def test_a_number_on_its_way_that_nobody_wants_any_more_is_looked_for_all_the_same(bench: Workbench) -> None:
    shelf = await Shelf.filled(bench)
    await shelf.lost(3, arrived=True)
    await shelf.adjust(-3)
    assert await shelf.settle() == (shelf.began, shelf.began)


async def test_a_number_that_never_arrived_and_that_nobody_wants_any_more_is_not_sent(bench: Workbench) -> None:
    shelf = await Shelf.filled(bench)
    await shelf.lost(3, arrived=False)
    await shelf.adjust(-3)
    assert await shelf.settle() == (shelf.began, shelf.began)
    assert not [one for one in shelf.store.control("GET", "writes") if "stock_quantity" in str(one["body"])]


async def test_a_number_that_changes_back_while_it_is_written_is_written_back(bench: Workbench) -> None:
    shelf = await Shelf.filled(bench)
    await shelf.adjust(3)
    taken = await shelf.take()
    await shelf.adjust(-3)
    assert await shelf.note(*taken) == {shelf.store_id}
    assert await shelf.settle() == (shelf.began, shelf.began)


@pytest.mark.parametrize("arrived", [True, False])
@pytest.mark.parametrize("later", [0, -3])
async def test_a_number_of_a_run_that_failed_is_looked_for_by_the_next_run(
    bench: Workbench, arrived: bool, later: int
) -> None:
    shelf = await Shelf.filled(bench)
    run_id = await shelf.lost(3, arrived=arrived)
    shelf.show(shelf.began + 3 * arrived - 1)
    if later:
        await shelf.adjust(later)
    await bench.container.run_trouble.give_up(run_id, "unreachable", "The store does not answer")
    await bench.pull(shelf.actor, shelf.store_id)
    gone = "UPDATE sync_runs SET finished_at = now() - interval '1 hour' WHERE id = :run RETURNING 1"
    await bench.rows(gone, run=run_id)
    left = shelf.began + 3 + later - 1
    assert await shelf.settle() == (left, left)


@pytest.mark.parametrize("arrived", [True, False])
async def test_pieces_sold_in_a_number_that_looks_like_ours_are_told_from_it_by_its_mark(
    bench: Workbench, arrived: bool
) -> None:
    shelf = await Shelf.filled(bench)
    await shelf.lost(-2, arrived=arrived)
    shelf.show(shelf.began - 2 - arrived)
    left = shelf.began - 2 - (1 if arrived else 2)
    assert await shelf.settle() == (left, left)


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_store_that_cannot_tell_is_asked_again_until_its_orders_are_heard_of(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, arrived: bool
) -> None:
    monkeypatch.setattr(changes, "_bears", lambda item, key: None)
    shelf = await Shelf.filled(bench)
    run_id = await shelf.lost(1, arrived=arrived)
    shelf.show(shelf.began + arrived - 2)
    await bench.work_off()
    assert (await bench.run(shelf.actor, run_id)).state == "running"
    await shelf.sell(2)
    await bench.hurry()
    left = shelf.began + 1 - 2
    assert await shelf.settle() == (left, left)


@pytest.mark.parametrize("arrived", [True, False])
async def test_an_order_heard_of_while_a_store_is_asked_again_is_counted_once(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, arrived: bool
) -> None:
    """The store may have been read before or after it sold: what it shows then may be ours or a sale."""
    monkeypatch.setattr(changes, "_bears", lambda item, key: None)
    shelf = await Shelf.filled(bench)
    await shelf.lost(-1, arrived=arrived)
    noting = PushResults.unclear

    async def sells_meanwhile(*given: Any) -> frozenset[str]:
        if not sold:
            sold.append(1)
            await shelf.sell(1)
        return await noting(*given)

    sold: list[int] = []
    monkeypatch.setattr(PushResults, "unclear", sells_meanwhile)
    if not arrived:
        shelf.show(shelf.began - 1)  # it sold before it was read
        await bench.work_off()
    else:
        await bench.work_off()
        shelf.show(shelf.began - 2)
    await bench.hurry()
    assert await shelf.settle() == (shelf.began - 2, shelf.began - 2)


async def test_a_store_that_cannot_tell_is_not_asked_for_ever(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "_bears", lambda item, key: None)
    shelf = await Shelf.filled(bench)
    run_id = await shelf.lost(3, arrived=True)
    shelf.show(shelf.began + 3 - 1)
    for _ in range(MOST_WAITS + 1):
        await bench.work_off()
        await bench.hurry()
    assert (await bench.run(shelf.actor, run_id)).state == "completed"
    assert await shelf.settle() == (shelf.began + 2, shelf.began + 2)


async def test_an_order_heard_of_while_a_number_is_written_comes_after_it(bench: Workbench) -> None:
    shelf = await Shelf.filled(bench)
    await shelf.adjust(-1)
    taken = await shelf.take()
    await shelf.sell(1)
    assert await shelf.note(*taken) == frozenset()
    shelf.show(shelf.began - 2)
    assert await shelf.settle() == (shelf.began - 2, shelf.began - 2)
