"""Orders take stock, once, in whatever order they are told of."""

import asyncio
from datetime import timedelta

import pytest

from backend.domain.orders.taking import TakenDone
from backend.kit.clock import utc_now
from tests.support.linked_shops import Shop
from tests.support.product import Workbench
from tests.support.shared_stock import Article

pytestmark = pytest.mark.anyio


async def test_an_order_in_one_store_makes_the_other_due(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5, 5)
    done = await article.order(0, 2)
    assert done == TakenDone(taken=2, due_stores=frozenset({article.store_id(1)}))
    assert await article.hub() == 3
    assert await article.shown() == [(3, False), (5, True)]
    assert await article.entries() == [("order", -2, 3, 0)]


async def test_an_order_is_told_of_by_an_event(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5, 5)
    await article.order(1, 2)
    (event,) = await bench.rows(
        "SELECT payload FROM events WHERE organization_id = :org AND type = 'inventory.updated'",
        org=article.actor.tenant,
    )
    told = {name: event[0][name] for name in ("sku", "old", "new", "reason", "location")}
    assert told == {"sku": "CUP-1", "old": 5, "new": 3, "reason": "order", "location": "default"}
    assert event[0]["variant_id"] == await article.variant_id()


async def test_feeds_are_told_that_stock_is_another(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5, 5)
    revision = "SELECT catalog_revision FROM organizations WHERE id = :org"
    before = await bench.value(revision, org=article.actor.tenant)
    await article.order(0, 1)
    assert await bench.value(revision, org=article.actor.tenant) == before + 1


@pytest.mark.parametrize("times", [1, 3])
async def test_the_same_version_again_takes_nothing(bench: Workbench, times: int) -> None:
    article, now = await Article.sold_in(bench, 5, 5), utc_now()
    for _ in range(times):
        await article.order(0, 2, created_at=now)
    await article.order(0, 2, created_at=now, modified_at=now + timedelta(minutes=1))
    assert await article.hub() == 3
    assert len(await article.entries()) == 1


async def test_two_deliveries_of_an_order_at_once_take_its_pieces_once(bench: Workbench) -> None:
    article, now = await Article.sold_in(bench, 5, 5), utc_now()
    await asyncio.gather(*(article.order(0, 2, created_at=now) for _ in range(6)))
    assert await article.hub() == 3


async def test_an_older_version_that_comes_later_changes_nothing(bench: Workbench) -> None:
    article, now = await Article.sold_in(bench, 5, 5), utc_now()
    await article.order(0, 3, created_at=now, modified_at=now + timedelta(minutes=1))
    late = await article.order(0, 2, created_at=now)
    assert late.outdated
    assert await article.hub() == 2


async def test_a_later_version_makes_up_the_difference(bench: Workbench) -> None:
    article, now = await Article.sold_in(bench, 5, 5), utc_now()
    await article.order(0, 2, created_at=now)
    await article.order(0, 3, created_at=now, modified_at=now + timedelta(minutes=1))
    assert await article.hub() == 2
    await article.order(0, 1, created_at=now, modified_at=now + timedelta(minutes=2))
    assert await article.hub() == 4


async def test_a_cancelled_order_gives_back(bench: Workbench) -> None:
    article, now = await Article.sold_in(bench, 5, 5), utc_now()
    await article.order(0, 2, created_at=now)
    await article.order(0, 0, created_at=now, modified_at=now + timedelta(minutes=1), state="cancelled")
    assert await article.hub() == 5
    assert await article.shown() == [(5, False), (5, False)]
    assert [entry[0] for entry in await article.entries()] == ["order", "cancel"]


@pytest.mark.parametrize("later_s", [0, 60])
async def test_an_order_that_is_told_of_after_its_cancellation_takes_nothing(bench: Workbench, later_s: int) -> None:
    article, now = await Article.sold_in(bench, 5, 5), utc_now()
    await article.order(0, 0, created_at=now, modified_at=now + timedelta(seconds=later_s), state="cancelled")
    await article.order(0, 2, created_at=now)
    assert await article.hub() == 5


async def test_a_pull_that_shows_the_orders_effect_changes_nothing(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5, 5)
    await article.order(0, 2)
    await article.show(0, 3)
    assert await article.hub() == 3
    assert await article.shown() == [(3, False), (5, True)]


async def test_an_order_whose_effect_a_pull_showed_before_takes_nothing_twice(bench: Workbench) -> None:
    article, ordered_at = await Article.sold_in(bench, 5, 5), utc_now()
    await article.show(0, 3)
    assert await article.hub() == 3
    assert await article.shown() == [(3, False), (5, True)]
    done = await article.order(0, 2, created_at=ordered_at)
    assert (done.taken, await article.hub()) == (2, 3)
    assert await article.entries() == [("store", -2, 3, 2)]
    assert await article.shown() == [(3, False), (5, True)]


async def test_a_change_from_before_the_order_does_not_explain_it(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5, 5)
    await article.show(0, 3)
    await article.order(0, 2, created_at=utc_now() + timedelta(minutes=1))
    assert await article.hub() == 1


async def test_a_change_in_another_store_does_not_explain_an_order(bench: Workbench) -> None:
    article, ordered_at = await Article.sold_in(bench, 5, 5), utc_now()
    await article.show(1, 3)
    await article.order(0, 2, created_at=ordered_at)
    assert await article.hub() == 1


async def test_a_cancellation_that_a_pull_showed_before_gives_nothing_back_twice(bench: Workbench) -> None:
    article, now = await Article.sold_in(bench, 5, 5), utc_now()
    await article.order(0, 2, created_at=now)
    await article.show(0, 5)
    assert await article.hub() == 5
    await article.order(0, 0, created_at=now, modified_at=now + timedelta(minutes=1), state="cancelled")
    assert await article.hub() == 5
    assert (await article.shown())[0] == (5, False)


async def test_a_page_read_before_the_order_is_not_booked_and_its_row_is_judged_again(bench: Workbench) -> None:
    article, before = await Article.sold_in(bench, 5, 5), utc_now()
    run_id = await article.run(0)
    await article.order(0, 2)
    await article.show(0, 5, run_id=run_id, title="Mug", modified_at=before)
    assert (await article.hub(), (await article.shown())[0]) == (3, (3, False))
    # It was not judged, so there is nothing that the same row could equal.
    await article.show(0, 5, title="Mug", modified_at=before)
    assert await article.hub() == 5


async def test_a_page_read_after_the_order_is_booked_in_the_same_run(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5, 5)
    run_id = await article.run(0)
    await article.order(0, 2)
    await article.show(0, 7, run_id=run_id, modified_at=utc_now() + timedelta(seconds=1))
    assert await article.hub() == 7


async def test_what_the_store_shows_after_an_order_is_judged_though_it_looks_as_before(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5, 5)
    await article.order(0, 2)
    await article.show(0, 5)
    assert await article.hub() == 5


async def test_what_is_not_there_becomes_a_named_case(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 1, 1)
    await article.order(0, 1)
    done = await article.order(1, 1, order_id="200")
    assert (done.taken, done.missing) == (0, 1)
    assert await article.hub() == 0
    assert await article.oversells() == [("200", 1, "open")]
    assert await article.shown() == [(0, False), (0, False)]


async def test_cancelling_the_order_settles_its_case(bench: Workbench) -> None:
    article, now = await Article.sold_in(bench, 1, 1), utc_now()
    await article.order(0, 3, created_at=now)
    assert await article.oversells() == [("100", 2, "open")]
    await article.order(0, 2, created_at=now, modified_at=now + timedelta(minutes=1))
    assert await article.oversells() == [("100", 1, "open")]
    await article.order(0, 0, created_at=now, modified_at=now + timedelta(minutes=2), state="cancelled")
    assert await article.oversells() == [("100", 0, "settled")]
    assert await article.hub() == 1


async def test_pieces_gone_from_a_store_that_nobody_had_are_named_and_then_the_orders(bench: Workbench) -> None:
    article, ordered_at = await Article.sold_in(bench, 1, 1), utc_now()
    await article.order(0, 1)
    await article.show(1, 0)
    assert await article.hub() == 0
    assert await article.oversells() == [("", 1, "open")]
    await article.order(1, 1, order_id="200", created_at=ordered_at)
    assert await article.oversells() == [("", 0, "settled"), ("200", 1, "open")]
    assert await article.shown() == [(0, False), (0, False)]


async def test_what_may_be_ordered_back_goes_below_zero_without_a_case(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 1, 1)
    variant = "UPDATE stock_levels SET backorder = true WHERE organization_id = :org RETURNING variant_id"
    await bench.rows(variant, org=article.actor.tenant)
    await article.order(0, 3)
    assert await article.hub() == -2
    assert await article.oversells() == []


async def test_what_is_not_counted_is_not_taken(bench: Workbench) -> None:
    article = await Article.sold_in(bench, None, None)
    done = await article.order(0, 2)
    assert (done.taken, done.missing, await article.hub()) == (0, 0, None)
    assert await article.oversells() == []


async def test_a_store_that_does_not_count_sells_the_hubs_pieces_all_the_same(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5, None)
    await article.order(1, 2)
    assert await article.hub() == 3
    assert await article.shown() == [(5, True), (None, False)]


async def test_a_store_that_keeps_its_own_pieces_takes_none_of_ours(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5, 5, owners={"stock": "store"})
    await article.order(1, 2)
    assert await article.hub() == 5


async def test_what_was_sold_before_we_saw_the_store_is_in_its_number(bench: Workbench) -> None:
    article, now = await Article.sold_in(bench, 5), utc_now()
    yesterday = now - timedelta(days=1)
    await article.order(0, 2, created_at=yesterday, modified_at=now)
    assert await article.hub() == 5
    await article.order(0, 0, created_at=yesterday, modified_at=now + timedelta(minutes=1), state="cancelled")
    assert await article.hub() == 7


async def test_what_is_not_in_the_catalog_is_named(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5)
    assert (await article.order(0, 2, external_id="999")).unknown == ("999",)


async def test_a_store_that_sells_alone_and_below_zero_is_not_corrected(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 1)
    done = await article.order(0, 3)
    assert (done.missing, done.due_stores) == (2, frozenset())
    await article.show(0, -2)
    assert await article.shown() == [(-2, False)]
    await article.show(0, 4)
    assert (await article.hub(), await article.shown()) == (4, [(4, False)])


async def test_once_a_second_store_sells_it_too_the_first_is_corrected(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 0)
    await article.order(0, 1)
    assert (await article.hub(), await article.shown()) == (0, [(-1, False)])
    article.shops.append(await Shop.opened(bench, article.actor, "store1"))
    merged = await article.show(1, 0)
    assert merged.stock_due_stores == {article.store_id(0)}
    assert (await article.hub(), await article.shown()) == (0, [(-1, True), (0, False)])
    # What it does not take is not written again and again because the other store is read.
    await article.tell(0, 0)
    await article.show(1, 0, title="Mug")
    assert await article.shown() == [(0, False), (0, False)]


async def test_an_item_a_store_did_not_take_is_tried_again_with_the_new_number(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5, 5)
    await bench.rows(
        "UPDATE listings SET state = 'error', error_code = 'rejected' WHERE store_id = :id RETURNING 1",
        id=article.store_id(1),
    )
    await article.order(0, 1)
    row = await bench.rows("SELECT state, error_code FROM listings WHERE store_id = :id", id=article.store_id(1))
    assert row == [("pending", None)]


async def test_other_fields_beside_a_listing_stay(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5, 5)
    await bench.rows(
        "UPDATE listings SET shown = '{\"price\": \"9\"}', due = '{price}' WHERE store_id = :id RETURNING 1",
        id=article.store_id(1),
    )
    await article.order(0, 1)
    query = "SELECT shown, due FROM listings WHERE store_id = :id"
    assert await bench.rows(query, id=article.store_id(1)) == [({"price": "9", "stock": 5}, ["price", "stock"])]
    await article.tell(1, 4)
    await article.pushed(0)
    await article.adjust(count=4)
    shown, due = (await bench.rows(query, id=article.store_id(1)))[0]
    assert (shown, due) == ({"price": "9"}, ["price"])
