"""Readings of tracked pages: kept once, the newest beside the page, forgotten with it (contract row PRI-15)."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from backend.domain.pricing.observations import ForgetObservations
from backend.kit.errors import DomainError
from backend.models.pricing import Observation
from backend.ports.actor import Actor
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio
NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


async def page(bench: Workbench, actor: Actor, name: str = "Lamp") -> int:
    async with bench.container.transaction() as services:
        product = await services.monitored_products.add(actor, {"name": name, "brand": "Acme", "category": "Light"})
        return int(await services.tracked_urls.add(actor, product, "https://rival.example.com/lamp"))


async def observe(
    bench: Workbench, actor: Actor, url: int, price: str | None, hours: float = 0, **more: Any
) -> Observation:
    told = {"currency": "USD", "in_stock": True, "source": "manual", **more}
    async with bench.container.transaction() as services:
        return await services.observations.record(
            actor,
            url,
            price=None if price is None else Decimal(price),
            observed_at=NOON + timedelta(hours=hours),
            **told,
        )


async def newest(bench: Workbench, actor: Actor, url: int) -> tuple[Any, ...]:
    async with bench.container.transaction() as services:
        row = await services.tracked_urls.get(actor, url)
        return row.price, row.old_price, row.checked_at


async def test_the_same_instant_is_recorded_once(bench: Workbench) -> None:
    actor = await bench.organization()
    url = await page(bench, actor)
    first = await observe(bench, actor, url, "10")
    again = await observe(bench, actor, url, "99")
    assert (again.id, again.price) == (first.id, Decimal(10))
    assert (await newest(bench, actor, url))[0] == Decimal(10)


async def test_readings_told_at_once_are_recorded_once(bench: Workbench) -> None:
    actor = await bench.organization()
    url = await page(bench, actor)
    made = await asyncio.gather(*(observe(bench, actor, url, "10") for _ in range(6)))
    assert len({one.id for one in made}) == 1


async def test_a_late_reading_is_history_and_not_the_newest(bench: Workbench) -> None:
    actor = await bench.organization()
    url = await page(bench, actor)
    await observe(bench, actor, url, "10", 0)
    await observe(bench, actor, url, "12", 2)
    await observe(bench, actor, url, "11", 1)

    assert await newest(bench, actor, url) == (Decimal(12), Decimal(10), NOON + timedelta(hours=2))
    async with bench.container.transaction() as services:
        history = await services.observations.history(actor, url)
    assert [row.price for row in history] == [12, 11, 10]


async def test_the_history_is_read_page_by_page(bench: Workbench) -> None:
    actor = await bench.organization()
    url = await page(bench, actor)
    for hour in range(5):
        await observe(bench, actor, url, str(hour), hour)
    async with bench.container.transaction() as services:
        first = await services.observations.history(actor, url, limit=2)
        second = await services.observations.history(actor, url, before=first[-1].observed_at, limit=2)
    assert [int(row.price or 0) for row in [*first, *second]] == [4, 3, 2, 1]


async def test_another_organization_neither_records_nor_reads(bench: Workbench) -> None:
    actor, stranger = await bench.organization(), await bench.organization()
    url = await page(bench, actor)
    await observe(bench, actor, url, "10")
    with pytest.raises(DomainError, match="URL not found"):
        await observe(bench, stranger, url, "1", 1)
    async with bench.container.transaction() as services:
        assert list(await services.observations.history(stranger, url)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        *({"price": "-1"}, {"price": "NaN"}, {"currency": "EURO"}, {"currency": "E1R"}, {"source": "rumour"}),
        {"hours": 24 * 365 * 50},
    ],
    ids=["below nothing", "no number", "long currency", "odd currency", "unknown source", "in the future"],
)
async def test_what_cannot_have_been_read_is_refused(bench: Workbench, wrong: dict[str, Any]) -> None:
    actor = await bench.organization()
    url = await page(bench, actor)
    told: dict[str, Any] = {"price": "1", **wrong}
    with pytest.raises(DomainError) as refused:
        await observe(bench, actor, url, **told)
    assert refused.value.code == "OBSERVATION_INVALID"


@pytest.mark.parametrize("url", [0, -1, 2**63, 999_999_999])
async def test_an_unknown_page_is_not_found(bench: Workbench, url: int) -> None:
    with pytest.raises(DomainError, match="not found"):
        await observe(bench, await bench.organization(), url, "1")


async def test_what_was_read_goes_with_its_page_some_at_a_time(bench: Workbench) -> None:
    actor = await bench.organization()
    url, kept = await page(bench, actor), await page(bench, actor, "Kept")
    for hour in range(7):
        await observe(bench, actor, url, "10", hour)
    await observe(bench, actor, kept, "10")
    async with bench.container.transaction() as services:
        await services.tracked_urls.remove(actor, url)
    worker = ForgetObservations(bench.container.begin, at_once=3)

    await worker.run(actor.tenant, [url])
    await worker.run(actor.tenant, [url])

    rows = await bench.rows("SELECT url_id FROM observations WHERE organization_id = :org", org=actor.tenant)
    assert rows == [(kept,)]


async def test_a_removed_page_has_its_readings_forgotten_by_a_job(bench: Workbench) -> None:
    actor = await bench.organization()
    url = await page(bench, actor)
    await observe(bench, actor, url, "10")
    async with bench.container.transaction() as services:
        await services.tracked_urls.remove(actor, url)

    await bench.work_off()

    assert await bench.rows("SELECT 1 FROM observations WHERE organization_id = :org", org=actor.tenant) == []


async def test_the_operator_finds_whose_page_it_is(bench: Workbench) -> None:
    actor = await bench.organization()
    url = await page(bench, actor)
    async with bench.container.transaction() as services:
        assert await services.observations.owner(url) == actor.tenant
        with pytest.raises(DomainError):
            await services.observations.owner(url + 10_000)
