"""What a delta reads again: nothing that changed since the last run is lost, whatever the store's stamps say."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest

from backend.domain.stores.opening import StoreOpening
from backend.domain.sync.pull import StorePull
from backend.models.stores import Store
from backend.ports.store_platform import CatalogPage, PullRequest, StorePlatform
from plugin_bridge.sandbox.generator import generate_products
from tests.support.product import SimulatedStore, Workbench

pytestmark = pytest.mark.anyio

PRICE = "SELECT price::text FROM variants WHERE organization_id = :org AND sku = :sku"


def stamp(store: SimulatedStore, sku: str, moment: datetime) -> None:
    """Give a product a date of change, as an importer or the passing of time would."""
    catalog = store.app.shop.catalog
    item = catalog.items[catalog.by_sku[sku]]
    catalog.touch(item, int(moment.timestamp()))


def by_id(store: SimulatedStore) -> list[str]:
    """Return the SKUs in the order of a walk."""
    return [row["sku"] for row in sorted(store.control("GET", "catalog"), key=lambda row: int(row["id"]))]


async def test_a_date_in_the_future_does_not_end_all_deltas(bench: Workbench) -> None:
    actor = await bench.organization()
    store = bench.store(generate_products(5))
    first, last = by_id(store)[0], by_id(store)[-1]
    stamp(store, last, datetime.now(UTC) + timedelta(days=9_000))
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    store.control("POST", "change", {"sku": first, "price": "77.70"})
    run = await bench.pull(actor, store_id, "delta")
    assert run.mode == "delta"
    assert await bench.value(PRICE, org=actor.tenant, sku=first) == "77.700000"


async def test_a_change_behind_the_walk_comes_with_the_next_delta(bench: Workbench) -> None:
    """The first page is read, its product changes, a later page brings a still later change: a walk of an hour."""
    actor = await bench.organization()
    store = bench.store(generate_products(150))
    store_id = await bench.connect(actor, store)
    first, last = by_id(store)[0], by_id(store)[-1]

    def meanwhile() -> None:
        store.control("POST", "change", {"sku": first, "price": "77.70"})
        stamp(store, last, datetime.now(UTC) + timedelta(minutes=50))

    async with bench.container.transaction() as services:
        run = (await services.sync.history(actor, store_id))[0]
    opener = Interrupting(StoreOpening(bench.container.begin, bench.container.sealer, bench.container.platforms))
    opener.meanwhile = meanwhile
    await StorePull(bench.container.begin, opener, bench.container.product_limit).run(run.id)
    assert (await bench.run(actor, run.id)).state == "completed"
    assert await bench.value(PRICE, org=actor.tenant, sku=first) != "77.700000"
    await bench.work_off()
    await bench.pull(actor, store_id, "delta")
    assert await bench.value(PRICE, org=actor.tenant, sku=first) == "77.700000"


class Interrupting:
    """Opens stores to which something happens behind their first page."""

    meanwhile: Callable[[], None]

    def __init__(self, opener: StoreOpening) -> None:
        self._opener = opener

    async def open(self, store: Store) -> "InterruptedStore":
        return InterruptedStore(await self._opener.open(store), self.meanwhile)


class InterruptedStore:
    """A store that is read one page at a time."""

    def __init__(self, platform: StorePlatform, meanwhile: Callable[[], None]) -> None:
        self._platform = platform
        self._meanwhile = meanwhile

    async def read_catalog(self, request: PullRequest) -> AsyncIterator[CatalogPage]:
        cursor = request.cursor
        while True:
            async with aclosing(self._platform.read_catalog(PullRequest(cursor=cursor))) as pages:
                page = await anext(pages)
            yield page
            if page.last:
                return
            if cursor is None:
                await asyncio.to_thread(self._meanwhile)
            cursor = page.cursor

    async def still_listed(self, products: Sequence[str], variants: Sequence[str]) -> bool:
        return await self._platform.still_listed(products, variants)

    async def aclose(self) -> None:
        await self._platform.aclose()
