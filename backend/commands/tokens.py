"""`token create`, `token list`, `token revoke`."""

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backend.commands.instance import in_instance, instance_options
from backend.commands.output import show, show_list
from backend.ports.actor import system_actor

if TYPE_CHECKING:
    from backend.models.pricing import MonitoringToken


@click.group()
def token() -> None:
    """Make and revoke tokens of the price monitoring API."""


@token.command("create")
@click.option("--organization", type=click.UUID, required=True, help="Whose token it is.")
@instance_options
def create(organization: uuid.UUID, data_dir: Path | None, as_json: bool) -> None:
    """Make a token for the owner's login e-mail; its text is shown once."""

    async def work(container: Any) -> dict[str, str]:
        async with container.transaction() as services:
            made = await services.monitoring_tokens.create(system_actor(organization))
            return {"id": str(made.id), "apikey": made.apikey, "apitoken": made.apitoken}

    show(in_instance(data_dir, work), as_json=as_json)


@token.command("list")
@click.option("--organization", type=click.UUID, required=True, help="Whose tokens.")
@instance_options
def list_tokens(organization: uuid.UUID, data_dir: Path | None, as_json: bool) -> None:
    """List tokens, newest first, revoked ones too."""

    async def work(container: Any) -> dict[str, Any]:
        async with container.transaction() as services:
            rows = await services.monitoring_tokens.all(system_actor(organization))
        return {"tokens": [_shown(row) for row in rows]}

    def row(one: Any) -> list[Any]:
        return [one[field] for field in ("id", "apikey", "apitoken", "created_at", "revoked_at")]

    show_list(in_instance(data_dir, work), "tokens", row, as_json=as_json)


def _shown(row: "MonitoringToken") -> dict[str, Any]:
    return {
        "id": row.id,
        "apikey": row.email,
        "apitoken": f"…{row.last_four}",
        "created_at": row.created_at,
        "revoked_at": row.revoked_at,
    }


@token.command("revoke")
@click.argument("token_id", type=click.UUID)
@instance_options
def revoke(token_id: uuid.UUID, data_dir: Path | None, as_json: bool) -> None:
    """Revoke a token for good."""

    async def work(container: Any) -> dict[str, str]:
        async with container.transaction() as services:
            actor = system_actor(await services.monitoring_tokens.owner(token_id))
            return {"id": str((await services.monitoring_tokens.revoke(actor, token_id)).id)}

    show(in_instance(data_dir, work), as_json=as_json)
