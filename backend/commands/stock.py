"""`stock levels`, `stock adjust`, `stock history`; `oversells list`, `oversells settle`."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from backend.commands.instance import in_instance, instance_options
from backend.commands.output import show, show_list
from backend.domain.stock.ledger import Adjustment
from backend.domain.sync.push_soon import STOCK
from backend.models.stock import Oversell, StockAdjustment
from backend.ports.actor import system_actor

ORGANIZATION = click.option("--organization", type=click.UUID, required=True, help="Whose stock it is.")


@click.group()
def stock() -> None:
    """See and adjust pieces."""


@stock.command("levels")
@ORGANIZATION
@click.option("--variant", "variants", type=int, multiple=True, help="This variant alone; may be repeated.")
@click.option("--above", default=0, help="Go on above the last variant of before.")
@click.option("--most", default=100, show_default=True, type=click.IntRange(1, 1_000), help="How many variants.")
@instance_options
def levels(
    organization: uuid.UUID, variants: tuple[int, ...], above: int, most: int, data_dir: Path | None, as_json: bool
) -> None:
    """Show what there is of variants, by place."""

    async def work(container: Any) -> dict[str, Any]:
        async with container.transaction() as services:
            found = await services.stock_ledger.levels(
                system_actor(organization), variant_ids=variants or None, above=above, limit=most
            )
        return {"levels": found}

    show_list(
        in_instance(data_dir, work),
        "levels",
        lambda row: [row["variant_id"], row["sku"] or "-", row["location"], row["on_hand"]],
        as_json=as_json,
    )


@stock.command("adjust")
@click.argument("variant", type=int)
@ORGANIZATION
@click.option("--by", type=int, help="So many more, or fewer with a minus.")
@click.option("--count", type=int, help="So many there are.")
@click.option("--reference", default="", help="What caused it; kept in the ledger.")
@instance_options
def adjust(
    variant: int,
    organization: uuid.UUID,
    by: int | None,
    count: int | None,
    reference: str,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Change a variant's pieces, in the catalog and soon after in all stores."""

    async def work(container: Any) -> dict[str, Any]:
        actor = system_actor(organization)
        wanted = Adjustment(
            variant_id=variant,
            delta=by,
            count=count,
            reason="correction" if count is None else "count",
            reference=reference,
        )
        async with container.transaction() as services:
            done = await services.stock_ledger.adjust(actor, [wanted])
            await services.push_requests.soon(actor, done.due_stores, kind=STOCK)
            now = await services.stock_ledger.levels(actor, variant_ids=[variant])
        return {"variant_id": variant, "changed": bool(done.changed), "levels": now}

    show_list(in_instance(data_dir, work), "levels", lambda row: [row["location"], row["on_hand"]], as_json=as_json)


@stock.command("history")
@click.argument("variant", type=int)
@ORGANIZATION
@click.option("--below", type=int, help="Go on below the last number of before.")
@click.option("--most", default=50, show_default=True, type=click.IntRange(1, 250), help="How many at the most.")
@instance_options
def history(
    variant: int, organization: uuid.UUID, below: int | None, most: int, data_dir: Path | None, as_json: bool
) -> None:
    """Show how a variant's pieces came to be, newest first."""

    async def work(container: Any) -> dict[str, Any]:
        async with container.transaction() as services:
            rows = await services.stock_ledger.history(system_actor(organization), variant, below=below, limit=most)
            return {"adjustments": [_adjustment(row) for row in rows]}

    show_list(
        in_instance(data_dir, work),
        "adjustments",
        lambda row: [row["created_at"], f"{row['delta']:+d}", row["balance"], row["reason"], row["reference"]],
        as_json=as_json,
    )


def _adjustment(row: StockAdjustment) -> dict[str, Any]:
    names = ("id", "variant_id", "delta", "balance", "reason", "reference", "store_id", "run_id", "created_at")
    return {name: getattr(row, name) for name in names}


@click.group()
def oversells() -> None:
    """See and settle what was sold and nobody had."""


@oversells.command("list")
@ORGANIZATION
@click.option("--above", default=0, help="Go on above the last number of before.")
@click.option("--most", default=50, show_default=True, type=click.IntRange(1, 250), help="How many at the most.")
@instance_options
def list_oversells(organization: uuid.UUID, above: int, most: int, data_dir: Path | None, as_json: bool) -> None:
    """Show open cases, oldest first."""

    async def work(container: Any) -> dict[str, Any]:
        async with container.transaction() as services:
            found = await services.oversells.open(system_actor(organization), above=above, limit=most)
            return {"oversells": [_oversell(row) for row in found]}

    show_list(in_instance(data_dir, work), "oversells", _line, as_json=as_json, empty="nothing is open")


def _line(row: Mapping[str, Any]) -> list[Any]:
    order = row["order_number"] or row["order_id"] or "unknown"
    return [row["id"], f"order {order}", f"variant {row['variant_id']}", f"{row['missing']} missing", row["created_at"]]


@oversells.command("settle")
@click.argument("oversell", type=int)
@ORGANIZATION
@click.option("--note", default="", help="What was done about it.")
@instance_options
def settle(oversell: int, organization: uuid.UUID, note: str, data_dir: Path | None, as_json: bool) -> None:
    """Close a case that a person has dealt with."""

    async def work(container: Any) -> dict[str, Any]:
        async with container.transaction() as services:
            return _oversell(await services.oversells.settle(system_actor(organization), oversell, note))

    show(in_instance(data_dir, work), as_json=as_json)


def _oversell(row: Oversell) -> dict[str, Any]:
    names = ("id", "store_id", "order_id", "order_number", "variant_id", "missing", "state", "note", "created_at")
    return {name: getattr(row, name) for name in names}
