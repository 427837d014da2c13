"""`conflicts list`, `conflicts decide`."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from backend.commands.instance import in_instance, instance_options
from backend.commands.output import show, show_list
from backend.domain.sync.conflicts import SIDES
from backend.ports.actor import system_actor

ORGANIZATION = click.option("--organization", type=click.UUID, required=True, help="Whose stores they are.")


@click.group()
def conflicts() -> None:
    """Decide fields that the catalog and a store changed both."""


@conflicts.command("list")
@ORGANIZATION
@click.option("--store", type=click.UUID, help="Of this store alone.")
@click.option("--settled", is_flag=True, help="What was decided, instead of what is to be.")
@click.option("--below", type=int, help="Go on below the last number of before.")
@click.option("--most", default=50, show_default=True, type=click.IntRange(1, 250), help="How many at the most.")
@instance_options
def list_conflicts(
    organization: uuid.UUID,
    store: uuid.UUID | None,
    settled: bool,
    below: int | None,
    most: int,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Show both sides of each conflict, newest first."""

    async def work(container: Any) -> dict[str, Any]:
        async with container.transaction() as services:
            look = services.conflicts.settled if settled else services.conflicts.open
            return {"conflicts": await look(system_actor(organization), store, below=below, limit=most)}

    show_list(in_instance(data_dir, work), "conflicts", _line, as_json=as_json, empty="nothing is to be decided")


def _line(row: Mapping[str, Any]) -> list[Any]:
    sides = f"catalog: {row['hub']['value']}, store: {row['shown']['value']}"
    return [row["id"], row["store"], row["label"], row["field"], sides, row["chosen"]]


@conflicts.command("decide")
@click.argument("conflict", type=int)
@click.argument("side", type=click.Choice(SIDES))
@ORGANIZATION
@click.option("--for-good", is_flag=True, help="That side owns the field's group in this store from now on.")
@instance_options
def decide(
    conflict: int, side: str, organization: uuid.UUID, for_good: bool, data_dir: Path | None, as_json: bool
) -> None:
    """Say whose value is right: the catalog's (`hub`) or the store's."""

    async def work(container: Any) -> dict[str, Any]:
        async with container.transaction() as services:
            settled = await services.conflicts.decide(system_actor(organization), conflict, side, for_good=for_good)
        return {"conflict": conflict, "chosen": side, "settled": settled}

    show(in_instance(data_dir, work), as_json=as_json)
