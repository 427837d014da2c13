"""Tracked pages and whose they are (contract rows PRI-16 and 17)."""

import asyncio

import pytest

from backend.kit.errors import DomainError
from backend.ports.actor import Actor
from tests.support.linked_stores import LinkedStores, article, linked_stores
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shop(bench: Workbench) -> LinkedStores:
    return await linked_stores(bench)


@pytest.fixture
async def variant(shop: LinkedStores) -> int:
    await (await shop.store()).shows(article(url="https://buy.example.com/p/1"))
    return (await shop.ids())[1]


async def track(bench: Workbench, actor: Actor, variant_id: int, url: str) -> int:
    async with bench.container.transaction() as services:
        return int(await services.tracked_urls.add(actor, variant_id, url))


async def competitors(bench: Workbench, actor: Actor) -> list[tuple[str, ...]]:
    query = "SELECT host, name FROM competitors WHERE organization_id = :org ORDER BY host"
    return await bench.rows(query, org=actor.tenant)


async def test_a_host_is_one_competitor(bench: Workbench, shop: LinkedStores, variant: int) -> None:
    for url in ("https://www.rival.example/p/1", "http://rival.example/p/2", "https://RIVAL.example/p/3"):
        await track(bench, shop.actor, variant, url)
    assert await competitors(bench, shop.actor) == [("rival.example", "rival.example")]


async def test_pages_added_at_once_make_one_competitor(bench: Workbench, shop: LinkedStores, variant: int) -> None:
    await asyncio.gather(*(track(bench, shop.actor, variant, f"https://rival.example/p/{n}") for n in range(6)))
    assert len(await competitors(bench, shop.actor)) == 1


async def test_pages_of_our_own_stores_belong_to_no_competitor(
    bench: Workbench, shop: LinkedStores, variant: int
) -> None:
    [(store_url,)] = await bench.rows("SELECT url FROM stores WHERE organization_id = :org", org=shop.actor.tenant)
    for url in (f"{store_url}/p/1", "https://www.buy.example.com/p/1"):
        await track(bench, shop.actor, variant, url)
    assert await competitors(bench, shop.actor) == []


async def test_pri_16_one_page_is_tracked_once_for_a_product(
    bench: Workbench, shop: LinkedStores, variant: int
) -> None:
    await track(bench, shop.actor, variant, "https://rival.example/p/1")
    with pytest.raises(DomainError) as refused:
        await track(bench, shop.actor, variant, "HTTPS://RIVAL.example:443/p/1#reviews")
    assert refused.value.code == "URL_EXISTS"


async def test_pri_16_the_same_page_at_once_is_tracked_once(bench: Workbench, shop: LinkedStores, variant: int) -> None:
    made = await asyncio.gather(
        *(track(bench, shop.actor, variant, "https://rival.example/p/1") for _ in range(6)), return_exceptions=True
    )
    assert len([one for one in made if isinstance(one, int)]) == 1


async def test_pri_16_two_products_may_be_sold_on_one_page(bench: Workbench, shop: LinkedStores, variant: int) -> None:
    async with bench.container.transaction() as services:
        other = await services.monitored_products.add(
            shop.actor, {"name": "Lamp", "brand": "Acme", "category": "Light"}
        )
    await track(bench, shop.actor, variant, "https://rival.example/p/1")
    await track(bench, shop.actor, other, "https://rival.example/p/1")


async def test_pri_16_what_shows_no_single_product_is_kept_and_not_read(
    bench: Workbench, shop: LinkedStores, variant: int
) -> None:
    await track(bench, shop.actor, variant, "https://rival.example")
    await track(bench, shop.actor, variant, "https://rival.example/collections/lamps")
    rows = await bench.rows(
        "SELECT tracked, untracked_reason FROM tracked_urls WHERE organization_id = :org ORDER BY id",
        org=shop.actor.tenant,
    )
    assert rows == [(False, "bare_domain"), (False, "category_page")]


@pytest.mark.parametrize("product", [0, -5, 2**63, 999_999_999])
async def test_pri_16_a_page_needs_a_product(bench: Workbench, shop: LinkedStores, product: int) -> None:
    with pytest.raises(DomainError, match="Product not found"):
        await track(bench, shop.actor, product, "https://rival.example/p/1")


async def test_pri_16_another_organizations_product_is_none(bench: Workbench, shop: LinkedStores, variant: int) -> None:
    with pytest.raises(DomainError, match="Product not found"):
        await track(bench, await bench.organization(), variant, "https://rival.example/p/1")


async def test_pri_17_a_removed_page_is_gone_alone(bench: Workbench, shop: LinkedStores, variant: int) -> None:
    gone = await track(bench, shop.actor, variant, "https://rival.example/p/1")
    kept = await track(bench, shop.actor, variant, "https://rival.example/p/2")
    async with bench.container.transaction() as services:
        await services.tracked_urls.remove(shop.actor, gone)
    async with bench.container.transaction() as services:
        assert (await services.monitored_products.product(shop.actor, variant)).url_ids == (kept,)
        with pytest.raises(DomainError, match="URL not found"):
            await services.tracked_urls.remove(shop.actor, gone)
