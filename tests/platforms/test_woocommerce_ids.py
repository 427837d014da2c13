"""Listing nothing but ids: everything once, cheaply, resumable, and below each product in old stores."""

import pytest

from backend.ports.platform_errors import StoreUnavailable
from backend.ports.store_platform import IdPage, StorePlatform
from plugin_bridge.http import RetryPolicy
from tests.support.woo import Store, catalog, woo_store

pytestmark = pytest.mark.anyio
YES = {"variations": "yes"}


async def listed(store: StorePlatform, cursor: str | None = None) -> list[IdPage]:
    return [page async for page in store.list_ids(cursor)]


def found(pages: list[IdPage]) -> tuple[list[str], list[str]]:
    return [one for page in pages for one in page.products], [one for page in pages for one in page.variants]


def there(store: Store) -> tuple[list[str], list[str]]:
    live = [one for one in store.shop.catalog.items.values() if one.status != "trash"]
    return (
        sorted((str(one.id) for one in live if not one.is_variation), key=int),
        sorted((str(one.id) for one in live if one.is_variation), key=int),
    )


async def test_products_then_variations_are_listed_by_id_and_nothing_else_is_asked() -> None:
    async with woo_store(catalog(simple=230, variable=50, each=3)) as store:
        store.shop.trash(next(iter(store.shop.catalog.items.values())))
        pages = await listed(store.open(facts=YES))
        assert found(pages) == there(store)
        assert pages[-1].expected == {"products": 279, "variants": 150}
        assert [page.last for page in pages] == [False, False, False, False, True]
        assert all(not page.inside for page in pages)
        assert {asked.query.split("_fields=")[1].split("&")[0] for asked in store.lists()} == {"id"}
        assert len(store.asked) == 5


async def test_an_old_store_is_asked_below_each_product_with_variations() -> None:
    async with woo_store(catalog(simple=120, variable=4, each=3), variations_endpoint=False) as store:
        pages = await listed(store.open(facts={"variations": "no"}))
        assert found(pages) == there(store)
        assert [page.expected for page in pages] == [{"products": 124}, {"products": 124, "variants": 12}]
        assert pages[-1].last
        assert len(store.asked) == 2 + 4


async def test_a_store_that_lost_its_list_of_variations_is_walked_the_old_way() -> None:
    async with woo_store(catalog(simple=3, variable=2), variations_endpoint=False) as store:
        pages = await listed(store.open(facts=YES))
        assert found(pages) == there(store)


@pytest.mark.parametrize("endpoint", [True, False])
@pytest.mark.parametrize("stop", [1, 2, 3])
async def test_a_walk_goes_on_behind_any_page(endpoint: bool, stop: int) -> None:
    async with woo_store(catalog(simple=200, variable=110, each=2), variations_endpoint=endpoint) as store:
        facts = {"variations": "yes" if endpoint else "no"}
        before = (await listed(store.open(facts=facts)))[:stop]
        rest = await listed(store.open(facts=facts), before[-1].cursor)
        assert found([*before, *rest]) == there(store)
        assert rest[-1].expected == {"products": 310, "variants": 220}


async def test_a_store_without_anything_gives_one_last_page() -> None:
    async with woo_store() as store:
        pages = await listed(store.open(facts=YES))
        assert found(pages) == ([], [])
        assert (pages[-1].last, pages[-1].expected) == (True, {"products": 0, "variants": 0})


async def test_trouble_that_passes_is_waited_out_and_other_trouble_is_raised() -> None:
    async with woo_store(catalog(simple=150)) as store:
        store.fault("truncated_json", next=2)
        assert found(await listed(store.open(facts=YES))) == there(store)
        store.fault("server_error")
        with pytest.raises(StoreUnavailable):
            await listed(store.open(facts=YES, connector=store.connecting(RetryPolicy(tries=1))))
