"""`secrets rotate`, `secrets rotate-signing-key`."""

from pathlib import Path
from typing import Any

import click

from backend.commands.instance import in_instance, instance_options
from backend.commands.output import show


@click.group()
def secrets() -> None:
    """Rotate the keys that seal and sign."""


@secrets.command("rotate")
@instance_options
def rotate(data_dir: Path | None, as_json: bool) -> None:
    """Seal all stored secrets anew under the newest key of STORELOOM_SECRET_KEYS.

    Put the new key first in the list and restart, run this, then take the old key out.
    """

    async def work(container: Any) -> dict[str, int]:
        return {"resealed": await container.secret_rotation.rotate()}

    show(in_instance(data_dir, work), as_json=as_json)


@secrets.command("rotate-signing-key")
@click.option("--forget-old", is_flag=True, help="Tokens signed so far stop working at once.")
@instance_options
def rotate_signing_key(forget_old: bool, data_dir: Path | None, as_json: bool) -> None:
    """Sign tokens with a new key; those signed before stay good until they expire."""

    async def work(container: Any) -> dict[str, str]:
        async with container.transaction() as services:
            return {"key_id": str(await container.keys.rotate(services.session, forget_old=forget_old))}

    show(in_instance(data_dir, work), as_json=as_json)
