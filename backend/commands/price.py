"""`price observe`, `price observations`: what was read on tracked pages."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from backend.commands.instance import in_instance, instance_options
from backend.commands.output import show, show_list
from backend.domain.catalog.fields import plain_amount
from backend.kit.clock import utc_now
from backend.kit.errors import invalid
from backend.kit.money import NotMoney, parse_amount
from backend.models.pricing import Observation
from backend.ports.actor import Actor, system_actor

ORGANIZATION = click.option("--organization", type=click.UUID, help="Whose page it is [found by the page].")


@click.group()
def price() -> None:
    """Record and show what was read on tracked pages."""


@price.command("observe")
@click.argument("url_id", type=int)
@ORGANIZATION
@click.option("--price", "amount", help="What the page asks, such as 12.50 [it shows no price].")
@click.option("--currency", help="Its currency, such as EUR [the one before].")
@click.option("--in-stock/--out-of-stock", "in_stock", default=None, help="Whether it is there to be sold [unknown].")
@click.option("--at", "at", help="When it was read, ISO 8601 with offset [now].")
@instance_options
def observe(
    url_id: int,
    organization: uuid.UUID | None,
    amount: str | None,
    currency: str | None,
    in_stock: bool | None,
    at: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Record what a page shows; the same instant again changes nothing."""
    told, moment = _amount(amount), _moment(at) if at else utc_now()

    async def work(container: Any) -> dict[str, Any]:
        async with container.transaction() as services:
            made = await services.observations.record(
                await _owner(services, organization, url_id),
                url_id,
                price=told,
                currency=currency,
                in_stock=in_stock,
                source="manual",
                observed_at=moment,
            )
            return _shown(made)

    show(in_instance(data_dir, work), as_json=as_json)


@price.command("observations")
@click.argument("url_id", type=int)
@ORGANIZATION
@click.option("--before", help="Go on before this time, ISO 8601 with offset.")
@click.option("--most", default=50, show_default=True, type=click.IntRange(1, 1_000), help="How many at the most.")
@instance_options
def observations(
    url_id: int, organization: uuid.UUID | None, before: str | None, most: int, data_dir: Path | None, as_json: bool
) -> None:
    """Show what was read on a page, newest first."""
    moment = _moment(before) if before else None

    async def work(container: Any) -> dict[str, Any]:
        async with container.transaction() as services:
            actor = await _owner(services, organization, url_id)
            found = await services.observations.history(actor, url_id, before=moment, limit=most)
            return {"observations": [_shown(row) for row in found]}

    show_list(
        in_instance(data_dir, work),
        "observations",
        lambda row: [row["observed_at"], row["price"], row["currency"], row["in_stock"], row["source"]],
        as_json=as_json,
        empty="nothing was read",
    )


async def _owner(services: Any, organization: uuid.UUID | None, url_id: int) -> Actor:
    return system_actor(organization or await services.observations.owner(url_id))


def _shown(row: Observation) -> dict[str, Any]:
    names = ("id", "url_id", "variant_id", "currency", "in_stock", "source", "observed_at")
    amount = None if row.price is None else plain_amount(row.price)
    return {**{name: getattr(row, name) for name in names}, "price": amount}


def _amount(text: str | None) -> Decimal | None:
    try:
        return parse_amount(text)
    except NotMoney:
        raise invalid("OBSERVATION_INVALID", "--price is a plain number such as 12.50") from None


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid("OBSERVATION_INVALID", "a time is written like 2030-01-31T12:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
