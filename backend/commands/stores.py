"""`store settings`."""

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from backend.commands.instance import in_instance, instance_options
from backend.commands.output import show
from backend.domain.stores.settings import StoreSettings, stored


@click.group()
def store() -> None:
    """Show and change settings of stores."""


@store.command("settings")
@click.argument("store_id", metavar="STORE", type=click.UUID)
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="NAME=VALUE",
    help="Such as owners.price=hub, guards.zero_share=0.5 or push=manual; nothing behind the = sets the default.",
)
@instance_options
def settings(store_id: uuid.UUID, changes: tuple[str, ...], data_dir: Path | None, as_json: bool) -> None:
    """Show who owns which fields in a store, when guards hold a run, and whether pushes go out by themselves."""

    async def work(container: Any) -> dict[str, Any]:
        actor = await container.operator_for_store(store_id)
        async with container.transaction() as services:
            found = await services.store_settings.read(actor, store_id)
            if changes:
                found = await services.store_settings.change(actor, store_id, changed(found, changes))
            return all_settings(found)

    shown = in_instance(data_dir, work)
    show(shown if as_json else dict(dotted(shown)), as_json=as_json)


def all_settings(settings: StoreSettings) -> dict[str, Any]:
    """Return settings with their defaults written out."""
    return {
        "owners": msgspec.structs.asdict(settings.owners),
        "guards": msgspec.structs.asdict(settings.guards),
        "push": settings.push,
    }


def changed(settings: StoreSettings, changes: Sequence[str]) -> dict[str, Any]:
    """Return what is to be stored once changes such as `owners.price=hub` are made; what is wrong is found later."""
    wanted = stored(settings)
    for one in changes:
        name, _, value = one.partition("=")
        *groups, last = name.split(".")
        place = wanted
        for group in groups:
            inner = place.setdefault(group, {})
            if not isinstance(inner, dict):
                raise click.UsageError(f"{name}: there is no such setting")
            place = inner
        if value:
            place[last] = _read(value)
        else:
            place.pop(last, None)
    return wanted


def _read(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def dotted(settings: dict[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """Return settings as (dotted name, value)."""
    found: list[tuple[str, Any]] = []
    for name, value in settings.items():
        found += dotted(value, f"{before}{name}.") if isinstance(value, dict) else [(before + name, value)]
    return found
