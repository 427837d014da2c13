"""`history`, `restore product`, `restore store`."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from backend.commands.change_sets import MOST, change_set_shown, print_change_set
from backend.commands.instance import in_instance, instance_options
from backend.commands.output import show_list
from backend.ports.actor import system_actor

ORGANIZATION = click.option("--organization", type=click.UUID, required=True, help="Whose catalog it is.")
TIMES = ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]
AT = click.option("--at", required=True, type=click.DateTime(TIMES), help="A time that has been; UTC unless it says.")


@click.command()
@click.argument("product", type=int)
@ORGANIZATION
@click.option("--below", help="Go on behind the `next_below` of before.")
@click.option("--most", default=50, show_default=True, type=click.IntRange(1, 250), help="How many at the most.")
@instance_options
def history(
    product: int, organization: uuid.UUID, below: str | None, most: int, data_dir: Path | None, as_json: bool
) -> None:
    """Show what changed in a product and its variants, when, and by whom; newest first."""

    async def work(container: Any) -> dict[str, Any]:
        async with container.transaction() as services:
            page = await services.time_travel.of_product(system_actor(organization), product, below=below, limit=most)
        return {"entries": page.entries, "next_below": page.next_below}

    show_list(in_instance(data_dir, work), "entries", _line, as_json=as_json)


def _line(row: Mapping[str, Any]) -> list[Any]:
    fields = ", ".join(f"{name} {old} → {new}" for name, (old, new) in row["changes"].items())
    return [row["at"], row["origin"], row["store"] or row["actor"] or "-", row["label"], fields]


@click.group()
def restore() -> None:
    """Plan to bring the catalog back to what it was; `sync apply` carries the plan out."""


@restore.command("product")
@click.argument("product", type=int)
@ORGANIZATION
@AT
@click.option("--field", help="This field alone, such as title; of a variant with --variant.")
@click.option("--variant", type=int, help="The variant whose field it is.")
@MOST
@instance_options
def restore_product(
    product: int,
    organization: uuid.UUID,
    at: datetime,
    field: str | None,
    variant: int | None,
    most: int,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Restore a product with all its variants, or one field."""
    if variant is not None and field is None:
        raise click.UsageError("--variant goes with --field")

    async def plan(services: Any) -> Any:
        actor = system_actor(organization)
        if field is None:
            return await services.restore.product(actor, product, _utc(at))
        return await services.restore.field(actor, product, field, _utc(at), variant_id=variant)

    async def work(container: Any) -> dict[str, Any]:
        return await _planned(container, organization, plan, most)

    print_change_set(in_instance(data_dir, work), as_json=as_json)


@restore.command("store")
@click.argument("store", type=click.UUID)
@AT
@MOST
@instance_options
def restore_store(store: uuid.UUID, at: datetime, most: int, data_dir: Path | None, as_json: bool) -> None:
    """Restore all products of a store."""

    async def work(container: Any) -> dict[str, Any]:
        actor = await container.operator_for_store(store)

        async def plan(services: Any) -> Any:
            return await services.restore.store(actor, store, _utc(at))

        return await _planned(container, actor.tenant, plan, most)

    print_change_set(in_instance(data_dir, work), as_json=as_json)


async def _planned(
    container: Any, organization: uuid.UUID, plan: Callable[[Any], Awaitable[Any]], most: int
) -> dict[str, Any]:
    async with container.transaction() as services:
        made = await plan(services)
        page = await services.previews.changes(system_actor(organization), made.run.id, most=most)
    return {**change_set_shown(page), "left": made.left}


def _utc(at: datetime) -> datetime:
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
