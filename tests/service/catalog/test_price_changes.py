"""Every change of what customers pay is kept with its reason and source."""

from decimal import Decimal
from typing import Any

import pytest

from backend.domain.catalog.edits import FieldEdit
from backend.kit.ids import uuid7
from tests.support.linked_stores import LinkedStores, article, linked_stores, price_edit
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shop(bench: Workbench) -> LinkedStores:
    return await linked_stores(bench)


async def changes(shop: LinkedStores, columns: str = "old_price, price, reason, source") -> list[tuple[Any, ...]]:
    query = f"SELECT {columns} FROM price_changes WHERE organization_id = :org ORDER BY id"
    return await shop.bench.rows(query, org=shop.actor.tenant)


def sale_edit(ids: tuple[int, int], price: str | None) -> FieldEdit:
    return FieldEdit(product_id=ids[0], variant_id=ids[1], field="sale_price", value=price)


async def test_a_price_that_a_store_shows_is_a_change_with_the_stores_name(shop: LinkedStores) -> None:
    store, run = await shop.store(), uuid7()
    await store.shows(article(price="10"), article("2", price="7"))
    await store.shows(article(price="12.50"), article("2", price="7"), run_id=run)
    _, variant = await shop.ids()
    assert await changes(shop) == [(Decimal(10), Decimal("12.5"), "store", "Shop")]
    assert await changes(shop, "variant_id, currency, run_id") == [(variant, "EUR", run)]


async def test_a_new_product_has_no_price_change(shop: LinkedStores) -> None:
    await (await shop.store()).shows(article())
    assert await changes(shop) == []


async def test_the_sale_price_is_what_customers_pay(shop: LinkedStores) -> None:
    store = await shop.store()
    await store.shows(article(price="10"))
    await store.shows(article(price="10", sale_price=Decimal(8)))
    await store.shows(article(price="11", sale_price=Decimal(8)))
    await store.shows(article(price="11"))
    assert await changes(shop, "old_price, price") == [(Decimal(10), Decimal(8)), (Decimal(8), Decimal(11))]


async def test_both_prices_that_change_at_once_are_one_change(shop: LinkedStores) -> None:
    store = await shop.store()
    await store.shows(article(price="10", sale_price=Decimal(9)))
    await store.shows(article(price="20", sale_price=Decimal(15)))
    assert await changes(shop, "old_price, price") == [(Decimal(9), Decimal(15))]


async def test_other_fields_make_no_price_change(shop: LinkedStores) -> None:
    store = await shop.store()
    await store.shows(article())
    await store.shows(article(title="Other", sku="S-9", weight_g=3))
    assert await changes(shop) == []


async def test_a_price_that_ends_and_comes_back_is_two_changes(shop: LinkedStores) -> None:
    store = await shop.store()
    await store.shows(article(price="10"))
    await store.shows(article(price=None))
    await store.shows(article(price="10"))
    assert await changes(shop, "old_price, price") == [(Decimal(10), None), (None, Decimal(10))]


async def test_a_price_that_a_person_edits_is_manual(shop: LinkedStores) -> None:
    await (await shop.store()).shows(article(price="10"))
    ids = await shop.ids()
    await shop.edit(price_edit(ids, "9"), price_edit(ids, "8"))
    assert await changes(shop) == [(Decimal(10), Decimal(8), "manual", "")]


@pytest.mark.parametrize("origin", ["undo", "restore", "conflict", "rule", "import"])
async def test_other_origins_keep_their_name(shop: LinkedStores, origin: str) -> None:
    await (await shop.store()).shows(article(price="10"))
    await shop.edit(price_edit(await shop.ids(), "9"), origin=origin)
    assert [row[2] for row in await changes(shop)] == [origin]


async def test_an_edit_behind_a_sale_price_is_no_change(shop: LinkedStores) -> None:
    await (await shop.store()).shows(article(price="10", sale_price=Decimal(8)))
    ids = await shop.ids()
    await shop.edit(price_edit(ids, "12"))
    assert await changes(shop) == []
    await shop.edit(sale_edit(ids, None))
    assert await changes(shop, "old_price, price") == [(Decimal(8), Decimal(12))]
