"""A shop's points: one account for all who ask it, corrected by what the shop says."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from backend.gateways.shop_budget import LocalShopBudget, RedisShopBudget
from backend.ports.shop_budget import Balance, Reservation, ShopBudget

pytestmark = pytest.mark.anyio
SHOP, OTHER = "loom.myshopify.com", "other.myshopify.com"
Budget = LocalShopBudget | RedisShopBudget


@pytest.fixture(params=["local", "redis"])
async def budget(request: pytest.FixtureRequest) -> AsyncIterator[Budget]:
    if request.param == "local":
        yield LocalShopBudget()
        return
    client = Redis.from_url(request.getfixturevalue("redis_url"))
    yield RedisShopBudget(client)
    await client.aclose()


def balance(available: float, *, maximum: float = 2000.0, rate: float = 100.0) -> Balance:
    return Balance(maximum=maximum, available=available, restored_per_s=rate)


async def told(budget: ShopBudget, available: float, shop: str = SHOP, **more: float) -> None:
    """Let the shop say what it has, with nothing under way."""
    await budget.settle(shop, await budget.reserve(shop, 0), balance(available, **more))


async def test_a_shop_nothing_is_known_of_lets_everybody_through(budget: Budget) -> None:
    assert [(await budget.reserve(SHOP, 5_000)).wait_s for _ in range(5)] == [0.0] * 5


async def test_points_that_are_there_are_not_waited_for(budget: Budget) -> None:
    await told(budget, 500)
    assert [(await budget.reserve(SHOP, 100)).wait_s for _ in range(5)] == [0.0] * 5


async def test_each_who_comes_too_late_waits_behind_the_one_before(budget: Budget) -> None:
    await told(budget, 100)
    waits = [(await budget.reserve(SHOP, 100)).wait_s for _ in range(4)]
    assert waits == pytest.approx([0, 1, 2, 3], abs=0.2)


async def test_points_come_back_with_time_up_to_the_maximum(budget: Budget) -> None:
    await told(budget, 0, rate=1_000, maximum=60)
    await asyncio.sleep(0.15)
    assert (await budget.reserve(SHOP, 60)).wait_s == 0
    assert (await budget.reserve(SHOP, 60)).wait_s == pytest.approx(0.06, abs=0.03)


async def test_what_the_shop_says_counts_less_what_others_hold(budget: Budget) -> None:
    await told(budget, 1_000)
    mine, theirs = await budget.reserve(SHOP, 100), await budget.reserve(SHOP, 300)
    await budget.settle(SHOP, mine, balance(400))
    assert (await budget.reserve(SHOP, 100)).wait_s == 0
    assert (await budget.reserve(SHOP, 100)).wait_s == pytest.approx(1, abs=0.2)
    await budget.settle(SHOP, theirs, None)


async def test_a_shop_that_says_nothing_keeps_the_account_as_it_was(budget: Budget) -> None:
    await told(budget, 100)
    await budget.settle(SHOP, await budget.reserve(SHOP, 100), None)
    assert (await budget.reserve(SHOP, 100)).wait_s == pytest.approx(1, abs=0.2)


async def test_shops_do_not_share_points(budget: Budget) -> None:
    await told(budget, 0)
    assert (await budget.reserve(OTHER, 1_000)).wait_s == 0


async def test_a_faster_shop_is_waited_for_less(budget: Budget) -> None:
    await told(budget, 0, rate=2_000)
    assert (await budget.reserve(SHOP, 500)).wait_s == pytest.approx(0.25, abs=0.05)


async def test_a_reservation_of_a_process_that_died_ends_by_itself() -> None:
    now = [0.0]
    budget = LocalShopBudget(clock=lambda: now[0])
    await told(budget, 1_000)
    await budget.reserve(SHOP, 900)
    now[0] = 200
    await told(budget, 1_000)
    assert (await budget.reserve(SHOP, 1_000)).wait_s == 0


async def test_a_reservation_in_redis_ends_by_itself_too(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.gateways.shop_budget.HELD_S", 0.05)
    client = Redis.from_url(redis_url)
    budget = RedisShopBudget(client)
    await told(budget, 1_000)
    await budget.reserve(SHOP, 900)
    await asyncio.sleep(0.1)
    await told(budget, 1_000)
    assert (await budget.reserve(SHOP, 1_000)).wait_s == 0
    await client.aclose()


async def test_processes_share_one_account(redis_url: str) -> None:
    clients = [Redis.from_url(redis_url) for _ in range(2)]
    one, other = [RedisShopBudget(client) for client in clients]
    await told(one, 300)
    granted = await asyncio.gather(*([one.reserve(SHOP, 100) for _ in range(10)] + [other.reserve(SHOP, 100)]))
    assert sum(one.wait_s == 0 for one in granted) == 3
    assert max(one.wait_s for one in granted) == pytest.approx(8, abs=0.5)
    for client in clients:
        await client.aclose()


async def test_the_keys_are_forgotten_in_the_end(redis_url: str) -> None:
    client = Redis.from_url(redis_url)
    await told(RedisShopBudget(client), 300)
    await RedisShopBudget(client).reserve(SHOP, 1)
    keys = [key async for key in client.scan_iter("shop-budget:*")]
    assert len(keys) == 2
    assert all([0 < await client.ttl(key) <= 3_600 for key in keys])
    await client.aclose()


async def test_without_redis_the_process_paces_itself_and_says_so_once() -> None:
    client = Redis.from_url("redis://127.0.0.1:1/0")
    budget = RedisShopBudget(client)
    with capture_logs() as logged:
        reservation: Reservation = await budget.reserve(SHOP, 10)
        await budget.settle(SHOP, reservation, balance(50))
        assert budget.degraded
        assert (await budget.reserve(SHOP, 100)).wait_s == pytest.approx(0.5, abs=0.2)
    assert [entry["event"] for entry in logged].count("shop_budget.each_process_alone") == 1
    await client.aclose()


async def test_what_was_said_before_redis_went_away_still_counts(redis_url: str) -> None:
    client = Redis.from_url(redis_url)
    budget = RedisShopBudget(client)
    await told(budget, 0)
    budget._away_until = float("inf")
    assert (await budget.reserve(SHOP, 100)).wait_s == pytest.approx(1, abs=0.2)
    await client.aclose()
