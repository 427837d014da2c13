"""A price from one store and a sale from another never leave a sale that is not below the price."""

from decimal import Decimal

import pytest

from backend.domain.catalog.edits import NOT_BELOW_PRICE, FieldEdit
from tests.support.linked_stores import LinkedStores, ShownStore, article, linked_stores, price_edit
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shop(bench: Workbench) -> LinkedStores:
    return await linked_stores(bench)


async def on_sale(shop: LinkedStores) -> tuple[ShownStore, ShownStore]:
    """Return two stores that show the same article for 10 instead of 12."""
    first, second = await shop.store(), await shop.store()
    shown = article(price="12", sale_price=Decimal(10))
    await first.shows(shown)
    await second.link(*await shop.ids())
    await second.shows(shown)
    return first, second


async def prices(shop: LinkedStores) -> tuple[str | None, str | None]:
    held = await shop.held()
    return held["price"], held["sale_price"]


async def test_a_price_edited_down_to_the_sale_ends_it_everywhere(shop: LinkedStores) -> None:
    first, second = await on_sale(shop)
    result = await shop.edit(price_edit(await shop.ids(), "9"))
    assert result.due_stores == {first.id, second.id}
    assert await prices(shop) == ("9", None)
    assert (await shop.history())[-1] == ({"price": ["12", "9"], "sale_price": ["10", None]}, "person")
    for store in (first, second):
        assert await store.beside() == ({"price": "12", "sale_price": "10"}, ["price", "sale_price"])


async def test_a_sale_edited_above_the_price_is_refused(shop: LinkedStores) -> None:
    await on_sale(shop)
    product_id, variant_id = await shop.ids()
    result = await shop.edit(FieldEdit(product_id=product_id, variant_id=variant_id, field="sale_price", value="12"))
    assert [one.reason for one in result.refused] == [NOT_BELOW_PRICE]
    assert await prices(shop) == ("12", "10")


async def test_a_price_from_a_store_that_knows_of_no_sale_yet_ends_the_sale_in_the_other(shop: LinkedStores) -> None:
    first, second = await on_sale(shop)
    ids = await shop.ids()
    await shop.edit(FieldEdit(product_id=ids[0], variant_id=ids[1], field="sale_price", value=None))
    await second.shows(article(price="12"))
    await first.shows(article(price="12"))
    await shop.edit(FieldEdit(product_id=ids[0], variant_id=ids[1], field="sale_price", value="11"))
    # The first store has not heard of the new sale when its merchant lowers the price below it.
    merged = await first.shows(article(price="9"))
    assert merged.due_stores == {second.id}
    assert await prices(shop) == ("9", None)
    assert (await shop.history())[-1] == ({"price": ["12", "9"], "sale_price": ["11", None]}, "store")
    assert await first.beside() == (None, None)
    assert await second.beside() == ({"price": "12"}, ["price"])


async def test_a_sale_in_a_store_whose_lower_price_is_on_its_way_is_taken_back_there(shop: LinkedStores) -> None:
    first = await shop.store()
    await first.shows(article(price="12"))
    await shop.edit(price_edit(await shop.ids(), "9"))
    await first.shows(article(price="12", sale_price=Decimal("9.50")))
    assert await prices(shop) == ("9", None)
    assert await first.beside() == ({"price": "12", "sale_price": "9.5"}, ["price", "sale_price"])
