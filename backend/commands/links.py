"""`links list`, `links confirm`, `links reject`, `links cut`."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from backend.commands.instance import in_instance, instance_options
from backend.commands.output import show, show_list
from backend.ports.actor import system_actor

ORGANIZATION = click.option("--organization", type=click.UUID, required=True, help="Whose stores they are.")


@click.group()
def links() -> None:
    """Decide which products of stores are the same article."""


@links.command("list")
@ORGANIZATION
@click.option("--below", type=int, help="Go on below the last number of before.")
@click.option("--most", default=50, show_default=True, type=click.IntRange(1, 250), help="How many at the most.")
@instance_options
def list_links(organization: uuid.UUID, below: int | None, most: int, data_dir: Path | None, as_json: bool) -> None:
    """Show products of stores that may be one the catalog has already, newest first."""

    async def work(container: Any) -> dict[str, Any]:
        async with container.transaction() as services:
            return {"suggestions": await services.link_review.open(system_actor(organization), below, most)}

    show_list(in_instance(data_dir, work), "suggestions", _line, as_json=as_json, empty="nothing is to be decided")


def _line(row: Mapping[str, Any]) -> list[Any]:
    own, other = row["product"], row["candidate"]
    return [row["id"], row["store"], f"{own['title']} ({own['sku']})", "may be", _named(other), row["reason"]]


def _named(side: Mapping[str, Any]) -> str:
    return f"{side['title']} ({side['sku']}), product {side['product_id']}"


@links.command("confirm")
@click.argument("suggestion", type=int)
@ORGANIZATION
@instance_options
def confirm(suggestion: int, organization: uuid.UUID, data_dir: Path | None, as_json: bool) -> None:
    """Say that the two are the same article."""

    async def work(container: Any) -> dict[str, Any]:
        async with container.transaction() as services:
            product_id = await services.link_review.confirm(system_actor(organization), suggestion)
        return {"suggestion": suggestion, "product_id": product_id}

    show(in_instance(data_dir, work), as_json=as_json)


@links.command("reject")
@click.argument("suggestion", type=int)
@ORGANIZATION
@instance_options
def reject(suggestion: int, organization: uuid.UUID, data_dir: Path | None, as_json: bool) -> None:
    """Say that the two are different articles; the pair is not suggested again."""

    async def work(container: Any) -> dict[str, Any]:
        async with container.transaction() as services:
            await services.link_review.reject(system_actor(organization), suggestion)
        return {"suggestion": suggestion}

    show(in_instance(data_dir, work), as_json=as_json)


@links.command("cut")
@click.argument("store", type=click.UUID)
@click.argument("external_id")
@click.option("--reason", default="", help="Why; kept with the history and in the audit trail.")
@instance_options
def cut(store: uuid.UUID, external_id: str, reason: str, data_dir: Path | None, as_json: bool) -> None:
    """Make a store's product one of its own again, when it was linked to a wrong one."""

    async def work(container: Any) -> dict[str, Any]:
        actor = await container.operator_for_store(store)
        async with container.transaction() as services:
            return {"product_id": await services.link_review.cut(actor, store, external_id, reason)}

    show(in_instance(data_dir, work), as_json=as_json)
