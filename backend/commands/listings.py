"""`listings list`, `listings retry`, `listings add`, `listings remove`."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from backend.commands.instance import in_instance, instance_options
from backend.commands.output import show, show_list
from backend.domain.sync.listings import MOST, STATES


@click.group()
def listings() -> None:
    """See what stores did not take, and what is sold where."""


@listings.command("list")
@click.argument("store", type=click.UUID)
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@click.option("--after", default="", help="Go on behind the `next_after` of before.")
@click.option("--most", default=50, show_default=True, type=click.IntRange(1, MOST), help="How many at the most.")
@instance_options
def list_listings(
    store: uuid.UUID, state: str | None, after: str, most: int, data_dir: Path | None, as_json: bool
) -> None:
    """Show a store's listings with what is to be written, and what to do about errors."""

    async def work(container: Any) -> dict[str, Any]:
        actor = await container.operator_for_store(store)
        async with container.transaction() as services:
            page = await services.listings.page(actor, store, state=state, after=after, most=most)
            counts = await services.listings.counts(actor, store)
        return {"counts": counts, "listings": page.rows, "next_after": page.next_after}

    show_list(in_instance(data_dir, work), "listings", _line, as_json=as_json)


def _line(row: Mapping[str, Any]) -> list[Any]:
    name = " / ".join(part for part in (row["title"], row["variant_title"]) if part)
    wrong = (
        f"{row['error_code']}: {row['error_message']} {row['advice']}" if row["error_code"] else ", ".join(row["due"])
    )
    return [row["external_id"], row["state"], row["sku"] or "-", name[:60], wrong]


@listings.command("retry")
@click.argument("store", type=click.UUID)
@click.argument("external_id", required=False)
@instance_options
def retry(store: uuid.UUID, external_id: str | None, data_dir: Path | None, as_json: bool) -> None:
    """Write what a store did not take once more: one listing, or all of them."""

    async def work(container: Any) -> dict[str, int]:
        actor = await container.operator_for_store(store)
        async with container.transaction() as services:
            return {"retried": await services.listings.retry(actor, store, external_id)}

    show(in_instance(data_dir, work), as_json=as_json)


@listings.command("add")
@click.argument("store", type=click.UUID)
@click.argument("product", type=int)
@instance_options
def add(store: uuid.UUID, product: int, data_dir: Path | None, as_json: bool) -> None:
    """Have a product of the catalog put up for sale in a store, with its next push."""
    _ask(store, product, "listed", data_dir, as_json=as_json)


@listings.command("remove")
@click.argument("store", type=click.UUID)
@click.argument("product", type=int)
@instance_options
def remove(store: uuid.UUID, product: int, data_dir: Path | None, as_json: bool) -> None:
    """Have a product taken off sale in a store, with its next push."""
    _ask(store, product, "unlisted", data_dir, as_json=as_json)


def _ask(store: uuid.UUID, product: int, wanted: str, data_dir: Path | None, *, as_json: bool) -> None:
    async def work(container: Any) -> dict[str, Any]:
        actor = await container.operator_for_store(store)
        async with container.transaction() as services:
            await services.listings.ask(actor, store, product, wanted=wanted)
        return {"store_id": store, "product_id": product, "wanted": wanted}

    show(in_instance(data_dir, work), as_json=as_json)
