"""Monitored products are variants of the one catalog, whoever brought them in (contract rows PRI-03 to 08, 13, 14)."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from backend.kit.errors import DomainError
from backend.ports.actor import Actor
from backend.ports.store_platform import PlatformVariant
from tests.support.linked_stores import LinkedStores, article, linked_stores
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio
LAMP = {"name": "Lamp", "brand": "Acme", "category": "Light", "product_code": "L-1"}


async def add(bench: Workbench, actor: Actor, **told: str) -> int:
    async with bench.container.transaction() as services:
        return int(await services.monitored_products.add(actor, {**LAMP, **told}))


async def edit(bench: Workbench, actor: Actor, product_id: int, **told: str) -> None:
    async with bench.container.transaction() as services:
        await services.monitored_products.edit(actor, product_id, told)


async def remove(bench: Workbench, actor: Actor, product_id: int) -> None:
    async with bench.container.transaction() as services:
        await services.monitored_products.remove(actor, product_id)


async def look(bench: Workbench, actor: Actor, product_id: int) -> Any:
    async with bench.container.transaction() as services:
        return await services.monitored_products.product(actor, product_id)


async def listed(bench: Workbench, actor: Actor) -> list[int]:
    async with bench.container.transaction() as services:
        return [row.id for row in (await services.monitored_products.page(actor, 0)).items]


@pytest.fixture
async def shop(bench: Workbench) -> LinkedStores:
    return await linked_stores(bench)


async def test_pri_07_what_is_added_is_a_product_of_the_catalog(bench: Workbench) -> None:
    actor = await bench.organization()
    await add(bench, actor, cost="12.50", additional_cost="1", barcode="0042", tags="b, a", external_ref="77")
    query = """SELECT p.title, p.tags, p.categories, v.sku, v.barcode, v.cost, v.additional_cost, v.external_ref,
                      v.price
               FROM products p JOIN variants v ON v.product_id = p.id WHERE p.organization_id = :org"""
    assert await bench.rows(query, org=actor.tenant) == [
        ("Lamp", ["b", "a"], ["Light"], "L-1", "0042", Decimal("12.50"), Decimal(1), "77", None)
    ]
    events = await bench.rows("SELECT type FROM events WHERE organization_id = :org", org=actor.tenant)
    assert events == [("product.created",)]


@pytest.mark.parametrize(
    "same",
    [{}, {"name": "LAMP"}, {"brand": "acme"}, {"product_code": "l-1"}, {"category": "Other", "barcode": "9"}],
    ids=["as it is", "name in capitals", "brand in small", "code in small", "other category"],
)
async def test_pri_07_name_brand_and_code_without_case_make_a_product(bench: Workbench, same: dict[str, str]) -> None:
    actor = await bench.organization()
    await add(bench, actor)
    with pytest.raises(DomainError) as refused:
        await add(bench, actor, **same)
    assert refused.value.code == "PRODUCT_EXISTS"


@pytest.mark.parametrize(
    "other", [{"name": "Lamp 2"}, {"brand": "Bcme"}, {"product_code": ""}], ids=["name", "brand", "code"]
)
async def test_pri_07_what_differs_in_one_of_them_is_another_product(bench: Workbench, other: dict[str, str]) -> None:
    actor = await bench.organization()
    assert await add(bench, actor) != await add(bench, actor, **other)


async def test_pri_07_equal_products_told_at_once_are_stored_once(bench: Workbench) -> None:
    actor = await bench.organization()
    made = await asyncio.gather(*(add(bench, actor) for _ in range(6)), return_exceptions=True)
    assert len([one for one in made if isinstance(one, int)]) == 1
    assert len(await listed(bench, actor)) == 1
    for table in ("brands", "categories"):
        assert await bench.rows(f"SELECT count(*) FROM {table} WHERE organization_id = :org", org=actor.tenant) == [
            (1,)
        ]


async def test_a_full_plan_takes_no_more(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    actor = await bench.organization("starter")
    full = bench.container.plans.limits_of("starter")
    monkeypatch.setattr(bench.container.plans, "limits_of", lambda _: type(full)(**{**_fields(full), "products": 1}))
    await add(bench, actor)
    with pytest.raises(DomainError, match="Package limit exceeded"):
        await add(bench, actor, name="One more")


def _fields(limits: Any) -> dict[str, Any]:
    return {name: getattr(limits, name) for name in limits.__struct_fields__}


async def test_products_of_stores_are_monitored_too_each_variant_by_its_name(
    bench: Workbench, shop: LinkedStores
) -> None:
    store = await shop.store()
    small, large = (
        PlatformVariant(external_id=one, external_product_id="7", title=title, sku=title, price=Decimal(10))
        for one, title in (("71", "Small"), ("72", "Large"))
    )
    await store.shows(article("7", title="Shirt", brand="Acme", variants=(small, large)))
    async with bench.container.transaction() as services:
        rows = (await services.monitored_products.page(shop.actor, 0)).items
    assert [(row.name, row.product_code) for row in rows] == [("Shirt - Small", "Small"), ("Shirt - Large", "Large")]
    with pytest.raises(DomainError, match="exists already"):
        await add(bench, shop.actor, name="shirt - SMALL", product_code="small")


async def test_pri_13_an_edit_reaches_the_stores_that_show_the_product(bench: Workbench, shop: LinkedStores) -> None:
    store = await shop.store(content="hub")
    await store.shows(article())
    _, variant = await shop.ids()

    await edit(bench, shop.actor, variant, name="Another name", barcode="96385074", cost="3")

    assert (await store.beside("product_links"))[1] == ["title"]
    assert (await store.beside())[1] == ["barcode"]
    assert (await shop.held())["title"] == "Another name"
    pushes = await bench.rows(
        "SELECT name FROM jobs WHERE organization_id = :org AND name = 'sync.push_store'", org=shop.actor.tenant
    )
    assert len(pushes) == 1
    assert {origin for _, origin in await shop.history()} == {"person"}


async def test_pri_13_the_name_of_a_variant_is_its_products_title_with_its_own(
    bench: Workbench, shop: LinkedStores
) -> None:
    store = await shop.store()
    inner = PlatformVariant(external_id="71", external_product_id="7", title="Small", sku="S", price=Decimal(10))
    await store.shows(article("7", title="Shirt", brand="Acme", variants=(inner,)))
    [variant] = await listed(bench, shop.actor)

    await edit(bench, shop.actor, variant, name="Blue shirt - Small")

    assert (await shop.held("S"))["title"] == "Blue shirt"
    assert (await look(bench, shop.actor, variant)).row.name == "Blue shirt - Small"


async def test_pri_13_what_is_written_back_as_it_is_changes_nothing(bench: Workbench) -> None:
    actor = await bench.organization()
    product = await add(bench, actor, cost="5", tags="b, a")
    before = await look(bench, actor, product)
    await edit(bench, actor, product, **LAMP, cost="5", tags="b, a")
    assert await look(bench, actor, product) == before
    assert await bench.rows("SELECT 1 FROM field_changes WHERE organization_id = :org", org=actor.tenant) == []


async def test_pri_13_becoming_another_product_is_refused_and_changes_nothing(bench: Workbench) -> None:
    actor = await bench.organization()
    await add(bench, actor)
    mine = await add(bench, actor, product_code="L-2")
    before = await look(bench, actor, mine)
    with pytest.raises(DomainError, match="exists already"):
        await edit(bench, actor, mine, product_code="l-1", cost="9")
    assert await look(bench, actor, mine) == before


async def test_pri_13_two_edits_at_once_cannot_make_two_equal_products(bench: Workbench) -> None:
    actor = await bench.organization()
    one, two = await add(bench, actor, product_code="A"), await add(bench, actor, product_code="B")
    made = await asyncio.gather(
        *(edit(bench, actor, product, product_code="C") for product in (one, two)), return_exceptions=True
    )
    assert [type(result) for result in made].count(DomainError) == 1


async def test_pri_13_a_category_takes_the_place_of_the_one_before(bench: Workbench) -> None:
    actor = await bench.organization()
    product = await add(bench, actor)
    await edit(bench, actor, product, category="Shades")
    assert (await look(bench, actor, product)).row.category == "Shades"
    rows = await bench.rows("SELECT categories FROM products WHERE organization_id = :org", org=actor.tenant)
    assert rows == [(["Shades"],)]


async def test_pri_14_what_no_store_shows_leaves_the_catalog(bench: Workbench) -> None:
    actor = await bench.organization()
    product = await add(bench, actor)
    async with bench.container.transaction() as services:
        await services.tracked_urls.add(actor, product, "https://rival.example.com/lamp")

    await remove(bench, actor, product)

    assert await listed(bench, actor) == []
    gone = """SELECT p.deleted_at IS NOT NULL, v.deleted_at IS NOT NULL
              FROM products p JOIN variants v ON v.product_id = p.id WHERE p.organization_id = :org"""
    assert await bench.rows(gone, org=actor.tenant) == [(True, True)]
    assert await bench.rows("SELECT 1 FROM tracked_urls WHERE organization_id = :org", org=actor.tenant) == []
    events = await bench.rows("SELECT type FROM events WHERE organization_id = :org ORDER BY id", org=actor.tenant)
    assert events == [("product.created",), ("product.deleted",)]
    with pytest.raises(DomainError, match="not found"):
        await remove(bench, actor, product)
    assert await add(bench, actor) != product


async def test_pri_14_what_a_store_shows_stays_there_and_is_watched_no_more(
    bench: Workbench, shop: LinkedStores
) -> None:
    store = await shop.store()
    await store.shows(article(brand="Acme"))
    _, variant = await shop.ids()

    await remove(bench, shop.actor, variant)

    assert await listed(bench, shop.actor) == []
    with pytest.raises(DomainError, match="not found"):
        await look(bench, shop.actor, variant)
    living = "SELECT deleted_at IS NULL, monitored FROM variants WHERE organization_id = :org"
    assert await bench.rows(living, org=shop.actor.tenant) == [(True, False)]
    assert await store.beside() == (None, None)


async def test_a_product_that_nobody_watches_is_taken_up_again(bench: Workbench, shop: LinkedStores) -> None:
    store = await shop.store()
    await store.shows(article(brand="Acme"))
    _, variant = await shop.ids()
    await remove(bench, shop.actor, variant)

    again = await add(bench, shop.actor, name="product 1", product_code="S-1", cost="4")

    assert again == variant
    assert (await look(bench, shop.actor, variant)).row.cost == Decimal(4)
    assert await bench.rows("SELECT count(*) FROM variants WHERE organization_id = :org", org=shop.actor.tenant) == [
        (1,)
    ]


async def test_a_page_added_while_its_product_goes_does_not_stay_behind(bench: Workbench) -> None:
    actor = await bench.organization()
    for number in range(5):
        product = await add(bench, actor, product_code=f"R-{number}")

        async def track(product: int = product) -> None:
            async with bench.container.transaction() as services:
                await services.tracked_urls.add(actor, product, "https://rival.example.com/lamp")

        await asyncio.gather(track(), remove(bench, actor, product), return_exceptions=True)
    left = """SELECT 1 FROM tracked_urls t
              JOIN variants v ON v.organization_id = t.organization_id AND v.id = t.variant_id
              WHERE t.organization_id = :org AND v.deleted_at IS NOT NULL"""
    assert await bench.rows(left, org=actor.tenant) == []


async def test_lists_follow_every_change_at_once(bench: Workbench) -> None:
    actor = await bench.organization()
    one, two = await add(bench, actor), await add(bench, actor, product_code="L-2")
    assert await listed(bench, actor) == [one, two]
    await remove(bench, actor, one)
    assert await listed(bench, actor) == [two]
