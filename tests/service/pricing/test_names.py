"""Brands and categories are renamed for all their products (contract row PRI-18)."""

import pytest

from backend.kit.errors import DomainError
from tests.support.linked_stores import LinkedStores, article, linked_stores
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shop(bench: Workbench) -> LinkedStores:
    return await linked_stores(bench)


async def only(bench: Workbench, shop: LinkedStores, kind: str) -> int:
    async with bench.container.transaction() as services:
        [row] = (await services.catalog_names.page(shop.actor, kind, 0)).items
        return int(row.id)


async def rename(bench: Workbench, shop: LinkedStores, kind: str, name: str) -> None:
    name_id = await only(bench, shop, kind)
    async with bench.container.transaction() as services:
        await services.catalog_names.rename(shop.actor, kind, name_id, name)


async def test_stores_that_show_a_brand_get_its_new_name(bench: Workbench, shop: LinkedStores) -> None:
    store = await shop.store(content="hub")
    await store.shows(article("1", brand="Acme"), article("2", brand="Acme"))

    await rename(bench, shop, "brand", " Zenith ")

    assert (await shop.held())["brand"] == "Zenith"
    assert await store.beside("product_links") == ({"brand": "Acme"}, ["brand"])
    assert [changes for changes, _ in await shop.history()] == [{"brand": ["Acme", "Zenith"]}] * 2
    pushes = "SELECT count(*) FROM jobs WHERE organization_id = :org AND name = 'sync.push_store'"
    assert await bench.rows(pushes, org=shop.actor.tenant) == [(1,)]


async def test_a_category_is_renamed_wherever_it_stands(bench: Workbench, shop: LinkedStores) -> None:
    await (await shop.store()).shows(article("1", categories=("Light",)))
    await rename(bench, shop, "category", "Lamps")
    rows = await bench.rows("SELECT categories FROM products WHERE organization_id = :org", org=shop.actor.tenant)
    assert rows == [(["Lamps"],)]


async def test_the_same_name_again_changes_nothing(bench: Workbench, shop: LinkedStores) -> None:
    await (await shop.store()).shows(article(brand="Acme"))
    await rename(bench, shop, "brand", "Acme")
    assert await shop.history() == []


async def test_another_case_is_another_name(bench: Workbench, shop: LinkedStores) -> None:
    await (await shop.store()).shows(article(brand="acme"))
    await rename(bench, shop, "brand", "ACME")
    assert (await shop.held())["brand"] == "ACME"


@pytest.mark.parametrize("kind", ["brand", "category"])
async def test_two_of_one_name_cannot_be_told_apart(bench: Workbench, shop: LinkedStores, kind: str) -> None:
    await (await shop.store()).shows(article("1", brand="Acme", categories=("Light",)))
    first = await only(bench, shop, kind)
    await (await shop.store()).shows(article("2", brand="Other", categories=("Dark",)))
    async with bench.container.transaction() as services:
        with pytest.raises(DomainError) as refused:
            await services.catalog_names.rename(shop.actor, kind, first, "oTHER" if kind == "brand" else "dARK")
    assert refused.value.code == "NAME_EXISTS"


@pytest.mark.parametrize("name", ["", "  ", "a\x00b", "x" * 256], ids=["empty", "blank", "zero byte", "too long"])
async def test_a_name_must_be_one(bench: Workbench, shop: LinkedStores, name: str) -> None:
    await (await shop.store()).shows(article(brand="Acme"))
    with pytest.raises(DomainError, match="name:"):
        await rename(bench, shop, "brand", name)
