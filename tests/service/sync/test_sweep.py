"""A walk over ids alone finds what is gone, and has everything read when something is new to us."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from backend.domain.sync.pull import StorePull
from backend.models.sync import SyncRun
from backend.ports.store_platform import CatalogPage, IdPage, PlatformProduct, PlatformVariant
from plugin_bridge.sandbox.generator import generate_products
from tests.support.product import Workbench
from tests.support.shown_store import ShownStore

pytestmark = pytest.mark.anyio

LONG_AGO = datetime.now(UTC) - timedelta(days=30)
LIVE = (
    "SELECT v.sku FROM variants v JOIN products p ON p.id = v.product_id WHERE v.organization_id = :org"
    " AND v.deleted_at IS NULL AND p.deleted_at IS NULL ORDER BY v.sku"
)


def variant(number: str, parent: str, price: str = "9.90") -> PlatformVariant:
    return PlatformVariant(
        external_id=number, external_product_id=parent, sku=f"S-{number}", price=Decimal(price), modified_at=LONG_AGO
    )


def simple(number: int, price: str = "9.90") -> PlatformProduct:
    """Return a product that is sold as it is, under its own id."""
    inside = (variant(str(number), str(number), price),)
    return PlatformProduct(external_id=str(number), title=f"P {number}", modified_at=LONG_AGO, variants=inside)


def variable(number: str) -> PlatformProduct:
    """Return a product whose variants come apart from it."""
    return PlatformProduct(external_id=number, title=f"P {number}", modified_at=LONG_AGO, option_names=("Size",))


async def live(store: ShownStore) -> list[Any]:
    return [row[0] for row in await store.rows(LIVE)]


async def asked_for(store: ShownStore) -> list[tuple[Any, ...]]:
    """Return the runs that wait."""
    return await store.rows("SELECT mode FROM sync_runs WHERE state = 'queued' AND organization_id = :org")


async def test_what_a_store_lists_no_more_is_marked_gone(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    apart = [variant("31", "3"), variant("32", "3")]
    await store.pull("full", simple(1), simple(2), variable("3"), apart=apart)
    run = await store.pull("sweep", simple(2), variable("3"), apart=[variant("31", "3")])
    assert (run.mode, run.state, run.stats["products_removed"], run.stats["variants_removed"]) == (
        "sweep",
        "completed",
        1,
        2,
    )
    assert await live(store) == ["S-2", "S-31"]
    assert await store.rows("SELECT 1 FROM sync_seen s JOIN sync_runs r ON r.id = s.run_id") == []


async def test_a_sweep_reads_no_fields_and_leaves_the_bookmark(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await store.pull("full", simple(1), simple(2))
    bookmark = "SELECT watermark_at FROM stores WHERE organization_id = :org"
    before = await store.rows(bookmark)
    run = await store.pull("sweep", simple(1, price="1.00"), simple(2))
    assert run.state == "completed"
    assert "unknown" not in run.stats
    assert await store.rows(bookmark) == before
    assert await store.rows("SELECT DISTINCT price::text FROM variants WHERE organization_id = :org") == [("9.900000",)]
    assert await asked_for(store) == []


async def test_what_is_new_to_us_has_everything_read(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await store.pull("full", simple(1), variable("3"), apart=[variant("31", "3")])
    run = await store.pull("sweep", simple(1), simple(2), variable("3"), apart=[variant("31", "3"), variant("32", "3")])
    assert (run.state, run.stats["unknown"]) == ("completed", 2)
    issues = await bench.issues(store.actor, run.id)
    assert [(issue.code, issue.facts["named"]) for issue in issues] == [("unknown_listed", ["2", "32"])]
    assert "products: 1, variants: 1" in issues[0].message
    assert await asked_for(store) == [("full",)]


async def test_what_a_whole_walk_cannot_bring_is_not_asked_for_every_night(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await store.pull("full", simple(1))
    await store.pull("sweep", simple(1), simple(2))
    assert await asked_for(store) == [("full",)]
    await store.pull("full", simple(1))
    run = await store.pull("sweep", simple(1), simple(2))
    assert run.stats["unknown"] == 1
    assert "could not bring them either" in (await bench.issues(store.actor, run.id))[0].message
    assert await asked_for(store) == []
    await store.pull("sweep", simple(1), simple(2), simple(4))
    assert await asked_for(store) == [("full",)], "there is something else now"


async def test_what_the_plan_has_no_room_for_is_not_asked_for(bench: Workbench) -> None:
    store = await ShownStore.connect(bench, "starter")
    everything = [simple(number) for number in range(1, 1_003)]
    full = await store.pull("full", *everything)
    assert full.stats["over_limit"] == 2
    run = await store.pull("sweep", *everything)
    assert (run.state, run.stats["unknown"]) == ("completed", 2)
    assert await bench.issues(store.actor, run.id) == []
    assert await asked_for(store) == []


async def test_an_id_that_came_back_is_new_to_us(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await store.pull("full", simple(1), simple(2))
    await store.pull("sweep", simple(1))
    run = await store.pull("sweep", simple(1), simple(2))
    assert run.stats["unknown"] == 1
    assert await live(store) == ["S-1"]


async def test_a_sweep_that_finds_a_store_shrunk_is_held(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await store.pull("full", *(simple(number) for number in range(50)))
    run = await store.pull("sweep", *(simple(number) for number in range(20)))
    assert (run.state, run.error_code) == ("held", "source_shrank")
    assert "20 of 50" in (run.error_message or "")
    assert len(await live(store)) == 50


async def test_a_held_sweep_is_let_through_as_a_sweep(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await store.pull("full", *(simple(number) for number in range(50)))
    held = await store.pull("sweep", *(simple(number) for number in range(20)))
    async with bench.container.transaction() as services:
        asked = await services.held_runs.run_anyway(store.actor, held.id, "We closed a department")
    assert asked.mode == "sweep"
    run = await store.run("sweep")
    assert (run.id, run.state, run.stats["products_removed"]) == (asked.id, "completed", 30)


async def test_a_store_may_shrink_as_far_as_its_settings_say(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await store.pull("full", *(simple(number) for number in range(50)))
    lenient = 'UPDATE stores SET settings = \'{"guards": {"shrink_share": 0.9}}\' WHERE id = :id RETURNING 1'
    await bench.rows(lenient, id=store.store_id)
    run = await store.pull("sweep", *(simple(number) for number in range(20)))
    assert (run.state, run.stats["products_removed"]) == ("completed", 30)


async def test_what_the_store_still_has_is_not_taken_for_gone(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await store.pull("full", simple(1), simple(2))
    store.still_there = True
    run = await store.pull("sweep", simple(1))
    assert (run.state, run.walk) == ("completed", 3)
    assert [issue.code for issue in await bench.issues(store.actor, run.id)] == ["count_mismatch"]
    assert await live(store) == ["S-1", "S-2"]


async def test_a_sweep_whose_count_is_off_removes_nothing(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await store.pull("full", variable("3"), apart=[variant("31", "3"), variant("32", "3")])
    run = await store.pull("sweep", variable("3"), apart=[variant("31", "3")], listed_apart=2)
    assert [issue.code for issue in await bench.issues(store.actor, run.id)] == ["count_mismatch"]
    assert await live(store) == ["S-31", "S-32"]


class Dying(ShownStore):
    """Stops answering behind the first page, once."""

    died = False

    async def list_ids(self, cursor: str | None) -> AsyncIterator[IdPage]:
        async for page in super().list_ids(cursor):
            yield page
            if not self.died:
                self.died = True
                raise ConnectionError


async def test_a_sweep_goes_on_behind_what_it_has_stored(bench: Workbench) -> None:
    store = await Dying.connect(bench)
    await store.pull("full", simple(1), variable("3"), apart=[variant("31", "3"), variant("32", "3")])
    store.show(
        CatalogPage(cursor="one", products=(simple(1), variable("3")), expected={"products": 2, "variants": 1}),
        CatalogPage(cursor="two", variants=(variant("31", "3"),), last=True),
    )
    with pytest.raises(ConnectionError):
        await store.run("sweep")
    async with bench.container.transaction() as services:
        (begun, *_) = await services.sync.history(store.actor, store.store_id)
    assert (begun.state, begun.cursor) == ("running", "one")
    await StorePull(bench.container.begin, store, bench.container.product_limit).run(begun.id)
    run: SyncRun = await bench.run(store.actor, begun.id)
    assert (run.state, run.walk, run.stats["pages"], run.stats["variants_removed"]) == ("completed", 1, 2, 1)
    assert await live(store) == ["S-1", "S-31"]


async def test_a_store_that_was_never_walked_is_walked_whole(bench: Workbench) -> None:
    actor = await bench.organization()
    store_id = await bench.connect(actor, bench.store(generate_products(3)))
    run = await bench.pull(actor, store_id, "sweep")
    assert (run.mode, run.stats["products_added"]) == ("full", 3)


async def test_runs_tell_of_themselves_as_sweeps(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await store.pull("full", simple(1), simple(2))
    run = await store.pull("sweep", simple(1))
    told = (
        "SELECT type, payload ->> 'type', payload -> 'stats' ->> 'products_removed' FROM events"
        f" WHERE organization_id = :org AND payload ->> 'sync_id' = '{run.id}' ORDER BY id"
    )
    assert await store.rows(told) == [("sync.started", "sweep", None), ("sync.completed", "sweep", "1")]


async def test_a_change_told_while_a_sweep_waits_is_read_behind_it(bench: Workbench) -> None:
    store = await ShownStore.connect(bench)
    await store.pull("full", simple(1))
    async with bench.container.transaction() as services:
        sweep = await services.sync.request_pull(store.actor, store.store_id, mode="sweep")
        await services.sync.pull_soon(store.actor, store.store_id, delay_s=3)
    run = await store.run("sweep")
    assert (run.id, run.mode, run.state) == (sweep.id, "sweep", "completed")
    assert await asked_for(store) == [("delta",)]


async def test_woocommerce_and_its_ids_agree(bench: Workbench) -> None:
    actor = await bench.organization()
    store = bench.store(generate_products(30, 3))
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    run = await bench.pull(actor, store_id, "sweep")
    assert (run.mode, run.state) == ("sweep", "completed")
    assert await bench.issues(actor, run.id) == []
    assert run.stats.get("products_removed", 0) == 0
    sku = await bench.value("SELECT min(sku) FROM variants WHERE organization_id = :org", org=actor.tenant)
    store.control("POST", "change", {"sku": sku, "delete": "force"})
    run = await bench.pull(actor, store_id, "sweep")
    assert (run.state, run.stats["variants_removed"]) == ("completed", 1)
