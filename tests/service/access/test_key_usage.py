"""What keys are used for: written soon and once, never in a request's way."""

import asyncio
import time
import uuid
from typing import Any

import pytest
from structlog.testing import capture_logs

from backend.domain.access.api_keys import KeyWanted, NewApiKey
from backend.domain.access.key_usage import KeyUsage, KeyUsageRetention, Use
from backend.kit.errors import DomainError, ErrorKind
from backend.ports.actor import Actor
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio


async def new_key(bench: Workbench, actor: Actor) -> NewApiKey:
    async with bench.container.transaction() as services:
        return await services.api_keys.create(actor, KeyWanted(name="erp", permission="read"))


def use(key_id: uuid.UUID, status: int = 200, **more: Any) -> Use:
    defaults: dict[str, Any] = {
        "method": "GET",
        "endpoint": "/api/external/v1/products",
        "latency_s": 0.0123,
        "address": "203.0.113.7",
        "used_at_s": time.time(),
    }
    return Use(key_id=key_id, status=status, **{**defaults, **more})


async def test_shs_18_totals_error_rate_and_recent_activity_are_shown(bench: Workbench) -> None:
    actor = await bench.organization()
    key = await new_key(bench, actor)
    usage = KeyUsage(bench.container.begin)
    for status in (200, 200, 404, 429):
        usage.note(use(key.id, status, endpoint=f"/at/{status}\x00"))
    await usage.aclose()
    async with bench.container.transaction() as services:
        found = await services.api_keys.usage(actor, key.id)
        row = await services.api_keys.one(actor, key.id)
    assert (found.total_requests, found.error_rate) == (4, 0.5)
    assert [(one.status, one.endpoint) for one in found.recent] == [
        (429, "/at/429"),
        (404, "/at/404"),
        (200, "/at/200"),
        (200, "/at/200"),
    ]
    newest = found.recent[0]
    assert (newest.method, newest.latency_ms, newest.address) == ("GET", 12, "203.0.113.7")
    assert row.last_used_at is not None
    assert abs(row.last_used_at.timestamp() - time.time()) < 5


async def test_uses_are_written_within_seconds_without_anybody_asking(bench: Workbench) -> None:
    key = await new_key(bench, await bench.organization())
    usage = KeyUsage(bench.container.begin, every_s=0.05)
    usage.note(use(key.id))
    await bench.until("SELECT total_requests = 1 FROM api_keys WHERE id = :id", id=key.id)
    usage.note(use(key.id))
    await bench.until("SELECT total_requests = 2 FROM api_keys WHERE id = :id", id=key.id)
    await usage.aclose()


async def test_nothing_is_lost_at_a_clean_end(bench: Workbench) -> None:
    actor = await bench.organization()
    keys = [await new_key(bench, actor) for _ in range(3)]
    usage = KeyUsage(bench.container.begin, every_s=60)
    for number in range(3_000):
        usage.note(use(keys[number % 3].id))
    await asyncio.sleep(0)
    await usage.aclose()
    assert await bench.value("SELECT count(*) FROM key_uses WHERE organization_id = :org", org=actor.tenant) == 3_000
    totals = await bench.rows("SELECT total_requests FROM api_keys WHERE organization_id = :org", org=actor.tenant)
    assert totals == [(1_000,)] * 3


async def test_of_more_than_memory_holds_the_totals_stay_right(bench: Workbench) -> None:
    key = await new_key(bench, await bench.organization())
    usage = KeyUsage(bench.container.begin, every_s=60, most=10)
    for _ in range(25):
        usage.note(use(key.id))
    with capture_logs() as logged:
        await usage.aclose()
    assert await bench.value("SELECT count(*) FROM key_uses WHERE key_id = :id", id=key.id) == 10
    assert await bench.value("SELECT total_requests FROM api_keys WHERE id = :id", id=key.id) == 25
    assert [(one["event"], one["requests"]) for one in logged] == [("key_usage.not_listed", 15)]


async def test_a_database_that_is_away_loses_uses_with_a_line_and_no_more(bench: Workbench) -> None:
    key = await new_key(bench, await bench.organization())

    def away() -> Any:
        raise ConnectionRefusedError

    usage = KeyUsage(away, every_s=0.01)
    usage.note(use(key.id))
    with capture_logs() as logged:
        await usage.aclose()
    assert [(one["event"], one["requests"]) for one in logged] == [("key_usage.lost", 1)]


async def test_processes_that_write_at_once_add_up(bench: Workbench) -> None:
    actor = await bench.organization()
    keys = [await new_key(bench, actor) for _ in range(6)]
    writers = [KeyUsage(bench.container.begin, every_s=60) for _ in range(4)]
    for number, writer in enumerate(writers):
        for key in keys if number % 2 else reversed(keys):
            writer.note(use(key.id))
    await asyncio.gather(*(writer.aclose() for writer in writers))
    totals = await bench.rows("SELECT total_requests FROM api_keys WHERE organization_id = :org", org=actor.tenant)
    assert totals == [(4,)] * 6


async def test_uses_of_a_key_that_is_gone_are_nobodys(bench: Workbench) -> None:
    usage = KeyUsage(bench.container.begin)
    gone = uuid.uuid4()
    usage.note(use(gone))
    with capture_logs() as logged:
        await usage.aclose()
    assert await bench.value("SELECT count(*) FROM key_uses WHERE key_id = :id", id=gone) == 0
    assert logged == []


async def test_uses_are_forgotten_after_thirty_days(bench: Workbench) -> None:
    key = await new_key(bench, await bench.organization())
    usage = KeyUsage(bench.container.begin)
    day_s = 86_400
    for age_s in (40 * day_s, 31 * day_s, 29 * day_s, 0):
        usage.note(use(key.id, used_at_s=time.time() - age_s))
    await usage.aclose()
    retention = KeyUsageRetention(bench.container.begin)
    assert await retention.forget_old() == 2
    assert await retention.forget_old() == 0
    assert await bench.value("SELECT count(*) FROM key_uses WHERE key_id = :id", id=key.id) == 2


async def test_another_organizations_usage_is_a_plain_not_found(bench: Workbench) -> None:
    key = await new_key(bench, await bench.organization())
    stranger = await bench.organization()
    async with bench.container.transaction() as services:
        with pytest.raises(DomainError) as refused:
            await services.api_keys.usage(stranger, key.id)
    assert refused.value.kind is ErrorKind.NOT_FOUND
