"""The same article in two stores of one organization."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from backend.ports.actor import Actor
from backend.ports.store_platform import PlatformProduct
from plugin_bridge.sandbox.generator import generate_products
from tests.support.linked_shops import Shop, product, simple, variant
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio

EAN = "4006381333931"


@pytest.fixture
async def actor(bench: Workbench) -> Actor:
    return await bench.organization()


@pytest.fixture
async def first(bench: Workbench, actor: Actor) -> Shop:
    return await Shop.opened(bench, actor, "first")


@pytest.fixture
async def second(bench: Workbench, actor: Actor) -> Shop:
    return await Shop.opened(bench, actor, "second")


async def test_a_product_with_the_sku_of_another_stores_is_that_product(first: Shop, second: Shop) -> None:
    await first.shows(simple("1", "A"))
    await second.shows(simple("77", "A", title="The same"))
    assert await second.linked() == await first.linked() == {"1": "Product 1", "77": "Product 1"}
    assert await first.count("products") == await first.count("variants") == 1


async def test_each_variant_is_the_one_with_its_sku(first: Shop, second: Shop) -> None:
    await first.shows(product("1", *(variant(f"1{sku}", "1", sku) for sku in "ABC")))
    await second.shows(product("7", variant("7b", "7", "B"), variant("7a", "7", "A")))
    assert await second.listed() == {"7a": "A", "7b": "B"}
    assert await first.count("variants") == 3


async def test_a_variant_without_a_sku_of_a_linked_product_is_a_further_one(first: Shop, second: Shop) -> None:
    await first.shows(product("1", variant("1a", "1", "A")))
    await second.shows(product("7", variant("7a", "7", "A"), variant("7x", "7", options={"size": "L"})))
    assert await second.listed() == {"7a": "A", "7x": ""}
    assert (await first.count("products"), await first.count("variants")) == (1, 2)


async def test_one_store_alone_is_asked_nothing_and_its_equal_skus_stay_apart(first: Shop) -> None:
    await first.shows(simple("1", "A"), simple("2", "A"))
    await first.shows(simple("3", "A"))
    assert await first.count("products") == 3
    assert await first.suggestions() == []


async def test_a_barcode_alone_makes_a_product_of_its_own_and_a_suggestion(first: Shop, second: Shop) -> None:
    await first.shows(simple("1", "A", EAN))
    await second.shows(simple("7", "B", "0" + EAN))
    assert await second.suggestions() == [("7", "Product 7", "Product 1", "barcode_only", "open")]


async def test_the_same_product_shown_again_is_not_suggested_again(first: Shop, second: Shop) -> None:
    await first.shows(simple("1", "A", EAN))
    await second.shows(simple("7", "B", EAN))
    await second.shows(simple("7", "B", EAN, title="New title"))
    assert len(await second.suggestions()) == 1


async def test_equal_skus_inside_one_store_are_two_products_and_neither_is_linked(first: Shop, second: Shop) -> None:
    await first.shows(simple("1", "A"))
    await second.shows(simple("7", "A", title="Tisch"), simple("8", "A", title="Table"))
    assert await first.count("products") == 3
    assert [row[0::3] for row in await second.suggestions()] == [("7", "sku_repeated"), ("8", "sku_repeated")]


async def test_a_translation_that_comes_later_is_a_product_of_its_own_and_nobody_is_asked(
    first: Shop, second: Shop
) -> None:
    await first.shows(simple("1", "A"))
    await second.shows(simple("7", "A", title="Tisch"))
    await second.shows(simple("8", "A", title="Table"))
    assert await second.linked() == {"1": "Product 1", "7": "Product 1", "8": "Table"}
    assert await second.suggestions() == []


async def test_a_store_with_equal_skus_makes_those_of_another_one_doubtful(first: Shop, second: Shop) -> None:
    await first.shows(simple("1", "A", title="Tisch"), simple("2", "A", title="Table"))
    await second.shows(simple("7", "A"))
    assert [row[2:4] for row in await second.suggestions()] == [("Tisch", "sku_ambiguous"), ("Table", "sku_ambiguous")]


async def test_what_the_catalog_holds_no_more_is_no_candidate(first: Shop, second: Shop) -> None:
    await first.shows(simple("1", "A", EAN))
    await first.drops("1")
    await second.shows(simple("7", "A", EAN))
    assert (await second.linked())["7"] == "Product 7"
    assert await second.suggestions() == []


async def test_a_product_that_a_store_lists_anew_under_another_number_is_the_one_it_was(
    first: Shop, second: Shop
) -> None:
    await first.shows(simple("1", "A"))
    await second.shows(simple("7", "A"))
    await second.drops("7")
    await second.shows(simple("8", "A"))
    assert await second.linked() == {"1": "Product 1", "8": "Product 1"}


async def test_other_organizations_are_not_looked_at(bench: Workbench, first: Shop, second: Shop) -> None:
    stranger = await Shop.opened(bench, await bench.organization(), "stranger")
    await stranger.shows(simple("1", "A", EAN))
    await second.shows(simple("7", "A", EAN))
    assert await second.linked() == {"7": "Product 7"}
    assert await second.suggestions() == []


def bare(number: str, **changes: Any) -> PlatformProduct:
    """A product whose variants come apart from it."""
    return product(number, **changes)


async def test_a_product_whose_variants_come_later_is_decided_when_they_come(first: Shop, second: Shop) -> None:
    await first.shows(product("1", variant("1a", "1", "A"), variant("1b", "1", "B")))
    await second.shows(bare("7", title="Other title"))
    assert await second.linked() == {"1": "Product 1", "7": "Other title"}
    await second.shows(apart=(variant("70", "7", "A"), variant("71", "7", "B")))
    assert await second.linked() == {"1": "Product 1", "7": "Product 1"}
    assert await second.listed() == {"70": "A", "71": "B"}
    assert await first.count("products") == 1
    assert await second.beside("7") == {"title": "Other title"}
    assert await second.told() == ["product.created", "product.created", "product.deleted"]


async def test_parents_and_variants_of_one_page_are_decided_together(first: Shop, second: Shop) -> None:
    await first.shows(product("1", variant("1a", "1", "A")))
    await second.shows(bare("7"), apart=(variant("70", "7", "A"),))
    assert await second.linked() == {"1": "Product 1", "7": "Product 1"}
    assert await second.told() == ["product.created"]


async def test_variants_on_a_third_page_find_their_places_in_the_linked_product(first: Shop, second: Shop) -> None:
    await first.shows(product("1", *(variant(f"1{sku}", "1", sku) for sku in "ABC")))
    await second.shows(bare("7"))
    await second.shows(apart=(variant("70", "7", "A"),))
    await second.shows(apart=(variant("71", "7", "C"), variant("72", "7", "D")))
    assert await second.listed() == {"70": "A", "71": "C", "72": "D"}
    assert (await first.count("products"), await first.count("variants")) == (1, 4)


async def test_variants_that_only_partly_meet_leave_their_product_alone_and_ask(first: Shop, second: Shop) -> None:
    await first.shows(product("1", variant("1a", "1", "A")))
    await second.shows(bare("7"))
    await second.shows(apart=(variant("70", "7", "A"), variant("71", "7", "Z")))
    assert (await second.linked())["7"] == "Product 7"
    assert await second.suggestions() == [("7", "Product 7", "Product 1", "partly", "open")]


async def test_a_variant_that_joins_a_product_of_its_own_decides_nothing_about_it(first: Shop, second: Shop) -> None:
    await first.shows(product("1", variant("1a", "1", "A")))
    await second.shows(bare("7"))
    await second.shows(apart=(variant("71", "7", "Z"),))
    await second.shows(apart=(variant("70", "7", "A"),))
    assert (await second.linked())["7"] == "Product 7"
    assert await second.suggestions() == [("7", "Product 7", "Product 1", "partly", "open")]


async def test_a_product_that_a_person_changed_meanwhile_is_kept_and_asked_about(first: Shop, second: Shop) -> None:
    await first.shows(product("1", variant("1a", "1", "A")))
    await second.shows(bare("7"))
    await second.bench.rows(
        "INSERT INTO field_changes (organization_id, product_id, changes, origin) SELECT organization_id, product_id,"
        " '{\"title\": [\"x\", \"y\"]}', 'person' FROM product_links WHERE organization_id = :org AND external_id = '7'"
        " RETURNING id",
        org=second.actor.tenant,
    )
    await second.shows(apart=(variant("70", "7", "A"),))
    assert (await second.linked())["7"] == "Product 7"
    assert [row[3] for row in await second.suggestions()] == ["partly"]


async def test_what_the_hub_owns_is_due_where_the_product_was_found_late(bench: Workbench, first: Shop) -> None:
    third = await Shop.opened(bench, first.actor, "third", owners={"content": "hub"})
    await first.shows(product("1", variant("1a", "1", "A"), status="active"))
    await third.shows(bare("7", title="Other", status="draft"))
    await third.shows(apart=(variant("70", "7", "A"),))
    assert await third.beside("7") == {"title": "Other", "status": "draft"}
    assert await third.due("7") == ["title"]


async def test_a_variation_that_moves_to_a_product_which_is_found_does_not_break_it(first: Shop, second: Shop) -> None:
    await first.shows(product("1", variant("1a", "1", "A")))
    await second.shows(product("6", variant("60", "6", "")))
    await second.shows(product("7", variant("60", "7", "A")))
    assert (await second.linked())["7"] == "Product 1"
    assert list(await second.listed()) == ["60"]


async def test_two_stores_that_show_a_new_article_at_once_bring_one_product(first: Shop, second: Shop) -> None:
    for number in range(5):
        sku = f"NEW-{number}"
        await asyncio.gather(first.shows(simple(f"1{number}", sku)), second.shows(simple(f"7{number}", sku)))
    assert await first.count("products") == 5


async def test_a_second_shop_with_the_same_catalog_adds_links_and_no_products(bench: Workbench, actor: Actor) -> None:
    articles = list(generate_products(300, 21))
    ends = []
    for _ in range(2):
        store_id = await bench.connect(actor, bench.store(articles))
        await bench.work_off()
        ends.append(
            await bench.rows(
                "SELECT count(*), count(*) FILTER (WHERE due IS NULL AND shown IS NULL) FROM listings"
                " WHERE store_id = :id",
                id=store_id,
            )
        )
    assert ends[0] == ends[1]
    assert ends[0][0][0] > 300
    counts = "SELECT count(*) FROM {} WHERE organization_id = :org"
    assert await bench.value(counts.format("products"), org=actor.tenant) == 300
    assert await bench.value(counts.format("product_links"), org=actor.tenant) == 600
    assert await bench.value(counts.format("link_suggestions"), org=actor.tenant) == 0


async def test_thousands_of_links_take_a_handful_of_statements(first: Shop, second: Shop) -> None:
    await first.shows(*(simple(str(n), f"S-{n}", price=Decimal(n)) for n in range(2_000)))
    async with second.counted() as statements:
        await second.shows(*(simple(f"7{n}", f"S-{n}", price=Decimal(n)) for n in range(2_000)))
    assert await first.count("products") == 2_000
    assert len(statements) < 60
