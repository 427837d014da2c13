"""Keeping: written in groups, each delivery once, nobody answered before the commit, trouble told to whom it is."""

import asyncio
import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from backend.domain.inbound.intake import WebhookIntake
from backend.domain.inbound.repository import Kept, WebhookKeeping
from backend.domain.inbound.signers import Signers
from backend.kit.outages import is_outage
from backend.kit.transaction import LoneStatements
from backend.ports.inbound_webhooks import InboundWebhook
from backend.ports.job_queue import JobSpec
from backend.wiring import JOB_SPECS
from tests.support.product import Workbench
from tests.support.received import JOB

pytestmark = pytest.mark.anyio


class CountingBell:
    """A doorbell that remembers."""

    def __init__(self) -> None:
        self.rung: list[int] = []
        self.times = 0

    async def ring(self, queue: str, job_id: int, *, delay_s: float = 0) -> None:
        await self.ring_for_all(queue, [job_id])

    async def ring_for_all(self, queue: str, job_ids: Sequence[int]) -> None:
        self.times += 1
        self.rung += job_ids


class GatedKeeping(WebhookKeeping):
    """The real thing, each statement after the gate is opened; remembers the size of each group."""

    def __init__(self, statements: LoneStatements) -> None:
        super().__init__(statements)
        self.gate = asyncio.Event()
        self.groups: list[int] = []
        self.asked = asyncio.Event()

    async def keep(self, group: Any, spec: JobSpec) -> Sequence[int]:
        self.groups.append(len(list(group)))
        self.asked.set()
        await self.gate.wait()
        return await super().keep(group, spec)


class Intake:
    """An intake with its parts in reach."""

    def __init__(self, bench: Workbench) -> None:
        self.bell = CountingBell()
        self.keeping = GatedKeeping(LoneStatements(bench.container.engine))
        signers = Signers(bench.container.begin, bench.container.sealer, {})
        self.intake = WebhookIntake(self.keeping, {}, signers, self.bell, JOB_SPECS[JOB])


@pytest.fixture
async def made(bench: Workbench) -> Any:
    parts = Intake(bench)
    yield parts
    parts.keeping.gate.set()
    await parts.intake.aclose()


def delivery(key: str, address: str = "https://a.myshopify.com", **values: Any) -> Kept:
    defaults: dict[str, Any] = {"topic": "products/update", "body": b"{}"}
    return Kept(InboundWebhook(platform="shopify", address=address, delivery_key=key, **{**defaults, **values}), None)


async def count(bench: Workbench, address: str) -> tuple[int, int]:
    """Rows and jobs of one address."""
    return (
        int(await bench.value("SELECT count(*) FROM received_webhooks WHERE address = :at", at=address)),
        int(
            await bench.value(
                "SELECT count(*) FROM jobs j JOIN received_webhooks w"
                " ON w.id = cast(j.payload ->> 'webhook_id' AS bigint) WHERE w.address = :at",
                at=address,
            )
        ),
    )


def new_address() -> str:
    return f"https://{uuid.uuid4().hex[:10]}.myshopify.com"


async def test_nobody_is_answered_before_the_commit_and_what_waits_is_written_together(
    bench: Workbench, made: Intake
) -> None:
    at = new_address()
    first = asyncio.create_task(made.intake.keep(delivery("first", at)))
    await made.keeping.asked.wait()
    rest = [asyncio.create_task(made.intake.keep(delivery(f"rest-{n % 40}", at))) for n in range(60)]
    await asyncio.sleep(0)
    assert not first.done()
    assert await count(bench, at) == (0, 0)
    made.keeping.gate.set()
    await asyncio.gather(first, *rest)
    assert made.keeping.groups == [1, 60]
    assert await count(bench, at) == (41, 41)
    assert len(made.bell.rung) == 41
    assert made.bell.times == 2


async def test_a_sender_that_left_does_not_undo_what_is_kept_and_its_repetition_adds_nothing(
    bench: Workbench, made: Intake
) -> None:
    at = new_address()
    leaving = asyncio.create_task(made.intake.keep(delivery("left", at)))
    staying = asyncio.create_task(made.intake.keep(delivery("stayed", at)))
    await made.keeping.asked.wait()
    leaving.cancel()
    made.keeping.gate.set()
    await staying
    with pytest.raises(asyncio.CancelledError):
        await leaving
    await made.intake.keep(delivery("left", at))
    assert await count(bench, at) == (2, 2)


async def test_two_processes_that_get_the_same_deliveries_in_other_orders_keep_each_once(bench: Workbench) -> None:
    at = new_address()
    one, other = Intake(bench), Intake(bench)
    for parts in (one, other):
        parts.keeping.gate.set()
    keys = [f"k{n}" for n in range(200)]
    sent = [one.intake.keep(delivery(key, at)) for key in keys]
    sent += [other.intake.keep(delivery(key, at)) for key in reversed(keys)]
    await asyncio.gather(*sent)
    assert await count(bench, at) == (200, 200)
    assert len(one.bell.rung) + len(other.bell.rung) == 200
    for parts in (one, other):
        await parts.intake.aclose()


async def test_what_is_wrong_with_one_delivery_is_not_the_trouble_of_the_others(bench: Workbench, made: Intake) -> None:
    at = new_address()
    ahead = asyncio.create_task(made.intake.keep(delivery("ahead", at)))
    await made.keeping.asked.wait()
    good = [asyncio.create_task(made.intake.keep(delivery(f"good-{n}", at))) for n in range(5)]
    # PostgreSQL keeps no NUL in texts. `accept` lets none through; this is the net below it.
    bad = asyncio.create_task(made.intake.keep(delivery("nul\x00", at)))
    made.keeping.gate.set()
    done = await asyncio.gather(ahead, *good, bad, return_exceptions=True)
    assert done[:-1] == [None] * 6
    assert isinstance(done[-1], DBAPIError)
    assert await count(bench, at) == (6, 6)


async def test_a_connection_that_died_meanwhile_is_replaced(bench: Workbench, made: Intake) -> None:
    at = new_address()
    made.keeping.gate.set()
    await made.intake.keep(delivery("before", at))
    await bench.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND query LIKE '%INSERT INTO received_webhooks%' AND datname = current_database()"
    )
    await made.intake.keep(delivery("after", at))
    assert await count(bench, at) == (2, 2)


async def test_a_database_that_is_away_is_an_outage_for_all_that_wait(bench: Workbench, made: Intake) -> None:
    async def away(group: Any, spec: JobSpec) -> Sequence[int]:
        raise ConnectionRefusedError

    made.keeping.keep = away  # type: ignore[method-assign]
    told = await asyncio.gather(*(made.intake.keep(delivery(f"away-{n}")) for n in range(3)), return_exceptions=True)
    assert all(isinstance(error, Exception) and is_outage(error) for error in told)
