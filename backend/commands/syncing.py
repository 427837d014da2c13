"""`sync run`, `sync history`, `sync run-anyway`, `sync schedule`."""

import asyncio
import uuid
from pathlib import Path
from typing import Any

import click

from backend.commands.instance import in_instance, instance_options
from backend.commands.output import show
from backend.kit.errors import conflict
from backend.models.sync import SyncRun
from backend.ports.actor import Actor

POLL_S = 0.2


def run_shown(run: SyncRun) -> dict[str, Any]:
    """Return what is printed of a run."""
    return {
        "sync_id": run.id,
        "store_id": run.store_id,
        "type": run.mode if run.kind == "pull" else run.kind,
        "status": run.state,
        "stats": run.stats,
        "error_code": run.error_code,
        "error": run.error_message,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
    }


@click.group()
def sync() -> None:
    """Bring a store's catalog in, and show runs."""


@sync.command("run")
@click.argument("store", type=click.UUID)
@click.option("--full", is_flag=True, help="Walk the whole catalog and find deletions, instead of recent changes.")
@click.option("--sweep", is_flag=True, help="Walk the ids alone and find deletions, instead of recent changes.")
@click.option("--wait", is_flag=True, help="Come back when the run has ended; non-zero exit when it did not succeed.")
@click.option("--timeout", "timeout_s", default=3600, show_default=True, help="How long to wait, seconds.")
@instance_options
def run(
    store: uuid.UUID, full: bool, sweep: bool, wait: bool, timeout_s: int, data_dir: Path | None, as_json: bool
) -> None:
    """Sync one store."""
    mode = "full" if full else "sweep" if sweep else "delta"  # a whole walk finds all that a sweep does

    async def work(container: Any) -> dict[str, Any]:
        actor = await container.operator_for_store(store)
        if not wait:
            async with container.transaction() as services:
                return run_shown(await services.sync.request_pull(actor, store, mode=mode))
        async with asyncio.timeout(timeout_s):
            return run_shown(await finished_run(container, actor, store, mode))

    shown = in_instance(data_dir, work)
    show(shown, as_json=as_json)
    if wait and shown["status"] != "completed":
        raise conflict("SYNC_NOT_COMPLETED", f"the sync is {shown['status']}: {shown['error'] or 'no reason given'}")


async def finished_run(container: Any, actor: Actor, store_id: uuid.UUID, mode: str) -> SyncRun:
    """Request a run of *mode* and wait until it has ended; a run that is under way already is waited out first."""
    while True:
        async with container.transaction() as services:
            requested = await services.sync.request_pull(actor, store_id, mode=mode)
        ended = await ended_run(container, actor, requested.id)
        # Any run becomes a full one when the store has never been walked; the other way round is not what was asked.
        if mode == "delta" or ended.mode in (mode, "full"):
            return ended


async def latest_run(container: Any, actor: Actor, store_id: uuid.UUID) -> SyncRun:
    """Wait for the end of a store's newest run, which connecting it has asked for."""
    async with container.transaction() as services:
        newest = (await services.sync.history(actor, store_id, 1))[0]
    return await ended_run(container, actor, newest.id)


async def ended_run(container: Any, actor: Actor, run_id: uuid.UUID) -> SyncRun:
    """Wait until a run has ended, and return it."""
    while True:
        async with container.transaction() as services:
            run: SyncRun = await services.sync.run(actor, run_id)
        if run.state not in ("queued", "running"):
            return run
        await asyncio.sleep(POLL_S)


@sync.command("history")
@click.argument("store", type=click.UUID)
@click.option("--most", default=10, show_default=True, help="How many runs, newest first.")
@instance_options
def history(store: uuid.UUID, most: int, data_dir: Path | None, as_json: bool) -> None:
    """Show a store's latest runs with their numbers and issues."""

    async def work(container: Any) -> list[dict[str, Any]]:
        actor = await container.operator_for_store(store)
        shown = []
        async with container.transaction() as services:
            for found in await services.sync.history(actor, store, most):
                issues = await services.sync.issues(actor, found.id)
                shown.append({**run_shown(found), "issues": [[issue.code, issue.message] for issue in issues]})
        return shown

    show(in_instance(data_dir, work), as_json=as_json)


@sync.command("run-anyway")
@click.argument("run", type=click.UUID)
@click.option("--reason", required=True, help="Why it is right; kept with the run and in the audit trail.")
@instance_options
def run_anyway(run: uuid.UUID, reason: str, data_dir: Path | None, as_json: bool) -> None:
    """Let a held run through: a store is read again, and that run does what guards held; writes are sent."""

    async def work(container: Any) -> dict[str, Any]:
        actor = await container.operator_for_run(run)
        async with container.transaction() as services:
            return run_shown(await services.held_runs.run_anyway(actor, run, reason))

    show(in_instance(data_dir, work), as_json=as_json)


@sync.command("schedule")
@click.argument("store", type=click.UUID)
@click.option("--delta", type=int, help="Read recent changes every so many seconds; 0 for never.")
@click.option("--sweep", type=int, help="Walk the ids every so many seconds; whole days run at night; 0 for never.")
@click.option("--full", type=int, help="Read everything every so many seconds; whole days run at night; 0 for never.")
@instance_options
def schedule(
    store: uuid.UUID, delta: int | None, sweep: int | None, full: int | None, data_dir: Path | None, as_json: bool
) -> None:
    """Show how often a store is read without anybody asking, or change it."""

    async def work(container: Any) -> list[dict[str, Any]]:
        actor = await container.operator_for_store(store)
        async with container.transaction() as services:
            for mode, every_s in (("delta", delta), ("sweep", sweep), ("full", full)):
                if every_s is not None:
                    await services.sync_schedules.change(actor, store, mode, every_s)
            rows = await services.sync_schedules.of_store(actor, store)
            return [{"mode": row.mode, "every_s": row.every_s, "next_at": row.next_at} for row in rows]

    show(in_instance(data_dir, work), as_json=as_json)
