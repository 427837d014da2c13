"""History for people and what products were at a time, on a real database."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest

from backend.domain.stock.ledger import Adjustment
from backend.domain.sync.time_travel import HistoryPage, ProductThen
from backend.kit.errors import DomainError
from backend.ports.actor import Actor
from tests.support.linked_stores import LinkedStores, article, linked_stores, price_edit, title_edit
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shop(bench: Workbench) -> LinkedStores:
    return await linked_stores(bench)


async def clock(shop: LinkedStores) -> datetime:
    """Return the database's time, between two transactions."""
    moment: datetime = await shop.bench.value("SELECT clock_timestamp()")
    return moment


async def was(shop: LinkedStores, product_id: int, at: datetime) -> ProductThen:
    async with shop.bench.container.transaction() as services:
        return await services.time_travel.state(shop.actor, product_id, at)


async def told(shop: LinkedStores, product_id: int, **more: Any) -> HistoryPage:
    async with shop.bench.container.transaction() as services:
        return await services.time_travel.of_product(shop.actor, product_id, **more)


async def adjust(shop: LinkedStores, variant_id: int, actor: Actor | None = None, **more: Any) -> None:
    one = Adjustment(variant_id=variant_id, reason="correction", reference="shelf", **more)
    async with shop.bench.container.transaction() as services:
        await services.stock_ledger.adjust(actor or shop.actor, [one])


def of(then: ProductThen) -> dict[str, Any]:
    (variant,) = then.variants
    return {**then.fields, **variant.fields}


async def test_every_state_a_product_had_can_be_seen_again(shop: LinkedStores) -> None:
    await (await shop.store()).shows(article())
    product_id, variant_id = ids = await shop.ids()
    chance = random.Random(7)
    seen: list[tuple[datetime, dict[str, Any]]] = [(await clock(shop), await shop.held())]
    for number in range(25):
        match chance.randrange(4):
            case 0:
                await shop.edit(price_edit(ids, chance.choice([None, "1", "2", "3"])))
            case 1:
                await shop.edit(title_edit(ids, f"Title {number % 3}"))
            case 2:
                await adjust(shop, variant_id, delta=chance.choice([1, 2]))
            case _:
                await shop.edit(price_edit(ids, str(number)), title_edit(ids, f"Both {number}"))
        seen.append((await clock(shop), await shop.held()))
    for at, held in seen:
        assert of(await was(shop, product_id, at)) == held


async def test_before_its_time_there_was_no_product(shop: LinkedStores) -> None:
    before = await clock(shop)
    await (await shop.store()).shows(article())
    product_id, _ = await shop.ids()
    assert (await was(shop, product_id, before)) == ProductThen(product_id=product_id, at=before, existed=False)


async def test_pieces_are_those_that_the_ledger_left(shop: LinkedStores) -> None:
    await (await shop.store()).shows(article(stock=None, in_stock=True))
    product_id, variant_id = await shop.ids()
    uncounted = await clock(shop)
    await adjust(shop, variant_id, count=4)
    counted = await clock(shop)
    await adjust(shop, variant_id, delta=-1)
    assert of(await was(shop, product_id, counted))["stock"] == 4
    assert not of(await was(shop, product_id, uncounted))["stock"]


async def test_a_product_that_left_says_so_and_one_that_had_not_does_not(shop: LinkedStores) -> None:
    await (await shop.store()).shows(article())
    product_id, variant_id = await shop.ids()
    before = await clock(shop)
    for table, key, row in (("products", product_id, None), ("variants", variant_id, variant_id)):
        await shop.bench.rows(f"UPDATE {table} SET deleted_at = now() WHERE id = :id RETURNING 1", id=key)
        await shop.bench.rows(
            "INSERT INTO field_changes (organization_id, product_id, variant_id, changes, origin)"
            " VALUES (:org, :product, :variant, '{\"deleted\": [false, true]}', 'store') RETURNING 1",
            org=shop.actor.tenant,
            product=product_id,
            variant=row,
        )
    then, now = await was(shop, product_id, before), await was(shop, product_id, await clock(shop))
    assert (then.deleted, then.variants[0].deleted) == (False, False)
    assert (now.deleted, now.variants[0].deleted) == (True, True)


async def test_history_tells_fields_and_pieces_newest_first_with_who_and_why(shop: LinkedStores) -> None:
    store = await shop.store()
    await store.shows(article())
    product_id, variant_id = ids = await shop.ids()
    user_id = await shop.bench.value(
        "SELECT user_id FROM memberships WHERE organization_id = :org", org=shop.actor.tenant
    )
    email = await shop.bench.value("SELECT email FROM users WHERE id = :id", id=user_id)
    person = Actor(organization_id=shop.actor.tenant, user_id=user_id)
    async with shop.bench.container.transaction() as services:
        await services.catalog_edits.apply(person, [price_edit(ids, "12")], origin="person", reason="season")
    await adjust(shop, variant_id, person, delta=2, store_id=store.id)
    await shop.edit(title_edit(ids, "Cup"))
    entries = (await told(shop, product_id)).entries
    shown = [(one.label, one.changes, one.origin, one.store, one.actor, one.reason) for one in entries[:3]]
    assert shown == [
        ("Cup", {"title": ["Product 1", "Cup"]}, "person", "", "", ""),
        ("Cup (S-1)", {"stock": [3, 5]}, "correction", "Shop", email, "shelf"),
        ("Cup / S-1", {"price": ["10", "12"]}, "person", "", email, "season"),
    ]


async def test_the_history_of_a_variant_is_its_own(shop: LinkedStores) -> None:
    store = await shop.store()
    await store.shows(article("1"), article("2"))
    first, second = await shop.ids("S-1"), await shop.ids("S-2")
    await shop.edit(price_edit(first, "12"), title_edit(first, "Cup"), price_edit(second, "13"))
    async with shop.bench.container.transaction() as services:
        page = await services.time_travel.of_variant(shop.actor, first[1])
    assert [one.changes for one in page.entries if "price" in one.changes] == [{"price": ["10", "12"]}]
    assert {one.variant_id for one in page.entries} == {first[1]}


async def test_pages_of_a_history_miss_and_repeat_nothing(shop: LinkedStores) -> None:
    await (await shop.store()).shows(article())
    product_id, variant_id = ids = await shop.ids()
    for number in range(6):
        await shop.edit(price_edit(ids, str(20 + number)))
        await adjust(shop, variant_id, delta=1)
    whole = (await told(shop, product_id)).entries
    pieces, below = [], None
    while True:
        page = await told(shop, product_id, below=below, limit=5)
        pieces += page.entries
        below = page.next_below
        if below is None:
            break
    assert pieces == whole
    assert len(whole) >= 12
    assert [one.at for one in whole] == sorted((one.at for one in whole), reverse=True)


@pytest.mark.parametrize("below", ["", "7", "a-b", "1-2-3", "-1-2", "²-1"])
async def test_a_strange_place_to_go_on_is_refused(shop: LinkedStores, below: str) -> None:
    await (await shop.store()).shows(article())
    with pytest.raises(DomainError) as refused:
        await told(shop, (await shop.ids())[0], below=below)
    assert refused.value.code == "BELOW_INVALID"


@pytest.mark.parametrize(
    "at",
    [
        pytest.param(datetime(2024, 3, 15), id="without-zone"),
        pytest.param(datetime(2999, 1, 1, tzinfo=UTC), id="to-come"),
        pytest.param(datetime(1, 1, 1, tzinfo=UTC), id="before-all-stores"),
    ],
)
async def test_a_time_that_is_none_is_refused(shop: LinkedStores, at: datetime) -> None:
    await (await shop.store()).shows(article())
    with pytest.raises(DomainError) as refused:
        await was(shop, (await shop.ids())[0], at)
    assert refused.value.code == "TIME_INVALID"


@pytest.mark.parametrize("number", [-1, 0, 2**70])
async def test_what_never_was_is_not_found(shop: LinkedStores, number: int) -> None:
    for ask in (told(shop, number), was(shop, number, await clock(shop))):
        with pytest.raises(DomainError) as refused:
            await ask
        assert refused.value.code == "NOT_FOUND"


async def test_strangers_see_no_history(shop: LinkedStores, bench: Workbench) -> None:
    await (await shop.store()).shows(article())
    product_id, variant_id = await shop.ids()
    stranger = LinkedStores(bench, await bench.organization())
    for ask in (told(stranger, product_id), was(stranger, product_id, await clock(shop))):
        with pytest.raises(DomainError) as refused:
            await ask
        assert refused.value.code == "NOT_FOUND"
    with pytest.raises(DomainError) as refused:
        async with bench.container.transaction() as services:
            await services.time_travel.of_variant(stranger.actor, variant_id)
    assert refused.value.code == "NOT_FOUND"
