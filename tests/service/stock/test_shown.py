"""What stores show is booked as a difference, whichever store shows it."""

import pytest

from tests.support.product import Workbench
from tests.support.shared_stock import Article

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("place", [0, 1])
async def test_what_happened_in_a_store_reaches_the_hub_and_makes_the_other_due(bench: Workbench, place: int) -> None:
    article = await Article.sold_in(bench, 5, 5)
    await article.show(place, 8)
    assert await article.hub() == 8
    other = (5, True)
    assert await article.shown() == ([(8, False), other] if place == 0 else [other, (8, False)])
    assert await article.entries() == [("store", 3, 8, 0)]


async def test_changes_in_two_stores_add_up(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5, 5)
    await article.show(0, 4)
    await article.show(1, 7)
    assert await article.hub() == 6
    assert await article.shown() == [(4, True), (7, True)]


async def test_a_new_store_changes_no_number(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5, 9)
    assert (await article.hub(), await article.shown()) == (5, [(5, False), (9, False)])
    await article.show(1, 8)
    assert (await article.hub(), await article.shown()) == (4, [(5, True), (8, False)])


async def test_the_only_store_is_believed_whatever_it_shows(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5)
    for pieces in (3, 0, -2, 7, None, 4):
        await article.show(0, pieces)
        assert (await article.hub(), await article.shown()) == (pieces, [(pieces, False)])


async def test_a_row_that_shows_the_same_number_notes_nothing(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5, 5)
    await article.show(0, 5, title="Mug")
    assert await article.entries() == []


async def test_only_the_home_store_ends_the_counting(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5, 5)
    await article.show(1, None)
    assert (await article.hub(), await article.shown()) == (5, [(5, False), (None, False)])
    await article.show(0, None)
    assert await article.hub() is None


async def test_a_store_that_owns_its_pieces_is_the_hubs_number_at_home_only(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5, 5, owners={"stock": "store"})
    await article.show(1, 2)
    assert await article.hub() == 5
    await article.show(0, 7)
    assert (await article.hub(), await article.shown()) == (7, [(7, False), (2, False)])


async def test_what_a_store_answers_to_a_write_is_booked_once(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5, 5)
    await article.adjust(delta=1)
    due = await article.tell(0, 3)
    assert due == {article.store_id(0), article.store_id(1)}
    assert (await article.hub(), await article.shown()) == (4, [(3, True), (5, True)])
    assert await article.tell(0, 3) == frozenset()
    assert await article.hub() == 4


async def test_pieces_nobody_had_are_named_and_the_store_is_corrected(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 2, 2)
    await article.adjust(delta=-1)
    await article.show(1, 0)
    assert (await article.hub(), await article.shown()) == (0, [(2, True), (0, False)])
    assert await article.oversells() == [("", 1, "open")]


async def test_places_are_what_the_home_store_says(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5, 5)
    await bench.rows(
        "UPDATE stock_levels SET location = 'shelf', on_hand = 2 WHERE organization_id = :org RETURNING 1",
        org=article.actor.tenant,
    )
    await bench.rows(
        "INSERT INTO stock_levels (organization_id, variant_id, location, on_hand)"
        " SELECT organization_id, variant_id, 'cellar', 3 FROM stock_levels WHERE organization_id = :org RETURNING 1",
        org=article.actor.tenant,
    )
    places = "SELECT location, on_hand FROM stock_levels WHERE organization_id = :org ORDER BY location"
    await article.show(1, 3)
    assert await bench.rows(places, org=article.actor.tenant) == [("cellar", 1), ("shelf", 2)]
    await article.show(0, 6)
    assert await bench.rows(places, org=article.actor.tenant) == [("default", 4)]
