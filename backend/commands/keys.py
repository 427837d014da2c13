"""`key create`, `key rotate`, `key revoke`."""

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from backend.commands.instance import in_instance, instance_options
from backend.commands.output import show
from backend.kit.errors import invalid
from backend.ports.actor import system_actor


@click.group()
def key() -> None:
    """Make, rotate and revoke API keys."""


@key.command("create")
@click.option("--organization", type=click.UUID, required=True, help="Whose key it is.")
@click.option("--name", required=True, help="What it is for.")
@click.option("--permission", type=click.Choice(["read", "write", "admin"]), required=True, help="What it may do.")
@click.option("--limit-per-hour", type=int, help="Requests per hour [what the plan gives].")
@click.option("--expires-at", help="ISO 8601 time with offset after which it is dead [never].")
@click.option("--allow-ip", multiple=True, help="Address or CIDR block it may be used from; repeat it [everywhere].")
@instance_options
def create(
    organization: uuid.UUID,
    name: str,
    permission: str,
    limit_per_hour: int | None,
    expires_at: str | None,
    allow_ip: tuple[str, ...],
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Make an API key; its text is shown once."""
    from backend.domain.access.api_keys import KeyWanted

    wanted = KeyWanted(
        name=name,
        permission=permission,
        limit_per_hour=limit_per_hour,
        expires_at=_moment(expires_at),
        allow_ips=allow_ip,
    )

    async def work(container: Any) -> Any:
        async with container.transaction() as services:
            return await services.api_keys.create(system_actor(organization), wanted)

    show(in_instance(data_dir, work), as_json=as_json)


@key.command("rotate")
@click.argument("key_id", type=click.UUID)
@instance_options
def rotate(key_id: uuid.UUID, data_dir: Path | None, as_json: bool) -> None:
    """Put a new key in the place of an old one, which is dead at once."""

    async def work(container: Any) -> dict[str, str]:
        async with container.transaction() as services:
            actor = system_actor(await services.api_keys.owner(key_id))
            made = await services.api_keys.rotate(actor, key_id)
            return {"id": str(made.id), "key": made.key}

    show(in_instance(data_dir, work), as_json=as_json)


@key.command("revoke")
@click.argument("key_id", type=click.UUID)
@instance_options
def revoke(key_id: uuid.UUID, data_dir: Path | None, as_json: bool) -> None:
    """Revoke a key for good."""

    async def work(container: Any) -> dict[str, str]:
        async with container.transaction() as services:
            actor = system_actor(await services.api_keys.owner(key_id))
            return {"id": str((await services.api_keys.revoke(actor, key_id)).id)}

    show(in_instance(data_dir, work), as_json=as_json)


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid("KEY_EXPIRY", "--expires-at is an ISO 8601 time such as 2030-01-31T12:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
