"""`webhooks list`, `webhooks retry`."""

from pathlib import Path
from typing import Any

import click

from backend.commands.instance import in_instance, instance_options
from backend.commands.output import show
from backend.kit.errors import invalid

STATES = ("received", "done", "ignored", "failed")


@click.group()
def webhooks() -> None:
    """See what platforms sent, and have failed webhooks tried again."""


@webhooks.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@click.option("--platform", help="Only those of this platform.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000), help="How many at the most.")
@instance_options
def list_webhooks(state: str | None, platform: str | None, limit: int, data_dir: Path | None, as_json: bool) -> None:
    """Show the newest webhooks and what became of them."""

    async def work(container: Any) -> list[dict[str, Any]]:
        async with container.transaction() as services:
            found = await services.webhook_log.newest(state=state, platform=platform, most=limit)
        return [dict(row._mapping) for row in found]

    show(in_instance(data_dir, work), as_json=as_json)


@webhooks.command("retry")
@click.argument("ids", nargs=-1, type=int)
@click.option("--all-failed", is_flag=True, help="All that failed, instead of those named.")
@instance_options
def retry(ids: tuple[int, ...], all_failed: bool, data_dir: Path | None, as_json: bool) -> None:
    """Have failed webhooks worked off again; those that did not fail are left alone."""
    if bool(ids) == all_failed:
        raise click.UsageError("name the webhooks, or say --all-failed")

    async def work(container: Any) -> dict[str, Any]:
        async with container.transaction() as services:
            return {"retried": await services.webhook_log.retry(None if all_failed else ids)}

    shown = in_instance(data_dir, work)
    show(shown, as_json=as_json)
    if ids and not shown["retried"]:
        raise invalid("NOTHING_TO_RETRY", "none of these webhooks failed; `storeloom webhooks list --state failed`")
