"""A store of any platform and the whole product: connected, read, edited here, written there, and then quiet."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from backend.domain.catalog.edits import FieldEdit
from backend.domain.stock.ledger import Adjustment
from backend.models.sync import SyncRun
from backend.ports.actor import Actor
from tests.platforms.conformance.conftest import Serve
from tests.support.conformance.articles import PIECES, articles
from tests.support.conformance.driver import Simulated, Trouble
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio
IDS = "SELECT product_id, id FROM variants WHERE organization_id = :org AND sku = :sku AND deleted_at IS NULL"
BESIDE = """
SELECT (SELECT count(*) FROM listings WHERE organization_id = :org AND (shown IS NOT NULL OR due IS NOT NULL))
     + (SELECT count(*) FROM product_links WHERE organization_id = :org AND (shown IS NOT NULL OR due IS NOT NULL))
"""
HISTORY = "SELECT count(*) FROM field_changes WHERE organization_id = :org"
PUSHES = "SELECT count(*) FROM sync_runs WHERE organization_id = :org AND kind IN ('push', 'stock')"
LOOKS = 300
"""How long a run may take before a test gives it up, in looks."""


class Scene:
    """A connected store and the organization it belongs to."""

    def __init__(self, bench: Workbench, actor: Actor, store_id: uuid.UUID, store: Simulated) -> None:
        self.bench, self.actor, self.store_id, self.store = bench, actor, store_id, store

    async def settle(self) -> None:
        """Work off everything; reading may have to wait for the store, and then comes by again."""
        busy = "SELECT count(*) FROM sync_runs WHERE organization_id = :org AND state IN ('queued', 'running')"
        for _ in range(LOOKS):
            await self.bench.work_off()
            if not await self.value(busy):
                return
            await asyncio.sleep(0.1)
        raise AssertionError("a run does not come to its end")

    async def pull(self, mode: str) -> SyncRun:
        """Read the store."""
        async with self.bench.container.transaction() as services:
            wanted = await services.sync.request_pull(self.actor, self.store_id, mode=mode)
        await self.settle()
        return await self.bench.run(self.actor, wanted.id)

    async def push(self) -> int:
        """Have written what is due, as the clock does; return in how many runs."""
        started = await self.bench.container.due_pushes.start()
        await self.settle()
        return started

    async def edit(self, sku: str, *, whole: bool = False, **values: Any) -> None:
        """Edit an article, or its product, as a person."""
        product_id, variant_id = await self.ids(sku)
        edits = [
            FieldEdit(product_id=product_id, variant_id=None if whole else variant_id, field=field, value=value)
            for field, value in values.items()
        ]
        async with self.bench.container.transaction() as services:
            result = await services.catalog_edits.apply(self.actor, edits, origin="person")
        assert len(result.applied) == len(edits)

    async def adjust(self, sku: str, delta: int) -> None:
        """Book pieces, as a person."""
        wanted = Adjustment(variant_id=(await self.ids(sku))[1], delta=delta, reason="correction")
        async with self.bench.container.transaction() as services:
            await services.stock_ledger.adjust(self.actor, [wanted])

    async def ids(self, sku: str) -> tuple[int, int]:
        """Product and variant of the catalog."""
        ((product_id, variant_id),) = await self.bench.rows(IDS, org=self.actor.tenant, sku=sku)
        return product_id, variant_id

    async def value(self, statement: str) -> Any:
        """The one value of a query over the organization."""
        return await self.bench.value(statement, org=self.actor.tenant)


@pytest.fixture
async def scene(serve: Serve, fresh_database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """A store that was connected and read."""
    store = await serve(articles(4, 2))
    bench = Workbench(fresh_database_url, redis_url, tmp_path, **store.settings)
    actor = await bench.organization()
    made = Scene(bench, actor, await store.connect(bench, actor), store)
    await made.settle()
    yield made
    await bench.aclose()


async def test_what_a_connected_store_sells_is_in_the_catalog(scene: Scene) -> None:
    query = "SELECT sku FROM variants WHERE organization_id = :org AND deleted_at IS NULL ORDER BY sku"
    skus = [sku for (sku,) in await scene.bench.rows(query, org=scene.actor.tenant)]
    assert skus == sorted(row.sku for row in scene.store.rows())
    assert await scene.value(BESIDE) == 0


async def test_what_is_edited_here_is_shown_there_and_the_echo_is_quiet(scene: Scene) -> None:
    await scene.edit("CUP-1", price="7.25")
    await scene.edit("SHIRT-1-2", price="23.00", weight_g=250)
    await scene.edit("CUP-2", whole=True, title="Mug", tags=["gift"])
    await scene.adjust("CUP-3", 4)
    assert await scene.push()
    assert [scene.store.row(sku).price for sku in ("CUP-1", "SHIRT-1-2")] == ["7.25", "23.00"]
    assert scene.store.row("CUP-2").title == "Mug"
    assert scene.store.row("CUP-3").stock == PIECES + 4
    assert await scene.value(BESIDE) == 0

    written, noted, pushed = len(scene.store.writes), await scene.value(HISTORY), await scene.value(PUSHES)
    for mode in ("delta", "full"):
        assert (await scene.pull(mode)).state == "completed"
        assert await scene.push() == 0
    assert len(scene.store.writes) == written
    assert (await scene.value(HISTORY), await scene.value(PUSHES)) == (noted, pushed)
    assert await scene.value(BESIDE) == 0


async def test_what_is_changed_there_is_held_here_and_not_written_back(scene: Scene) -> None:
    scene.store.change("CUP-1", price="8.75")
    scene.store.change("SHIRT-0-1", stock=2)
    written = len(scene.store.writes)
    assert (await scene.pull("delta")).state == "completed"
    price = "SELECT price FROM variants WHERE organization_id = :org AND sku = 'CUP-1'"
    assert await scene.value(price) == 8.75
    pieces = (
        "SELECT k.on_hand FROM variants v JOIN stock_levels k ON k.variant_id = v.id"
        " WHERE v.organization_id = :org AND v.sku = 'SHIRT-0-1'"
    )
    assert await scene.value(pieces) == 2
    assert await scene.push() == 0
    assert len(scene.store.writes) == written


async def test_both_sides_change_different_fields_and_both_hold(scene: Scene) -> None:
    await scene.edit("CUP-1", whole=True, title="Mug")
    scene.store.change("CUP-1", price="8.75")
    await scene.push()
    await scene.pull("delta")
    await scene.push()
    row = scene.store.row("CUP-1")
    assert (row.title, row.price) == ("Mug", "8.75")
    held = (
        "SELECT p.title || ' ' || trim_scale(v.price) FROM variants v JOIN products p ON p.id = v.product_id"
        " WHERE v.organization_id = :org AND v.sku = 'CUP-1'"
    )
    assert await scene.value(held) == "Mug 8.75"
    assert await scene.value(BESIDE) == 0


async def test_a_push_whose_answers_were_lost_ends_the_same(scene: Scene) -> None:
    await scene.edit("CUP-1", price="7.25")
    await scene.adjust("CUP-3", 4)
    scene.store.trouble(Trouble.ANSWER_LOST, next=2, seconds=0.02)
    await scene.push()
    scene.store.heal()
    assert (scene.store.row("CUP-1").price, scene.store.row("CUP-3").stock) == ("7.25", PIECES + 4)
    assert scene.store.pieces_set(scene.store.row("CUP-3")) == [PIECES + 4]
    assert await scene.value(BESIDE) == 0
