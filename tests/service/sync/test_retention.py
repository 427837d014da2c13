"""Old runs go with all that hangs on them; what is needed to go on stays."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend.domain.sync import retention
from backend.domain.sync.retention import SyncRetention
from backend.kit.clock import utc_now
from backend.kit.ids import first_uuid7
from backend.models.events import Event
from backend.models.sync import SyncChange, SyncCreated, SyncIssue, SyncRun
from backend.ports.actor import Actor
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio

PREVIEWS = ("planned", "discarded")


class Past:
    """One store with runs of any age."""

    def __init__(self, bench: Workbench, actor: Actor, store_id: uuid.UUID) -> None:
        self.bench, self.actor, self.store_id = bench, actor, store_id
        self._number = 0

    async def run(self, days_ago: float, *, changes: int = 0, **values: Any) -> uuid.UUID:
        """Add a run that began and ended so many days ago."""
        self._number += 1
        at = ago(days_ago)
        run_id = uuid.UUID(int=first_uuid7(at).int + self._number)
        given: dict[str, Any] = {"mode": "delta", "state": "completed", "finished_at": at, **values}
        scope = {"organization_id": self.actor.tenant}
        async with self.bench.container.begin() as session:
            session.add(SyncRun(id=run_id, store_id=self.store_id, created_at=at, stats={}, **scope, **given))
            await session.flush()
            session.add(SyncIssue(run_id=run_id, code="count_mismatch", message="It moved", facts={}, **scope))
            session.add(SyncCreated(run_id=run_id, kind="product", ids=[1], **scope))
            for number in range(changes):
                session.add(
                    SyncChange(
                        run_id=run_id, target="store", action="update", entity="variant", product_id=number, **scope
                    )
                )
        return run_id

    async def event(self, days_ago: float) -> int:
        async with self.bench.container.begin() as session:
            made = Event(organization_id=self.actor.tenant, type="sync.started", payload={}, occurred_at=ago(days_ago))
            session.add(made)
            await session.flush()
            return made.id

    async def ids(self, table: str, column: str = "id") -> set[Any]:
        rows = await self.bench.rows(
            f"SELECT {column} FROM {table} WHERE organization_id = :org", org=self.actor.tenant
        )
        return {row[0] for row in rows}


def ago(days: float) -> datetime:
    return utc_now() - timedelta(days=days)


async def all_forgotten(bench: Workbench) -> None:
    """Forget as a worker does, sweep after sweep, until nothing is left to be forgotten."""
    keeper = SyncRetention(bench.container.begin)
    while await keeper.forget_old():
        pass


@pytest.fixture
async def past(bench: Workbench) -> Past:
    actor = await bench.organization()
    store_id = await bench.connect(actor, bench.store([]))
    await bench.work_off()
    await bench.rows("DELETE FROM events WHERE organization_id = :org RETURNING 1", org=actor.tenant)
    return Past(bench, actor, store_id)


async def test_a_run_is_kept_for_ninety_days_after_its_end(past: Past) -> None:
    old = await past.run(91, kind="push", mode="changes", changes=3)
    kept = await past.run(89, kind="push", mode="changes", changes=2)
    await all_forgotten(past.bench)
    for table, column in (
        ("sync_runs", "id"),
        ("sync_issues", "run_id"),
        ("sync_created", "run_id"),
        ("sync_changes", "run_id"),
    ):
        left = await past.ids(table, column)
        assert old not in left, table
        assert kept in left, table


async def test_what_has_not_ended_is_kept(past: Past) -> None:
    running = await past.run(200, state="running", finished_at=None, kind="undo")
    ended_late = await past.run(95, kind="push", finished_at=ago(80))
    await all_forgotten(past.bench)
    assert {running, ended_late} <= await past.ids("sync_runs")


@pytest.mark.parametrize("mode", ["full", "sweep", "delta"])
async def test_the_newest_completed_pull_of_each_mode_stays(past: Past, mode: str) -> None:
    await past.bench.rows("DELETE FROM sync_runs WHERE store_id = :id RETURNING 1", id=past.store_id)
    older = await past.run(150, mode=mode)
    newest = await past.run(120, mode=mode)
    failed = await past.run(110, mode=mode, state="failed")
    await all_forgotten(past.bench)
    assert await past.ids("sync_runs") == {newest}
    assert not {older, failed} & await past.ids("sync_issues", "run_id")


async def test_previews_nobody_applied_are_kept_for_a_day(past: Past) -> None:
    old = [await past.run(1.1, kind="push", state=state, finished_at=None, changes=1) for state in PREVIEWS]
    young = await past.run(0.9, kind="push", state="planned", finished_at=None)
    held = await past.run(1.1, kind="push", state="discarded", error_code="push_empties")
    forgotten_long_ago = await past.run(30, kind="push", state="planned", finished_at=None)
    await all_forgotten(past.bench)
    left = await past.ids("sync_runs")
    assert not set(old) & left
    assert {young, held, forgotten_long_ago} <= left
    assert await past.ids("sync_changes", "run_id") == set()


async def test_a_large_change_set_goes_in_several_batches(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "MOST_CHANGES", 4)
    old = await past.run(91, kind="push", changes=10)
    keeper = SyncRetention(past.bench.container.begin)
    assert await keeper.forget_old() == 4
    assert old in await past.ids("sync_runs"), "the run goes last"
    await all_forgotten(past.bench)
    assert await past.ids("sync_changes") == set()
    assert old not in await past.ids("sync_runs")


async def test_events_are_kept_for_thirty_days_and_the_newest_for_good(past: Past) -> None:
    older, old = await past.event(40), await past.event(31)
    await all_forgotten(past.bench)
    assert await past.ids("events") == {old}, "it tells when anything last happened"
    young = await past.event(29)
    await all_forgotten(past.bench)
    assert await past.ids("events") == {young}
    assert older < old < young


async def test_it_rests_when_nothing_is_old(past: Past) -> None:
    keeper = SyncRetention(past.bench.container.begin)
    assert await keeper.forget_old() == 0
    old = await past.run(91, kind="push")
    assert await keeper.forget_old() == 0
    assert old in await past.ids("sync_runs")
