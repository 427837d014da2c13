"""Adjustments: made as a set, noted with their balance, told to other stores."""

from typing import Any

import pytest

from backend.domain.stock.ledger import Adjustment, StockLedger
from backend.kit.errors import DomainError
from tests.support.product import Workbench
from tests.support.shared_stock import Article

pytestmark = pytest.mark.anyio


async def test_a_correction_makes_all_stores_due(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5, 5)
    done = await article.adjust(delta=-2, reference="shelf 4")
    assert done.due_stores == {article.store_id(0), article.store_id(1)}
    assert done.changed == {await article.variant_id()}
    assert await article.shown() == [(5, True), (5, True)]
    assert await article.entries() == [("correction", -2, 3, 0)]


async def test_the_number_that_a_store_shows_already_is_not_due(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5, 5)
    await article.adjust(delta=-2)
    await article.adjust(count=5)
    assert await article.shown() == [(5, False), (5, False)]


async def test_a_count_makes_counted_what_was_not(bench: Workbench) -> None:
    article = await Article.sold_in(bench, None)
    await article.adjust(count=4, reason="count")
    assert await article.hub() == 4
    assert await article.shown() == [(None, False)]
    assert await article.entries() == [("count", 4, 4, 0)]


async def test_a_count_that_finds_what_is_known_notes_nothing(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5)
    assert (await article.adjust(count=5)).changed == frozenset()
    assert await article.entries() == []


@pytest.mark.parametrize(
    ("pieces", "wanted", "code"),
    [
        (None, {"delta": 1}, "STOCK_NOT_COUNTED"),
        (5, {"delta": -6}, "STOCK_BELOW_ZERO"),
        (5, {"count": -1}, "STOCK_BELOW_ZERO"),
        (5, {}, "ADJUSTMENT_INVALID"),
        (5, {"delta": 1, "count": 1}, "ADJUSTMENT_INVALID"),
        (5, {"delta": 2_000_000_000}, "ADJUSTMENT_INVALID"),
        (5, {"delta": 1_000_000_000}, "ADJUSTMENT_INVALID"),
        (5, {"delta": 1, "variant_id": 2**64}, "NOT_FOUND"),
    ],
    ids=["uncounted", "below-zero", "negative-count", "nothing", "both", "absurd", "absurd-sum", "absurd-id"],
)
async def test_what_cannot_be_is_refused(
    bench: Workbench, pieces: int | None, wanted: dict[str, Any], code: str
) -> None:
    article = await Article.sold_in(bench, pieces)
    with pytest.raises(DomainError) as refused:
        await article.adjust(**wanted)
    assert refused.value.code == code
    assert await article.hub() == pieces


async def test_fewer_than_none_may_be_allowed(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5)
    await article.adjust(delta=-6, allow_negative=True)
    assert await article.hub() == -1


async def test_another_organizations_variant_is_not_found(bench: Workbench) -> None:
    article, stranger = await Article.sold_in(bench, 5), await bench.organization()
    wanted = Adjustment(variant_id=await article.variant_id(), delta=1, reason="correction")
    with pytest.raises(DomainError, match="not found"):
        async with bench.container.begin() as session:
            await StockLedger(session).adjust(stranger, [wanted])


async def test_one_adjustment_that_cannot_be_undoes_them_all(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5)
    variant_id = await article.variant_id()
    wanted = [Adjustment(variant_id=variant_id, delta=delta, reason="correction") for delta in (-3, -3)]
    with pytest.raises(DomainError, match="not there"):
        async with bench.container.begin() as session:
            await StockLedger(session).adjust(article.actor, wanted)
    assert (await article.hub(), await article.entries()) == (5, [])


async def test_the_history_is_read_page_by_page_newest_first(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5)
    for delta in (1, 2, 3):
        await article.adjust(delta=delta)
    variant_id = await article.variant_id()
    async with bench.container.begin() as session:
        ledger = StockLedger(session)
        first = await ledger.history(article.actor, variant_id, limit=2)
        rest = await ledger.history(article.actor, variant_id, below=first[-1].id)
        nobodys = await ledger.history(await bench.organization(), variant_id)
    assert [row.delta for row in first] == [3, 2]
    assert [(row.delta, row.balance) for row in rest] == [(1, 6)]
    assert nobodys == []


async def test_levels_say_what_can_be_sold_where(bench: Workbench) -> None:
    article = await Article.sold_in(bench, 5)
    variant_id = await article.variant_id()
    async with bench.container.begin() as session:
        ledger = StockLedger(session)
        (level,) = await ledger.levels(article.actor)
        behind = await ledger.levels(article.actor, above=variant_id)
        named = await ledger.levels(article.actor, variant_ids=[variant_id + 1])
    assert (level.variant_id, level.sku, level.location) == (variant_id, "CUP-1", "default")
    assert (level.on_hand, level.reserved, level.available) == (5, 0, 5)
    assert behind == named == []
