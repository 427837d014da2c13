"""Odd moves of products and variants between two walks, and two stores that work at the same time."""

import asyncio
import uuid
from decimal import Decimal

import pytest
from sqlalchemy import text

from backend.domain.catalog.erasure import CatalogErasure
from backend.domain.catalog.merge import Merged, StoreMerge
from backend.kit.ids import uuid7
from backend.models.catalog import Location
from backend.models.stores import Store
from backend.ports.actor import Actor
from backend.ports.store_platform import PlatformProduct, PlatformVariant
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio


def product(number: str, *variants: PlatformVariant, **changes: object) -> PlatformProduct:
    return PlatformProduct(external_id=number, title=f"Product {number}", variants=variants, **changes)  # type: ignore[arg-type]


def variant(number: str, parent: str, **changes: object) -> PlatformVariant:
    values = {"sku": f"S-{number}", "price": Decimal("9.90"), "stock": 3, **changes}
    return PlatformVariant(external_id=number, external_product_id=parent, **values)  # type: ignore[arg-type]


class OneStore:
    """Merges into one store of one organization."""

    currency = "EUR"

    def __init__(self, bench: Workbench, actor: Actor) -> None:
        self.bench, self.actor, self.store_id = bench, actor, uuid7()

    async def merge(self, *products: PlatformProduct, apart: tuple[PlatformVariant, ...] = (), **more: int) -> Merged:
        async with self.bench.container.begin() as session:
            merge = StoreMerge(
                session, organization_id=self.actor.tenant, store_id=self.store_id, currency=self.currency
            )
            return await merge.merge(products, apart, **more)

    async def variants(self) -> dict[str, tuple[object, ...]]:
        rows = await self.bench.rows(
            "SELECT v.sku, p.title, v.price, k.on_hand FROM variants v JOIN products p ON p.id = v.product_id"
            " JOIN stock_levels k ON k.variant_id = v.id WHERE v.organization_id = :org AND v.deleted_at IS NULL",
            org=self.actor.tenant,
        )
        return {row[0]: row[1:] for row in rows}


@pytest.fixture
async def store(bench: Workbench) -> OneStore:
    return OneStore(bench, await bench.organization())


async def test_the_same_product_twice_in_one_batch_counts_once(store: OneStore) -> None:
    twice = [product("1", variant("1", "1", price=Decimal(price))) for price in ("1.00", "2.00")]
    merged = await store.merge(*twice)
    assert (merged.products_added, merged.variants_added) == (1, 1)
    assert (await store.variants())["S-1"][1] == Decimal("2.00")


async def test_new_products_before_behind_and_between_known_ones_are_all_found(store: OneStore) -> None:
    def several(*numbers: str) -> list[PlatformProduct]:
        return [product(number, variant(f"v{number}", number)) for number in numbers]

    await store.merge(*several("20", "30", "40"))
    merged = await store.merge(*several("10", "11"))
    assert (merged.products_added, merged.variants_added, merged.products_unchanged) == (2, 2, 0)
    merged = await store.merge(*several("50", "9", "100"))
    assert (merged.products_added, merged.variants_added, merged.products_unchanged) == (3, 3, 0)
    merged = await store.merge(*several("25", "30", "35"))
    assert (merged.products_added, merged.variants_added, merged.products_unchanged) == (2, 2, 1)
    assert not (await store.merge(*several("9", "10", "11", "20", "25", "30", "35", "40", "50", "100"))).changed


async def test_whatever_characters_ids_have_they_are_known_again(store: OneStore) -> None:
    odd = [
        product(name, variant(f"v{name}", name)) for name in ("a\x01b", "a", "b", "\x02", "a\x01", "ä\x03\n", "🧵", "")
    ]
    assert (await store.merge(*odd)).products_added == len(odd)
    again = await store.merge(*odd)
    assert (again.products_unchanged, again.variants_unchanged, again.changed) == (len(odd), len(odd), False)
    assert not (await store.merge(product(""))).changed


async def test_a_product_that_leaves_during_a_merge_takes_what_the_merge_brought_with_it(
    bench: Workbench, store: OneStore
) -> None:
    await store.merge(product("1", variant("10", "1")))

    async def leave() -> None:
        async with bench.container.begin() as session:
            assert await CatalogErasure(session, store.actor.tenant, store.store_id).mark_product_gone("1")

    async with bench.container.begin() as session:
        merge = StoreMerge(session, organization_id=store.actor.tenant, store_id=store.store_id, currency="EUR")
        merged = await merge.merge([product("1", variant("10", "1"), variant("11", "1"))])
        assert merged.variants_added == 1
        leaving = asyncio.create_task(leave())
        await asyncio.sleep(0.1)
        assert not leaving.done()
    await leaving
    assert await store.variants() == {}


async def test_a_variant_moves_to_another_parent(store: OneStore) -> None:
    await store.merge(product("1"), product("2"), apart=(variant("10", "1"),))
    merged = await store.merge(apart=(variant("10", "2"),))
    assert merged.variants_updated == 1
    assert (await store.variants())["S-10"][0] == "Product 2"


async def test_a_variation_before_its_product_is_named_and_comes_in_later(store: OneStore) -> None:
    merged = await store.merge(apart=(variant("10", "1"),))
    assert merged.orphans == ("10",)
    merged = await store.merge(product("1"), apart=(variant("10", "1"),))
    assert (merged.orphans, merged.variants_added) == ((), 1)


async def test_a_simple_product_becomes_variable(store: OneStore) -> None:
    await store.merge(product("1", variant("1", "1")))
    await store.merge(product("1", option_names=("Size",)), apart=(variant("11", "1"), variant("12", "1")))
    assert set(await store.variants()) == {"S-1", "S-11", "S-12"}, "the old one leaves with the next verified walk"


async def test_what_was_gone_comes_back_with_its_id(store: OneStore) -> None:
    await store.merge(product("1", variant("1", "1")))
    ids = "SELECT p.id, v.id FROM products p JOIN variants v ON v.product_id = p.id WHERE p.organization_id = :org"
    before = await store.bench.rows(ids, org=store.actor.tenant)
    for table in ("product_links", "listings"):
        await store.bench.rows(
            f"UPDATE {table} SET gone_at = now() WHERE organization_id = :org RETURNING external_id",
            org=store.actor.tenant,
        )
    for table in ("products", "variants"):
        await store.bench.rows(
            f"UPDATE {table} SET deleted_at = now() WHERE organization_id = :org RETURNING id", org=store.actor.tenant
        )
    merged = await store.merge(product("1", variant("1", "1")))
    assert (merged.products_updated, merged.variants_updated) == (1, 1)
    assert await store.bench.rows(ids, org=store.actor.tenant) == before
    assert set(await store.variants()) == {"S-1"}


async def test_a_store_that_changes_its_currency_changes_every_price(store: OneStore) -> None:
    items = product("1", variant("1", "1")), product("2", variant("2", "2"))
    await store.merge(*items)
    store.currency = "CHF"
    assert (await store.merge(*items)).variants_updated == 2
    currencies = "SELECT DISTINCT currency FROM variants WHERE organization_id = :org"
    assert await store.bench.rows(currencies, org=store.actor.tenant) == [("CHF",)]


async def test_brands_and_categories_meet_without_case(store: OneStore) -> None:
    await store.merge(
        product("1", brand="Halm", categories=("A > B",)), product("2", brand="HALM", categories=("a > b",))
    )
    counts = await store.bench.rows(
        "SELECT (SELECT count(*) FROM brands WHERE organization_id = :org),"
        " (SELECT count(*) FROM categories WHERE organization_id = :org),"
        " (SELECT count(*) FROM products WHERE organization_id = :org AND (brand_id IS NULL OR category_id IS NULL))",
        org=store.actor.tenant,
    )
    assert counts == [(1, 1, 0)]


async def test_a_category_first_seen_in_a_later_merge_is_linked(store: OneStore) -> None:
    await store.merge(product("1", categories=("Shirts",)))
    await store.merge(product("2", categories=("Shoes", "Shoes > Boots")))
    named = await store.bench.rows(
        "SELECT p.title, c.name FROM products p LEFT JOIN categories c ON c.id = p.category_id"
        " WHERE p.organization_id = :org ORDER BY p.id",
        org=store.actor.tenant,
    )
    assert named == [("Product 1", "Shirts"), ("Product 2", "Shoes > Boots")]


async def test_stores_of_one_organization_merge_at_once_without_losing_or_locking(bench: Workbench) -> None:
    actor = await bench.organization()
    stores = [OneStore(bench, actor) for _ in range(4)]

    async def work(store: OneStore, turn: int) -> None:
        numbers = range(30) if turn % 2 else range(29, -1, -1)
        items = [
            product(
                str(n),
                variant(str(n), str(n), sku=f"{store.store_id}-{n}", stock=turn),
                brand=f"Brand {n % 7}",
                categories=(f"C{n % 5}",),
            )
            for n in numbers
        ]
        await store.merge(*items)

    for turn in range(4):
        await asyncio.wait_for(asyncio.gather(*(work(store, turn + at) for at, store in enumerate(stores))), 60)
    rows = await bench.rows(
        "SELECT (SELECT count(*) FROM variants WHERE organization_id = :org),"
        " (SELECT count(*) FROM brands WHERE organization_id = :org),"
        " (SELECT count(*) FROM products WHERE organization_id = :org AND brand_id IS NULL)",
        org=actor.tenant,
    )
    assert rows == [(120, 7, 0)]


async def test_the_plan_limit_holds_when_stores_merge_at_once(bench: Workbench) -> None:
    actor = await bench.organization()
    stores = [OneStore(bench, actor) for _ in range(3)]
    items = [product(str(n), variant(str(n), str(n))) for n in range(20)]
    merged = await asyncio.gather(*(store.merge(*items, product_limit=25) for store in stores))
    assert await bench.value("SELECT count(*) FROM products WHERE organization_id = :org", org=actor.tenant) == 25
    assert sum(one.over_limit for one in merged) == 35


async def test_another_organizations_rows_are_never_touched(bench: Workbench) -> None:
    first, second = OneStore(bench, await bench.organization()), OneStore(bench, await bench.organization())
    second.store_id = first.store_id
    await first.merge(product("1", variant("1", "1", price=Decimal("5.00"))))
    await second.merge(product("1", variant("1", "1", price=Decimal("7.00"))))
    assert (await first.variants())["S-1"][1] == Decimal("5.00")


async def test_a_rolled_back_merge_leaves_nothing_and_the_next_works(store: OneStore) -> None:
    async def broken() -> None:
        async with store.bench.container.begin() as session:
            merge = StoreMerge(session, organization_id=store.actor.tenant, store_id=uuid.uuid4(), currency="EUR")
            await merge.merge([product("1", variant("1", "1"))])
            await session.execute(text("SELECT 1 / 0"))

    for _ in range(3):
        with pytest.raises(Exception, match="division by zero"):
            await broken()
    assert await store.variants() == {}
    assert (await store.merge(product("1", variant("1", "1")))).products_added == 1


async def test_auc_14_a_product_whose_variant_changed_counts_as_updated_once(store: OneStore) -> None:
    await store.merge(product("1", variant("1", "1"), variant("2", "1")), product("2", variant("3", "2")))
    changed = product("1", variant("1", "1", price=Decimal("8.00")), variant("2", "1", stock=9))
    merged = await store.merge(changed, product("2", variant("3", "2")))
    assert (merged.products_updated, merged.variants_updated) == (1, 2)
    renamed = product("1", variant("1", "1", price=Decimal("7.00")), variant("2", "1", stock=9), handle="new")
    merged = await store.merge(renamed)
    assert (merged.products_updated, merged.variants_updated) == (1, 1)


async def test_pieces_in_several_places_are_kept_apart(store: OneStore) -> None:
    levels = "SELECT location, on_hand FROM stock_levels WHERE organization_id = :org ORDER BY location"
    tenant = store.actor.tenant
    async with store.bench.container.begin() as session:
        session.add(Store(id=store.store_id, organization_id=tenant, platform="x", url="x", name="x", state="active"))
        await session.flush()
        session.add(Location(organization_id=tenant, store_id=store.store_id, external_id="north", name="North"))
    await store.merge(product("1", variant("1", "1", levels={"north": 3, "south": 4})))
    assert await store.bench.rows(levels, org=store.actor.tenant) == [("north", 3), ("south", 4)]
    await store.merge(product("1", variant("1", "1", levels={"south": 5, "west": 1})))
    assert await store.bench.rows(levels, org=store.actor.tenant) == [("south", 5), ("west", 1)]
    await store.merge(product("1", variant("1", "1", stock=9)))
    assert await store.bench.rows(levels, org=store.actor.tenant) == [("default", 9)]
