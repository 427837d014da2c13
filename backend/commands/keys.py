"""`key create`, `key list`, `key rotate`, `key revoke`, `key usage`."""

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backend.commands.instance import in_instance, instance_options
from backend.commands.output import show, show_list
from backend.kit.clock import utc_now
from backend.kit.errors import invalid
from backend.ports.actor import system_actor

if TYPE_CHECKING:
    from backend.models.keys import ApiKey
    from backend.models.pricing import KeyUse


@click.group()
def key() -> None:
    """Make, rotate and revoke API keys, and see what they are used for."""


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


@key.command("list")
@click.option("--organization", type=click.UUID, required=True, help="Whose keys.")
@instance_options
def list_keys(organization: uuid.UUID, data_dir: Path | None, as_json: bool) -> None:
    """List API keys, newest first, dead ones too."""

    async def work(container: Any) -> dict[str, Any]:
        async with container.transaction() as services:
            return {"keys": [_shown(one) for one in await services.api_keys.all(system_actor(organization))]}

    def row(one: Any) -> list[Any]:
        return [one[field] for field in ("id", "name", "key", "permission", "state", "total_requests", "last_used_at")]

    show_list(in_instance(data_dir, work), "keys", row, as_json=as_json)


@key.command("rotate")
@click.argument("key_id", type=click.UUID)
@click.option("--overlap-s", type=int, default=0, show_default=True, help="How long the old key goes on working.")
@instance_options
def rotate(key_id: uuid.UUID, overlap_s: int, data_dir: Path | None, as_json: bool) -> None:
    """Put a new key in the place of an old one, which is dead at once or when the overlap ends."""

    async def work(container: Any) -> dict[str, str]:
        async with container.transaction() as services:
            actor = system_actor(await services.api_keys.owner(key_id))
            made = await services.api_keys.rotate(actor, key_id, overlap_s)
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


@key.command("usage")
@click.argument("key_id", type=click.UUID)
@instance_options
def usage(key_id: uuid.UUID, data_dir: Path | None, as_json: bool) -> None:
    """Show how often a key was used, and its newest requests."""

    async def work(container: Any) -> dict[str, Any]:
        async with container.transaction() as services:
            actor = system_actor(await services.api_keys.owner(key_id))
            found = await services.api_keys.usage(actor, key_id)
        return {
            "total_requests": found.total_requests,
            "error_rate": found.error_rate,
            "recent": [_use(use) for use in found.recent],
        }

    def row(one: Any) -> list[Any]:
        return [one[field] for field in ("at", "method", "endpoint", "status", "latency_ms", "address")]

    show_list(in_instance(data_dir, work), "recent", row, as_json=as_json, empty="no request yet")


def _shown(key: "ApiKey") -> dict[str, Any]:
    from backend.domain.access.api_keys import error_rate, state_of

    return {
        "id": key.id,
        "name": key.name,
        "key": f"{key.prefix}…{key.last_four}",
        "permission": key.permission,
        "state": state_of(key, utc_now()),
        "limit_per_hour": key.limit_per_hour,
        "allow_ips": key.allow_ips,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "dies_at": key.dies_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
        "total_requests": key.total_requests,
        "error_rate": error_rate(key),
    }


def _use(use: "KeyUse") -> dict[str, Any]:
    return {
        "at": use.used_at,
        "method": use.method,
        "endpoint": use.endpoint,
        "status": use.status,
        "latency_ms": use.latency_ms,
        "address": use.address,
    }


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid("KEY_EXPIRY", "--expires-at is an ISO 8601 time such as 2030-01-31T12:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
