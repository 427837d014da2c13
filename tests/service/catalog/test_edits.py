"""Edits of the catalog: what is written, noted and made due, also when two come at once."""

import asyncio
import random
from typing import Any

import msgspec
import pytest

from backend.domain.catalog.edits import FieldEdit
from backend.domain.catalog.fields import PRODUCT_FIELDS, VARIANT_FIELDS
from backend.domain.catalog.history_repository import ChangeHistory
from backend.domain.events.types import ProductUpdated
from backend.kit.errors import DomainError
from tests.support.linked_stores import LinkedStores, article, linked_stores, price_edit, title_edit
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shop(bench: Workbench) -> LinkedStores:
    return await linked_stores(bench)


def every_field(ids: tuple[int, int]) -> list[FieldEdit]:
    product: dict[str, Any] = {
        "title": "New title",
        "description": "<p>New</p>",
        "tags": ["b", "a", "b"],
        "brand": "Halm",
        "images": [{"url": "https://x.test/1.jpg"}],
        "status": "draft",
    }
    variant: dict[str, Any] = {
        "sku": "S-1",
        "barcode": "0042",
        "weight_g": 250,
        "price": "12.50",
        "sale_price": "0",
    }
    return [
        *(FieldEdit(product_id=ids[0], field=name, value=value) for name, value in product.items()),
        *(FieldEdit(product_id=ids[0], variant_id=ids[1], field=name, value=value) for name, value in variant.items()),
    ]


async def test_every_synced_field_is_written_in_its_one_spelling(shop: LinkedStores) -> None:
    await (await shop.store()).shows(article())
    edits = every_field(await shop.ids())
    assert {edit.field for edit in edits} == {*PRODUCT_FIELDS, *VARIANT_FIELDS}
    result = await shop.edit(*edits)
    assert len(result.applied) == len(edits) - 1, "the sku was the same"
    assert await shop.held() == {
        "title": "New title",
        "description": "<p>New</p>",
        "tags": ["a", "b"],
        "brand": "Halm",
        "images": [{"url": "https://x.test/1.jpg", "alt": ""}],
        "status": "draft",
        "sku": "S-1",
        "barcode": "0042",
        "weight_g": 250,
        "price": "12.5",
        "sale_price": "0",
        "stock": 3,
    }


async def test_what_can_hold_nothing_is_emptied(shop: LinkedStores) -> None:
    await (await shop.store()).shows(article(weight_g=3, sale_price=1, brand="Halm"))
    ids = await shop.ids()
    nothing = [
        FieldEdit(product_id=ids[0], variant_id=ids[1], field=name, value=None)
        for name in ("price", "sale_price", "weight_g")
    ]
    await shop.edit(*nothing, FieldEdit(product_id=ids[0], field="brand", value=""))
    held = await shop.held()
    assert [held[name] for name in ("price", "sale_price", "weight_g", "brand")] == [None, None, None, ""]


async def test_an_edit_is_kept_in_the_history_with_who_and_why(shop: LinkedStores) -> None:
    await (await shop.store()).shows(article())
    ids = await shop.ids()
    await shop.edit(price_edit(ids, "12.50"), title_edit(ids, "New"), reason="season")
    async with shop.bench.container.begin() as session:
        rows = await ChangeHistory(session).of_product(shop.actor, ids[0])
        assert await ChangeHistory(session).of_product(shop.actor, ids[0], below=rows[-1].id) == []
    assert {(row.variant, row.title, row.origin, row.reason) for row in rows} == {
        ("", "New", "person", "season"),
        ("S-1", "New", "person", "season"),
    }
    assert sorted(map(str, (row.changes for row in rows))) == [
        "{'price': ['10', '12.5']}",
        "{'title': ['Product 1', 'New']}",
    ]


async def test_every_live_listing_keeps_what_it_shows_and_is_due(shop: LinkedStores) -> None:
    first, second = await shop.store(), await shop.store(price="store")
    await first.shows(article())
    ids = await shop.ids()
    await second.link(*ids)
    result = await shop.edit(price_edit(ids, "12"), title_edit(ids, "New"))
    assert result.due_stores == {first.id, second.id}
    assert await first.beside() == ({"price": "10"}, ["price"])
    assert await first.beside("product_links") == ({"title": "Product 1"}, ["title"])
    assert await second.beside() == ({"price": "10"}, None), "that store owns its prices"
    assert await second.beside("product_links") == ({"title": "Product 1"}, ["title"])


async def test_what_comes_back_to_what_a_store_shows_is_not_due_any_more(shop: LinkedStores) -> None:
    store = await shop.store()
    await store.shows(article())
    ids = await shop.ids()
    await shop.edit(price_edit(ids, "12"))
    await shop.edit(price_edit(ids, "13"))
    assert await store.beside() == ({"price": "10"}, ["price"])
    assert (await shop.edit(price_edit(ids, "10.00"))).due_stores == frozenset()
    assert await store.beside() == (None, None)


async def test_a_price_in_another_currency_is_never_due(shop: LinkedStores) -> None:
    euros, dollars = await shop.store("EUR"), await shop.store("USD")
    await euros.shows(article())
    ids = await shop.ids()
    await dollars.link(*ids)
    assert (await shop.edit(price_edit(ids, "12"))).due_stores == {euros.id}
    assert await dollars.beside() == ({"price": "10"}, None)


async def test_a_listing_in_error_is_tried_again_when_its_field_changes(shop: LinkedStores) -> None:
    store = await shop.store()
    await store.shows(article())
    await shop.bench.rows(
        "UPDATE listings SET state = 'error', error_code = 'rejected', due = '{price}', shown = '{\"price\": \"9\"}'"
        " WHERE organization_id = :org RETURNING 1",
        org=shop.actor.tenant,
    )
    await shop.edit(price_edit(await shop.ids(), "12"))
    states = "SELECT state, error_code, shown, due FROM listings WHERE organization_id = :org"
    assert await shop.bench.rows(states, org=shop.actor.tenant) == [("pending", None, {"price": "9"}, ["price"])]


async def test_an_edit_is_refused_when_the_catalog_holds_something_else(shop: LinkedStores) -> None:
    await (await shop.store()).shows(article())
    ids = await shop.ids()
    result = await shop.edit(price_edit(ids, "12", expected="11"), title_edit(ids, "New", expected="Product 1"))
    assert [(one.reason, one.held) for one in result.refused] == [("changed", "10")]
    assert [edit.field for edit in result.applied] == ["title"]


async def test_what_is_gone_cannot_be_edited(shop: LinkedStores) -> None:
    other = await linked_stores(shop.bench)
    await (await other.store()).shows(article())
    foreign = await other.ids()
    result = await shop.edit(price_edit(foreign, "12"), title_edit(foreign, "Mine now"))
    assert [one.reason for one in result.refused] == ["gone", "gone"]
    assert (await other.held())["title"] == "Product 1"


async def test_g21_an_edit_is_told_with_old_and_new(shop: LinkedStores) -> None:
    await (await shop.store()).shows(article())
    ids = await shop.ids()
    await shop.edit(price_edit(ids, "12.50"))
    rows = await shop.bench.rows(
        "SELECT payload FROM events WHERE organization_id = :org AND type = 'product.updated'", org=shop.actor.tenant
    )
    event = msgspec.convert({"event": "product.updated", **rows[0][0]}, ProductUpdated)
    assert (event.product_id, event.variant_id, event.sku) == (str(ids[0]), str(ids[1]), "S-1")
    assert event.changes == {"price": ["10", "12.5"]}


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("stock", 3, "FIELD_UNKNOWN"),
        ("title", "Variants have none", "FIELD_UNKNOWN"),
        ("price", "much", "FIELD_VALUE_INVALID"),
        ("price", "-1", "FIELD_VALUE_INVALID"),
        ("price", "NaN", "FIELD_VALUE_INVALID"),
        ("price", "1e30", "FIELD_VALUE_INVALID"),
        ("weight_g", 1.5, "FIELD_VALUE_INVALID"),
        ("weight_g", True, "FIELD_VALUE_INVALID"),
        ("sku", "nul\x00byte", "FIELD_VALUE_INVALID"),
        ("sku", None, "FIELD_VALUE_INVALID"),
    ],
)
async def test_what_the_catalog_cannot_hold_is_refused(shop: LinkedStores, field: str, value: Any, code: str) -> None:
    await (await shop.store()).shows(article())
    ids = await shop.ids()
    with pytest.raises(DomainError) as refused:
        await shop.edit(FieldEdit(product_id=ids[0], variant_id=ids[1], field=field, value=value))
    assert refused.value.code == code


async def test_two_edits_at_once_are_made_one_after_the_other(shop: LinkedStores) -> None:
    store = await shop.store()
    await store.shows(article())
    ids = await shop.ids()
    results = await asyncio.gather(*(shop.edit(price_edit(ids, str(n), expected="10")) for n in range(11, 19)))
    assert [len(one.applied) for one in results].count(1) == 1
    assert [one.refused[0].reason for one in results if one.refused] == ["changed"] * 7
    held = (await shop.held())["price"]
    assert await shop.history() == [({"price": ["10", held]}, "person")]


async def test_edits_of_many_articles_in_any_order_do_not_block_each_other(shop: LinkedStores) -> None:
    store = await shop.store()
    await store.shows(*(article(str(n)) for n in range(20)))
    ids = [await shop.ids(f"S-{n}") for n in range(20)]

    async def edit(seed: int) -> None:
        order = random.Random(seed).sample(ids, len(ids))
        await shop.edit(*(price_edit(one, str(seed)) for one in order))

    await asyncio.wait_for(asyncio.gather(*(edit(seed) for seed in range(11, 17))), 30)
    assert len({(await shop.held(f"S-{n}"))["price"] for n in range(20)}) == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_after_any_edits_each_listing_shows_exactly_what_differs(shop: LinkedStores, seed: int) -> None:
    chance = random.Random(seed)
    stores = [await shop.store(), await shop.store(price="store"), await shop.store(content="hub")]
    await stores[0].shows(article())
    ids = await shop.ids()
    for store in stores[1:]:
        await store.link(*ids)
    shown = await shop.held()
    for _ in range(12):
        await shop.edit(price_edit(ids, chance.choice(["10", "11", "12"])), title_edit(ids, chance.choice("AB")))
        held = await shop.held()
        differs = {name for name in ("price", "title") if held[name] != shown[name]}
        for number, store in enumerate(stores):
            price, title = await store.beside(), await store.beside("product_links")
            assert price[0] == ({"price": shown["price"]} if "price" in differs else None)
            assert title[0] == ({"title": shown["title"]} if "title" in differs else None)
            assert price[1] == (["price"] if "price" in differs and number != 1 else None)
            assert title[1] == (["title"] if "title" in differs else None)
