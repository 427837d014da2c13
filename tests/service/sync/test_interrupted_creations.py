"""What changes while a product is being put up for sale reaches the store, however the putting up ended."""

import uuid
from typing import Any

import pytest

from backend.domain.catalog.edits import FieldEdit
from backend.domain.stock.ledger import Adjustment
from backend.domain.stores.opening import StoreOpening
from backend.domain.sync.push_results import PushResults
from backend.domain.sync.push_step import Batch, start, take
from backend.domain.sync.repository import SyncRepository
from backend.ports.actor import Actor
from backend.ports.store_writes import ProductCreation
from plugin_bridge.sandbox.generator import generate_products
from tests.support.product import SimulatedStore, Workbench

pytestmark = pytest.mark.anyio


class Offer:
    """A product of one store that is being put up for sale in another."""

    def __init__(self, bench: Workbench, actor: Actor, target: SimulatedStore, target_id: uuid.UUID) -> None:
        self.bench, self.actor, self.target, self.target_id = bench, actor, target, target_id
        self.product_id = self.variant_id = self.began = 0
        self.sku = ""
        self.run_id = uuid.UUID(int=0)

    @classmethod
    async def asked(cls, bench: Workbench) -> "Offer":
        actor = await bench.organization()
        home, target = bench.store(generate_products(3)), bench.store(generate_products(1))
        await bench.connect(actor, home)
        await bench.work_off()
        made = cls(bench, actor, target, await bench.connect(actor, target))
        await bench.work_off()
        counted = (
            "SELECT v.product_id, v.id, v.sku, k.on_hand FROM variants v JOIN stock_levels k"
            " ON k.organization_id = v.organization_id AND k.variant_id = v.id WHERE v.organization_id = :org"
            " AND k.on_hand > 5 AND v.id NOT IN (SELECT variant_id FROM listings WHERE store_id = :store) LIMIT 1"
        )
        rows = await bench.rows(counted, org=actor.tenant, store=made.target_id)
        [(made.product_id, made.variant_id, made.sku, made.began)] = rows
        async with bench.container.transaction() as services:
            await services.listings.ask(actor, made.target_id, made.product_id, wanted="listed")
        return made

    async def take(self) -> Batch:
        """Take the product for sending, as a worker does."""
        query = "SELECT id FROM sync_runs WHERE store_id = :store AND kind = 'push' AND state = 'queued'"
        self.run_id = await self.bench.value(query, store=self.target_id)
        async with self.bench.container.begin() as session:
            fields = frozenset({"title", "price", "sale_price", "stock"})
            assert await start(session, self.run_id, {"woocommerce": fields}) is not None
        async with self.bench.container.begin() as session:
            batch = await take(session, self.run_id, 10)
        assert batch is not None
        return batch

    async def make(self, batch: Batch, *, noted: bool) -> None:
        """Have the store make it, and note that or die before."""
        async with self.bench.container.begin() as session:
            found = await SyncRepository(session).lock(self.run_id)
        assert found is not None
        run, store = found
        hub = self.bench.container
        platform = await StoreOpening(hub.begin, hub.sealer, hub.platforms).open(store)
        writes = {write.key: write for write in batch.writes}
        async for some in platform.write(batch.writes, repeated=False):
            if noted:
                async with self.bench.container.begin() as session:
                    await PushResults(session, run, store).note(writes, some)
        await platform.aclose()

    async def change(self) -> None:
        """Change title, price and pieces in the hub."""
        edits = [
            FieldEdit(product_id=self.product_id, field="title", value="Another title"),
            FieldEdit(product_id=self.product_id, variant_id=self.variant_id, field="sale_price", value=None),
            FieldEdit(product_id=self.product_id, variant_id=self.variant_id, field="price", value="77.7"),
        ]
        pieces = [Adjustment(variant_id=self.variant_id, delta=3, reason="correction")]
        async with self.bench.container.transaction() as services:
            await services.catalog_edits.apply(self.actor, edits, origin="person")
            await services.stock_ledger.adjust(self.actor, pieces)

    async def met(self) -> None:
        """Have a pull meet it while whoever made it is away."""
        away = "UPDATE jobs SET run_at = now() + interval '1 hour' WHERE name = 'sync.push_store' RETURNING 1"
        await self.bench.rows(away)
        await self.bench.pull(self.actor, self.target_id)

    async def settle(self) -> dict[str, Any]:
        """Let everything come to rest; return what the store shows of it."""
        for _ in range(3):
            await self.bench.work_off()
            await self.bench.container.due_pushes.start()
        await self.bench.pull(self.actor, self.target_id)
        await self.bench.container.due_pushes.start()
        await self.bench.work_off()
        [found] = [row for row in self.target.control("GET", "catalog") if row["sku"] == self.sku]
        return {name: found[name] for name in ("title", "price", "stock")}

    async def held(self) -> tuple[str, str, int]:
        query = (
            "SELECT p.title, cast(trim_scale(v.price) AS text), (SELECT sum(k.on_hand) FROM stock_levels k"
            " WHERE k.organization_id = v.organization_id AND k.variant_id = v.id) FROM variants v JOIN products p"
            " ON p.organization_id = v.organization_id AND p.id = v.product_id"
            " WHERE v.organization_id = :org AND v.id = :id"
        )
        [(title, price, pieces)] = await self.bench.rows(query, org=self.actor.tenant, id=self.variant_id)
        return title, price, int(pieces)


@pytest.mark.parametrize("noted", [True, False])
async def test_what_changes_while_a_product_is_made_is_written_to_it_afterwards(bench: Workbench, noted: bool) -> None:
    offer = await Offer.asked(bench)
    batch = await offer.take()
    await offer.change()
    await offer.make(batch, noted=noted)
    shown = await offer.settle()
    assert await offer.held() == ("Another title", "77.7", offer.began + 3)
    assert (shown["title"], float(shown["price"]), shown["stock"]) == ("Another title", 77.7, offer.began + 3)


async def test_a_product_that_was_not_made_in_time_is_made_as_it_was_and_then_brought_up_to_date(
    bench: Workbench,
) -> None:
    offer = await Offer.asked(bench)
    await offer.take()
    await offer.change()
    shown = await offer.settle()
    assert (shown["title"], float(shown["price"]), shown["stock"]) == ("Another title", 77.7, offer.began + 3)
    assert await offer.held() == ("Another title", "77.7", offer.began + 3)


async def test_what_a_store_was_given_is_kept_only_until_it_has_answered(bench: Workbench) -> None:
    offer = await Offer.asked(bench)
    batch = await offer.take()
    [write] = batch.writes
    assert isinstance(write, ProductCreation)
    query = "SELECT fields ? 'given' FROM sync_changes WHERE run_id = :run"
    assert await bench.value(query, run=offer.run_id) is True
    await offer.make(batch, noted=True)
    assert await bench.value(query, run=offer.run_id) is False


async def test_a_product_of_a_run_that_failed_is_looked_for_before_it_is_made_again(bench: Workbench) -> None:
    offer = await Offer.asked(bench)
    batch = await offer.take()
    await offer.make(batch, noted=False)
    offer.target.control("POST", "change", {"sku": offer.sku, "price": "5.55", "silent": True})
    await bench.container.run_trouble.give_up(offer.run_id, "unreachable", "The store does not answer")
    gone = "UPDATE sync_runs SET finished_at = now() - interval '1 hour' WHERE id = :run RETURNING 1"
    await bench.rows(gone, run=offer.run_id)
    await offer.settle()
    query = "SELECT state, code FROM sync_changes WHERE product_id = :id AND action = 'create'"
    assert await bench.rows(query, id=offer.product_id) == [("applied", "unchanged")]
    made = [one for one in offer.target.control("GET", "writes") if offer.sku in str(one["body"].get("create", ""))]
    assert len(made) <= 1


@pytest.mark.parametrize("changed", [True, False])
async def test_a_product_that_a_pull_met_before_its_creation_was_noted_keeps_what_was_sold_since(
    bench: Workbench, changed: bool
) -> None:
    offer = await Offer.asked(bench)
    await offer.make(await offer.take(), noted=False)
    if changed:
        await offer.change()
    await offer.met()
    offer.target.control("POST", "change", {"sku": offer.sku, "stock": offer.began - 2, "silent": True})
    await bench.pull(offer.actor, offer.target_id)
    await bench.hurry()
    shown = await offer.settle()
    title, price, pieces = await offer.held()
    assert pieces == offer.began + 3 * changed - 2
    assert (shown["title"], float(shown["price"]), shown["stock"]) == (title, float(price), pieces)
    assert (title == "Another title") is changed


async def test_what_a_merchant_changes_in_a_new_product_before_it_is_met_is_taken(bench: Workbench) -> None:
    offer = await Offer.asked(bench)
    await offer.make(await offer.take(), noted=False)
    offer.target.control("POST", "change", {"sku": offer.sku, "title": "As the merchant says", "silent": True})
    await offer.met()
    assert (await offer.held())[0] != "As the merchant says", "who was first is not known yet"
    await bench.hurry()
    shown = await offer.settle()
    assert (await offer.held())[0] == "As the merchant says" == shown["title"]


@pytest.mark.parametrize("later", [0, 3])
async def test_what_a_store_sells_of_a_new_product_before_it_is_met_is_gone_from_the_hub(
    bench: Workbench, later: int
) -> None:
    offer = await Offer.asked(bench)
    await offer.make(await offer.take(), noted=False)
    offer.target.control("POST", "change", {"sku": offer.sku, "stock": offer.began - 3, "silent": True})
    if later:
        await offer.change()
    await offer.met()
    assert (await offer.held())[2] == offer.began + later - 3
    await bench.hurry()
    shown = await offer.settle()
    assert (await offer.held())[2] == offer.began + later - 3 == shown["stock"]
