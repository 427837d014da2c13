"""Lists of watched products: counted once for all who wait, and anew when the catalog is another."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from backend.domain.pricing import products_sql
from backend.domain.pricing.products import Page, ProductLists
from backend.domain.pricing.products_rows import WatchedProduct
from backend.kit.errors import DomainError
from backend.kit.ids import uuid7
from backend.kit.quick_reads import QuickReads
from backend.ports.actor import Actor, system_actor
from tests.support.linked_stores import LinkedStores, ShownStore, article, linked_stores
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio
COUNTS = (products_sql.COUNT_PRODUCTS, products_sql.COUNT_COMPETITORS)


class Watched(QuickReads):
    """Notes which statements were run; whoever is named to `hold` waits for `go`."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench.container.engine)
        self.counts = 0
        self.hold: str | None = None
        self.go = asyncio.Event()

    async def row(self, statement: str, *values: object) -> object:
        if statement == self.hold:
            await self.go.wait()
        self.counts += statement in COUNTS
        return await super().row(statement, *values)


@pytest.fixture
async def shop(bench: Workbench) -> LinkedStores:
    return await linked_stores(bench)


@pytest.fixture
async def reads(bench: Workbench) -> AsyncIterator[Watched]:
    made = Watched(bench)
    yield made
    await made.aclose()


@pytest.fixture
async def store(shop: LinkedStores) -> ShownStore:
    return await shop.store()


async def first_page(lists: ProductLists, actor: Actor) -> Page[WatchedProduct]:
    return await lists.products(actor, offset=0, limit=50)


async def test_a_list_is_counted_once_while_the_catalog_is_the_same(
    shop: LinkedStores, store: ShownStore, reads: Watched
) -> None:
    await store.shows(article("1"), article("2"))
    lists = ProductLists(reads)
    for offset in (0, 1, 50):
        assert (await lists.products(shop.actor, offset=offset, limit=1)).total == 2
    assert reads.counts == 1


async def test_the_total_follows_what_stores_show(shop: LinkedStores, store: ShownStore, reads: Watched) -> None:
    lists = ProductLists(reads)
    assert (await first_page(lists, shop.actor)).total == 0
    await store.shows(article("1"))
    assert (await first_page(lists, shop.actor)).total == 1
    await store.shows(article("2"), article("3"))
    page = await first_page(lists, shop.actor)
    assert (page.total, len(page.rows)) == (3, 3)


async def test_a_price_is_shown_as_soon_as_it_is_committed(
    shop: LinkedStores, store: ShownStore, reads: Watched
) -> None:
    lists = ProductLists(reads)
    for price in ("10", "11", "12"):
        await store.shows(article(price=price))
        [one] = (await first_page(lists, shop.actor)).rows
        assert str(one.price) == price


async def test_many_who_wait_share_one_count(shop: LinkedStores, store: ShownStore, reads: Watched) -> None:
    await store.shows(article())
    lists = ProductLists(reads)
    reads.hold = products_sql.COUNT_PRODUCTS
    asking = [asyncio.create_task(first_page(lists, shop.actor)) for _ in range(20)]
    await asyncio.sleep(0.05)
    reads.go.set()
    assert [page.total for page in await asyncio.gather(*asking)] == [1] * 20
    assert reads.counts == 1


async def test_one_who_gives_up_does_not_keep_others_waiting(
    shop: LinkedStores, store: ShownStore, reads: Watched
) -> None:
    await store.shows(article())
    lists = ProductLists(reads)
    reads.hold = products_sql.COUNT_PRODUCTS
    first, second = (asyncio.create_task(first_page(lists, shop.actor)) for _ in range(2))
    await asyncio.sleep(0.05)
    first.cancel()
    await asyncio.sleep(0.05)
    reads.go.set()
    assert (await second).total == 1


async def test_organizations_are_counted_apart(bench: Workbench, reads: Watched) -> None:
    lists = ProductLists(reads)
    for many in (1, 2):
        shop = await linked_stores(bench)
        await (await shop.store()).shows(*(article(str(nth)) for nth in range(many)))
        assert (await first_page(lists, shop.actor)).total == many


async def test_an_organization_that_is_gone_is_not_found(reads: Watched) -> None:
    with pytest.raises(DomainError, match="Organization not found"):
        await first_page(ProductLists(reads), system_actor(uuid7()))


async def test_pages_are_exact_while_products_come_and_go(
    bench: Workbench, shop: LinkedStores, store: ShownStore, reads: Watched
) -> None:
    await store.shows(*(article(str(nth)) for nth in range(300)))
    lists, done = ProductLists(reads), asyncio.Event()

    async def churn() -> None:
        for nth in range(20):
            async with bench.container.begin() as session:
                scope = {"org": shop.actor.tenant, "nth": nth}
                toggled = "UPDATE variants SET deleted_at = CASE WHEN deleted_at IS NULL THEN now() END"
                await session.execute(text(f"{toggled} WHERE organization_id = :org AND id % 7 = :nth % 2"), scope)
                await session.execute(
                    text("UPDATE organizations SET lists_revision = lists_revision + 1 WHERE id = :org"), scope
                )
        done.set()

    changing = asyncio.create_task(churn())
    while not done.is_set():
        page = await lists.products(shop.actor, offset=100, limit=50)
        ids = [one.id for one in page.rows]
        assert len(ids) == 50
        assert ids == sorted(set(ids))
        assert 210 <= page.total <= 300
    await changing
    left = await bench.rows(
        "SELECT id FROM variants WHERE organization_id = :org AND deleted_at IS NULL ORDER BY id", org=shop.actor.tenant
    )
    page = await lists.products(shop.actor, offset=100, limit=50)
    assert ([one.id for one in page.rows], page.total) == ([row[0] for row in left[100:150]], len(left))
