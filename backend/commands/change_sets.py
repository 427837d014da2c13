"""`sync preview`, `sync changes`, `sync apply`, `sync discard`, `sync undo`: looking at what a run writes, deciding.

The group they belong to comes from `backend.commands.syncing`, with the commands that are there.
"""

import asyncio
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from backend.commands.instance import in_instance, instance_options
from backend.commands.output import show, show_list
from backend.commands.syncing import ended_run, run_shown, sync
from backend.domain.sync.previews import ChangePage
from backend.kit.errors import conflict
from backend.models.sync import SyncChange

TIMEOUT_S = 3600
MOST = click.option(
    "--most", default=100, show_default=True, type=click.IntRange(1, 10_000), help="How many changes are printed."
)
WAIT = click.option(
    "--wait", is_flag=True, help="Come back when the run has ended; non-zero exit when it did not succeed."
)


def change_set_shown(page: ChangePage, left_before: int = 0) -> dict[str, Any]:
    """Return what is printed of a change set.

    Args:     left_before: changes of pages before this one.
    """
    run = page.run
    held = {"code": run.error_code, "message": run.error_message}
    return {
        "sync_id": run.id,
        "store_id": run.store_id,
        "type": run.kind,
        "status": run.state,
        "counts": page.counts,
        "held": held if run.error_code and run.state in ("planned", "held") else None,
        "changes": [change_shown(change) for change in page.changes],
        "more": max(0, page.counts["planned"] - left_before - len(page.changes)),
        "next_after": page.next_after,
    }


def change_shown(change: SyncChange) -> dict[str, Any]:
    """Return what is printed of one change."""
    return {
        "action": change.action,
        "entity": change.entity,
        "product_id": change.product_id,
        "variant_id": change.variant_id,
        "external_id": change.external_id,
        "label": change.label,
        "fields": {name: {"old": old, "new": new} for name, (old, new) in change.fields.items()},
        "state": change.state,
        "code": change.code,
        "message": change.message,
    }


def print_change_set(shown: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a change set: as one JSON document, or a head, one line for each change, and one for each thing left."""
    if as_json:
        show(shown, as_json=True)
        return
    head = {name: value for name, value in shown.items() if name != "left"}
    show_list(head, "changes", _line, as_json=False, empty="nothing is to be written")
    for one in shown.get("left", ()):
        click.echo(f"stays: {' '.join(part for part in (one.label, one.field) if part)}: {one.reason}")


def _line(change: Mapping[str, Any]) -> list[str]:
    fields = [f"{name} {_value(one['old'])} → {_value(one['new'])}" for name, one in change["fields"].items()]
    outcome = f" ({change['message'] or change['code']})" if change["code"] else ""
    return [change["state"], change["action"], change["entity"], change["label"], ", ".join(fields) + outcome]


def _value(value: Any) -> str:
    text = "-" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


@sync.command("preview")
@click.argument("store", type=click.UUID)
@MOST
@instance_options
def preview(store: uuid.UUID, most: int, data_dir: Path | None, as_json: bool) -> None:
    """Plan what a push of a store would write now; nothing is written before `sync apply`."""

    async def work(container: Any) -> dict[str, Any]:
        actor = await container.operator_for_store(store)
        async with container.transaction() as services:
            run = await services.previews.preview(actor, store)
            return change_set_shown(await services.previews.changes(actor, run.id, most=most))

    print_change_set(in_instance(data_dir, work), as_json=as_json)


@sync.command("changes")
@click.argument("run", type=click.UUID)
@click.option("--state", type=click.Choice(["planned", "sending", "applied", "skipped", "failed"]), help="Only those.")
@click.option("--after", default=0, type=click.IntRange(0, 2**63 - 1), help="Go on behind the `next_after` of before.")
@MOST
@instance_options
def changes(run: uuid.UUID, state: str | None, after: int, most: int, data_dir: Path | None, as_json: bool) -> None:
    """Show what a run writes or wrote, and what became of each change."""

    async def work(container: Any) -> dict[str, Any]:
        actor = await container.operator_for_run(run)
        async with container.transaction() as services:
            return change_set_shown(await services.previews.changes(actor, run, after=after, most=most, state=state))

    print_change_set(in_instance(data_dir, work), as_json=as_json)


@sync.command("apply")
@click.argument("run", type=click.UUID)
@click.option("--reason", default="", help="Why it is right, when guards hold it; kept with the run.")
@WAIT
@instance_options
def apply(run: uuid.UUID, reason: str, wait: bool, data_dir: Path | None, as_json: bool) -> None:
    """Carry a previewed or held change set out."""

    async def work(container: Any) -> dict[str, Any]:
        actor = await container.operator_for_run(run)
        async with container.transaction() as services:
            applied = await services.previews.apply(actor, run, reason=reason)
        return run_shown(await _waited(container, actor, run) if wait else applied)

    shown = in_instance(data_dir, work)
    show(shown, as_json=as_json)
    _check(shown, wait=wait)


@sync.command("discard")
@click.argument("run", type=click.UUID)
@instance_options
def discard(run: uuid.UUID, data_dir: Path | None, as_json: bool) -> None:
    """Leave a previewed or held change set; of a held one nothing is due any more until the catalog changes again."""

    async def work(container: Any) -> dict[str, Any]:
        actor = await container.operator_for_run(run)
        async with container.transaction() as services:
            await services.previews.discard(actor, run)
            return run_shown(await services.sync.run(actor, run))

    show(in_instance(data_dir, work), as_json=as_json)


@sync.command("undo")
@click.argument("run", type=click.UUID)
@click.option("--dry-run", is_flag=True, help="Plan it and print it; `sync apply` carries it out.")
@MOST
@WAIT
@instance_options
def undo(run: uuid.UUID, dry_run: bool, most: int, wait: bool, data_dir: Path | None, as_json: bool) -> None:
    """Take a run back, and say what stays because it changed since."""

    async def work(container: Any) -> dict[str, Any]:
        actor = await container.operator_for_run(run)
        async with container.transaction() as services:
            plan = await services.undo.plan(actor, run)
            if not dry_run:
                await services.previews.apply(actor, plan.run.id)
        if wait and not dry_run:
            await _waited(container, actor, plan.run.id)
        async with container.transaction() as services:
            page = await services.previews.changes(actor, plan.run.id, most=most)
        return {**change_set_shown(page), "undoes": run, "left": plan.left}

    shown = in_instance(data_dir, work)
    print_change_set(shown, as_json=as_json)
    _check(shown, wait=wait and not dry_run)


async def _waited(container: Any, actor: Any, run_id: uuid.UUID) -> Any:
    async with asyncio.timeout(TIMEOUT_S):
        return await ended_run(container, actor, run_id)


def _check(shown: Mapping[str, Any], *, wait: bool) -> None:
    if wait and shown["status"] != "completed":
        raise conflict("SYNC_NOT_COMPLETED", f"the run is {shown['status']}: {shown.get('error') or 'see its issues'}")
