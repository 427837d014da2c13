"""Writes to a store of any platform that fails: no result is lost, and nothing is done twice when it is repeated."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from backend.domain.sync.trouble import NEEDS_REAUTH
from backend.ports.platform_errors import PlatformError, StoreRefused, StoreThrottled, StoreUnavailable
from backend.ports.store_platform import PlatformProduct
from backend.ports.store_writes import FAILED, UNCHANGED, WRITTEN, StoreWrite, WriteResult
from tests.platforms.conformance.conftest import Serve
from tests.support.conformance.articles import PIECES, articles, bowl, creation, lamp
from tests.support.conformance.driver import Simulated, Trouble
from tests.support.conformance.reading import read

pytestmark = pytest.mark.anyio
PATIENCE_S = 0.4
LOST = [
    pytest.param({"seconds": 0.02}, id="the connection breaks"),
    pytest.param({"seconds": 3 * PATIENCE_S}, id="silence"),
]
"""How an answer gets lost."""
LOSING = pytest.mark.parametrize("how", LOST)


async def in_the_end(store: Simulated, writes: Sequence[StoreWrite], **how: float) -> dict[str, WriteResult]:
    """Carry writes out while no answer comes back; then have the rest repeated, as the job does, and return all."""
    found: list[WriteResult] = []
    store.trouble(Trouble.ANSWER_LOST, **how)
    error = await store.collect(writes, found)
    assert error is None or isinstance(error, StoreUnavailable)
    store.heal()
    settled = {one.key: one for one in found if one.outcome != FAILED}
    left = [one for one in writes if one.key not in settled]
    return {**settled, **(await store.write(*left, repeated=True) if left else {})}


# The answer is lost, the work is done.


@LOSING
async def test_fields_whose_answer_was_lost_are_not_written_once_more(serve: Serve, how: dict[str, float]) -> None:
    store = await serve(articles(3, 1), read_timeout_s=PATIENCE_S)
    writes = [store.selling(sku, price=Decimal("9.00")) for sku in ("CUP-0", "SHIRT-0-1")]
    writes_too = store.telling("CUP-1", title="Mug")
    store.trouble(Trouble.ANSWER_LOST, **how)
    await store.collect([*writes, writes_too], [])
    store.heal()
    accepted = len(store.writes)
    assert accepted
    again = await store.write(*writes, writes_too, repeated=True)
    done = {key for key, one in again.items() if one.outcome == UNCHANGED}
    # What was never sent is written now; what was done is not.
    assert len(store.writes) - accepted <= len(again) - len(done)
    assert done
    shows = await read(store)
    assert [str(shows.variant(sku).price) for sku in ("CUP-0", "SHIRT-0-1")] == ["9.00", "9.00"]
    assert shows.product("CUP-1").title == "Mug"
    assert {one.outcome for one in (await store.write(*writes, writes_too, repeated=True)).values()} == {UNCHANGED}


@LOSING
async def test_pieces_whose_answer_was_lost_are_set_once(serve: Serve, how: dict[str, float]) -> None:
    store = await serve(articles(2, 1), read_timeout_s=PATIENCE_S)
    skus = ("CUP-0", "SHIRT-0-1")
    found = await in_the_end(store, [store.counting(sku, 9) for sku in skus], **how)
    assert {one.outcome for one in found.values()} <= {WRITTEN, UNCHANGED}
    assert [one.pieces for one in found.values()] == [9, 9]
    assert [store.pieces_set(store.row(sku)) for sku in skus] == [[9], [9]]


@LOSING
async def test_pieces_sold_while_the_answer_was_lost_are_not_put_back(serve: Serve, how: dict[str, float]) -> None:
    store = await serve(articles(1), read_timeout_s=PATIENCE_S)
    write = store.counting("CUP-0", 9)
    store.trouble(Trouble.ANSWER_LOST, **how)
    await store.collect([write], [])
    store.heal()
    store.order("CUP-0", 2)
    (found,) = (await store.write(write, repeated=True)).values()
    assert store.row("CUP-0").stock == 7
    assert (found.outcome, found.pieces) == ("stale", 7)
    assert store.pieces_set(store.row("CUP-0")) == [9]


@LOSING
@pytest.mark.parametrize("product", [lamp(), bowl()], ids=["in colours", "as it is"])
async def test_a_product_whose_answer_was_lost_is_made_once(
    serve: Serve, how: dict[str, float], product: PlatformProduct
) -> None:
    store = await serve(articles(1), read_timeout_s=PATIENCE_S)
    wanted = creation(product=product)
    found = (await in_the_end(store, [wanted], **how))["made"]
    assert found.outcome in (WRITTEN, UNCHANGED)
    assert found.created is not None
    shows = await read(store)
    assert len(shows.products) == 2
    for own in wanted.product.variants:
        there = shows.variant(own.sku)  # one, or this fails
        assert (there.price, there.sale_price, there.stock) == (own.price, own.sale_price, own.stock)
        assert there.active
        assert store.row(own.sku).on_sale
    assert sorted(one.external_id for one in found.created.variants) == sorted(
        shows.variant(own.sku).external_id for own in wanted.product.variants
    )


@LOSING
async def test_a_removal_whose_answer_was_lost_is_done_once(serve: Serve, how: dict[str, float]) -> None:
    store = await serve(articles(2), read_timeout_s=PATIENCE_S)
    removal = store.removing("CUP-0")
    found = await in_the_end(store, [removal], **how)
    assert found["CUP-0"].outcome in (WRITTEN, UNCHANGED)
    accepted = len(store.writes)
    assert (await store.write(removal, repeated=True))["CUP-0"].outcome == UNCHANGED
    assert len(store.writes) == accepted
    shows = await read(store)
    assert [shows.product(sku).status == "active" for sku in ("CUP-0", "CUP-1")] == [False, True]


@LOSING
async def test_a_deletion_whose_answer_was_lost_is_done(serve: Serve, how: dict[str, float]) -> None:
    store = await serve(articles(1), read_timeout_s=PATIENCE_S)
    await store.write(creation())
    found = await in_the_end(store, [store.removing("0190-LAMP-RED", "gone", delete=True)], **how)
    assert found["gone"].outcome in (WRITTEN, UNCHANGED)
    assert [one.sku for one in store.rows()] == ["CUP-0"]


# Patience.


async def test_a_store_that_asks_for_patience_in_the_middle_loses_no_result(serve: Serve) -> None:
    store = await serve(articles(0, 12))
    skus = [f"SHIRT-{number}-1" for number in range(12)]
    writes = [store.selling(sku, price=Decimal("99.00")) for sku in skus]
    found: list[WriteResult] = []
    error = await store.collect(writes, found, meanwhile=lambda: store.trouble(Trouble.THROTTLED, retry_after=30))
    assert isinstance(error, StoreThrottled)
    assert error.retry_after_s == 30
    store.heal()
    told = [one.key for one in found]
    assert 0 < len(told) < len(skus)
    left = [one for one in writes if one.key not in told]
    again = await store.write(*left, repeated=True)
    assert sorted([*told, *again]) == sorted(skus)
    assert {one.outcome for one in [*found, *again.values()]} <= {WRITTEN, UNCHANGED}
    shows = await read(store)
    assert {str(shows.variant(sku).price) for sku in skus} == {"99.00"}


async def test_a_store_that_asks_for_a_little_patience_in_the_middle_gets_it(serve: Serve) -> None:
    store = await serve(articles(0, 6))
    writes = [store.selling(f"SHIRT-{number}-1", price=Decimal("99.00")) for number in range(6)]
    found: list[WriteResult] = []

    def ask_for_patience() -> None:
        if len(found) == 1:
            store.trouble(Trouble.THROTTLED_SILENTLY, next=2)

    assert await store.collect(writes, found, meanwhile=ask_for_patience) is None
    assert sorted(one.key for one in found) == sorted(one.key for one in writes)
    assert {one.outcome for one in found} == {WRITTEN}


async def test_pieces_set_while_a_store_asks_for_patience_are_set_once(serve: Serve) -> None:
    store = await serve(articles(3, 3))
    skus = ["CUP-0", "CUP-1", "CUP-2", "SHIRT-0-0", "SHIRT-1-1", "SHIRT-2-2"]
    writes = [store.counting(sku, 9) for sku in skus]
    found: list[WriteResult] = []
    store.trouble(Trouble.THROTTLED, rate=0.5, retry_after=30)
    for _ in range(40):
        left = [one for one in writes if one.key not in {told.key for told in found}]
        if await store.collect(left, found, repeated=True) is None:
            break
    assert sorted(one.key for one in found) == sorted(skus)
    assert [store.pieces_set(store.row(sku)) for sku in skus] == [[9]] * len(skus)


# Credentials, and stores that are down.


async def test_credentials_revoked_between_two_calls_stop_all_writes(serve: Serve) -> None:
    store = await serve(articles(3, 1))
    writes: list[StoreWrite] = [
        store.selling("CUP-0", price=Decimal("9.00")),
        store.counting("CUP-1", 9, key="pieces"),
        store.telling("CUP-2", title="Mug"),
        store.removing("SHIRT-0-1"),
        creation(),
    ]
    store.revoke()
    for write in writes:
        found: list[WriteResult] = []
        error = await store.collect([write], found)
        assert isinstance(error, StoreRefused), write
        assert error.cause in NEEDS_REAUTH
        assert found == []
    assert store.writes == []


@pytest.mark.parametrize("kind", [Trouble.DOWN, Trouble.HTML])
async def test_nothing_is_told_to_be_done_by_a_store_that_is_down(serve: Serve, kind: Trouble) -> None:
    store = await serve(articles(3, 1))
    writes: list[StoreWrite] = [
        store.selling("CUP-0", price=Decimal("9.00")),
        store.counting("CUP-1", 9, key="pieces"),
        store.telling("CUP-2", title="Mug"),
        creation(),
    ]
    store.trouble(kind)
    for write in writes:
        found: list[WriteResult] = []
        error = await store.collect([write], found)
        assert error is not None or {one.outcome for one in found} == {FAILED}, write
    store.heal()
    store.another_worker()
    assert store.writes == []
    assert {one.outcome for one in (await store.write(*writes, repeated=True)).values()} == {WRITTEN}


@pytest.mark.parametrize("kind", [Trouble.DOWN, Trouble.CUT, Trouble.ANSWER_LOST])
async def test_writes_repeated_through_trouble_end_as_they_were_meant(serve: Serve, kind: Trouble) -> None:
    store = await serve(articles(4, 2), read_timeout_s=PATIENCE_S)
    writes: list[StoreWrite] = [
        store.selling("CUP-0", price=Decimal("9.00")),
        store.selling("SHIRT-0-1", "sale", sale_price=Decimal("3.00")),
        store.counting("CUP-1", 9, key="pieces"),
        store.counting("SHIRT-1-0", 1, key="more pieces"),
        store.telling("CUP-2", title="Mug"),
        store.removing("CUP-3"),
        creation(),
        creation("bowl", bowl()),
    ]
    settled: dict[str, WriteResult] = {}
    how = {"seconds": 0.02} if kind is Trouble.ANSWER_LOST else {}
    store.trouble(kind, rate=0.4, **how)
    for attempt in range(40):
        found: list[WriteResult] = []
        left = [one for one in writes if one.key not in settled]
        error: PlatformError | None = await store.collect(left, found, repeated=attempt > 0)
        assert error is None or isinstance(error, StoreUnavailable)
        settled |= {one.key: one for one in found if one.outcome != FAILED}
        if len(settled) == len(writes):
            break
    store.heal()
    assert {key: one.outcome for key, one in settled.items() if one.outcome not in (WRITTEN, UNCHANGED)} == {}
    assert settled.keys() == {one.key for one in writes}
    shows = await read(store)
    assert len(shows.products) == 8
    assert str(shows.variant("CUP-0").price) == "9.00"
    assert str(shows.variant("SHIRT-0-1").sale_price) == "3.00"
    assert [shows.variant(sku).stock for sku in ("CUP-1", "SHIRT-1-0", "SHIRT-0-0")] == [9, 1, PIECES]
    assert (shows.product("CUP-2").title, shows.product("CUP-3").status == "active") == ("Mug", False)
    assert [store.row(sku).on_sale for sku in ("0190-LAMP-RED", "0190-LAMP-BLUE", "0190-BOWL")] == [True, True, True]
    assert [shows.variant(sku).stock for sku in ("0190-LAMP-RED", "0190-LAMP-BLUE", "0190-BOWL")] == [7, 3, 4]
    assert [store.pieces_set(store.row(sku)) for sku in ("CUP-1", "SHIRT-1-0")] == [[9], [1]]
