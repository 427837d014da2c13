"""Products are put up for sale in a store and taken off there, and both can be taken back."""

import uuid
from typing import Any

import pytest

from backend.kit.errors import DomainError
from backend.ports.actor import Actor
from plugin_bridge.sandbox.generator import generate_products
from tests.support.product import SimulatedStore, Workbench

pytestmark = pytest.mark.anyio

LINKS = "SELECT count(*) FROM product_links WHERE organization_id = :org AND store_id = :store AND gone_at IS NULL"
DUE = "SELECT count(*) FROM listings WHERE organization_id = :org AND due IS NOT NULL"


class Pair:
    """Two stores of one organization: the first sells six products, the second the first four of them."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench

    async def open(self) -> "Pair":
        self.actor: Actor = await self.bench.organization()
        self.home: SimulatedStore = self.bench.store(generate_products(6))
        self.other: SimulatedStore = self.bench.store(generate_products(4))
        self.home_id: uuid.UUID = await self.bench.connect(self.actor, self.home)
        await self.bench.work_off()
        self.other_id: uuid.UUID = await self.bench.connect(self.actor, self.other)
        await self.bench.work_off()
        query = """SELECT p.id, v.sku FROM products p JOIN variants v ON v.organization_id = p.organization_id
                   AND v.product_id = p.id WHERE p.organization_id = :org AND p.deleted_at IS NULL ORDER BY p.id"""
        self.ids: dict[str, int] = {
            sku: product for product, sku in await self.bench.rows(query, org=self.actor.tenant)
        }
        return self

    async def ask(self, product_id: int, wanted: str) -> None:
        async with self.bench.container.transaction() as services:
            await services.listings.ask(self.actor, self.other_id, product_id, wanted=wanted)
        await self.bench.work_off()

    async def newest_push(self) -> uuid.UUID:
        query = "SELECT id FROM sync_runs WHERE store_id = :store AND kind = 'push' ORDER BY created_at DESC LIMIT 1"
        found: uuid.UUID = await self.bench.value(query, store=self.other_id)
        return found

    async def undo(self, run_id: uuid.UUID) -> None:
        async with self.bench.container.transaction() as services:
            plan = await services.undo.plan(self.actor, run_id)
        async with self.bench.container.transaction() as services:
            await services.previews.apply(self.actor, plan.run.id)
        await self.bench.work_off()

    def row(self, store: SimulatedStore, sku: str) -> dict[str, Any] | None:
        found = [row for row in store.control("GET", "catalog") if row["sku"] == sku and row["status"] != "trash"]
        assert len(found) <= 1
        return found[0] if found else None

    async def counts(self) -> dict[str, int]:
        async with self.bench.container.transaction() as services:
            return await services.listings.counts(self.actor, self.other_id)


async def test_the_same_articles_of_two_stores_are_one_and_nothing_is_written(bench: Workbench) -> None:
    pair = await Pair(bench).open()
    assert len(pair.ids) == 6
    assert await bench.value(LINKS, org=pair.actor.tenant, store=pair.other_id) == 4
    assert await bench.value(DUE, org=pair.actor.tenant) == 0


async def test_a_product_is_put_up_for_sale_once_with_its_price_and_pieces(bench: Workbench) -> None:
    pair = await Pair(bench).open()
    sku = next(one for one in pair.ids if pair.row(pair.other, one) is None)
    await pair.ask(pair.ids[sku], "listed")
    made, model = pair.row(pair.other, sku), pair.row(pair.home, sku)
    assert made is not None
    assert model is not None
    assert {name: made[name] for name in ("title", "price", "sale_price", "stock", "status")} == {
        name: model[name] for name in ("title", "price", "sale_price", "stock", "status")
    }
    assert await bench.value(LINKS, org=pair.actor.tenant, store=pair.other_id) == 5
    written = len(pair.other.control("GET", "writes"))
    pulled = await bench.pull(pair.actor, pair.other_id)
    assert (pulled.state, pulled.stats["products_added"]) == ("completed", 0)
    await bench.container.due_pushes.start()
    await bench.work_off()
    assert len(pair.other.control("GET", "writes")) == written
    await pair.ask(pair.ids[sku], "listed")
    assert len(pair.other.control("GET", "writes")) == written


async def test_a_store_that_sold_more_than_there_was_is_corrected_once_another_one_sells_it_too(
    bench: Workbench,
) -> None:
    pair = await Pair(bench).open()
    sku = next(one for one in pair.ids if pair.row(pair.other, one) is None)
    variant_id = await bench.value("SELECT id FROM variants WHERE product_id = :id", id=pair.ids[sku])
    # As an order leaves it while the first store sells it alone.
    pair.home.control("POST", "change", {"sku": sku, "stock": -1})
    await bench.rows("UPDATE stock_levels SET on_hand = 0 WHERE variant_id = :id RETURNING 1", id=variant_id)
    await bench.rows("UPDATE listings SET shown = '{\"stock\": -1}' WHERE variant_id = :id RETURNING 1", id=variant_id)
    await pair.ask(pair.ids[sku], "listed")
    made, model = pair.row(pair.other, sku), pair.row(pair.home, sku)
    assert made is not None
    assert model is not None
    assert (made["stock"], model["stock"]) == (0, 0)
    assert await bench.value(DUE, org=pair.actor.tenant) == 0


async def test_a_creation_that_is_taken_back_deletes_what_we_made_alone(bench: Workbench) -> None:
    pair = await Pair(bench).open()
    sku = next(one for one in pair.ids if pair.row(pair.other, one) is None)
    await pair.ask(pair.ids[sku], "listed")
    await pair.undo(await pair.newest_push())
    assert pair.row(pair.other, sku) is None
    assert pair.row(pair.home, sku) is not None
    assert await bench.value(LINKS, org=pair.actor.tenant, store=pair.other_id) == 4


async def test_a_product_taken_off_sale_in_one_store_is_sold_in_the_other(bench: Workbench) -> None:
    pair = await Pair(bench).open()
    sku = next(one for one in pair.ids if pair.row(pair.other, one) is not None)
    await pair.ask(pair.ids[sku], "unlisted")
    off = pair.row(pair.other, sku)
    assert off is not None
    assert off["status"] == "draft"
    assert (await pair.counts())["unlisted"] == 1
    for store_id in (pair.other_id, pair.home_id):
        assert (await bench.pull(pair.actor, store_id)).state == "completed"
    await bench.container.due_pushes.start()
    await bench.work_off()
    sold = pair.row(pair.home, sku)
    assert sold is not None
    assert sold["status"] == "publish"
    assert (await pair.counts())["unlisted"] == 1
    await pair.undo(await pair.newest_push())
    back = pair.row(pair.other, sku)
    assert back is not None
    assert back["status"] == "publish"
    assert (await pair.counts())["unlisted"] == 0


async def test_what_a_store_will_not_take_says_why_and_is_tried_again_when_asked(bench: Workbench) -> None:
    pair = await Pair(bench).open()
    sku = next(one for one in pair.ids if pair.row(pair.other, one) is None)
    pair.other.fault("server_error")
    await pair.ask(pair.ids[sku], "listed")
    assert pair.row(pair.other, sku) is None
    pair.other.heal()
    await bench.hurry()
    await bench.work_off()
    assert pair.row(pair.other, sku) is not None


async def test_a_product_of_somebody_else_cannot_be_asked_for(bench: Workbench) -> None:
    pair = await Pair(bench).open()
    stranger = await bench.organization()
    for actor, product in ((stranger, next(iter(pair.ids.values()))), (pair.actor, 2**62)):
        with pytest.raises(DomainError) as refused:
            async with bench.container.transaction() as services:
                await services.listings.ask(actor, pair.other_id, product, wanted="listed")
        assert refused.value.code == "NOT_FOUND"
