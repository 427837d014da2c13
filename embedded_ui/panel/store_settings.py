"""Settings of a store: who owns which fields, when guards hold a run, whether pushes go out by themselves."""

import uuid
from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.domain.stores.service import StoreService
from backend.domain.stores.settings import GROUPS, StoreSettings
from backend.domain.sync.store_settings import StoreSettingsService
from backend.kit.errors import invalid
from backend.ports.actor import Actor
from embedded_ui.forms import Form, Problem, tried
from embedded_ui.session import MANAGER
from embedded_ui.shell import Shell, go_to

GROUP_WORDS = {
    "content": "Titles, descriptions, tags, brands, SKUs, barcodes, weights",
    "price": "Prices",
    "stock": "Stock",
    "images": "Pictures",
    "status": "For sale or not",
}
OWNER_WORDS = {
    "newest": "The newest change wins",
    "hub": "The catalog decides",
    "store": "The store decides",
}
SHARES = {
    "shrink_share": "A sync finds more than so much of the store gone",
    "unlist_share": "A push would take more than so much of the listings off sale",
    "zero_share": "A push would leave more than so much of the counted listings without pieces",
    "price_move": "A price counts as moved far when it moves by more than",
    "price_move_share": "A push would move more than so much of the prices that far",
}
"""Guards in per cent."""


@get("/stores/{store_id:uuid}/settings")
async def show_settings(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    stores: NamedDependency[StoreService],
    store_settings: NamedDependency[StoreSettingsService],
    store_id: FromPath[uuid.UUID],
) -> Response[Any]:
    """Show a store's settings."""
    typed = as_typed(await store_settings.read(actor, store_id))
    return await _page(shell, actor, stores, store_id, typed)


@post("/stores/{store_id:uuid}/settings", status_code=200, opt=MANAGER)
async def change_settings(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    stores: NamedDependency[StoreService],
    store_settings: NamedDependency[StoreSettingsService],
    form: NamedDependency[Form],
    store_id: FromPath[uuid.UUID],
) -> Response[Any]:
    """Change a store's settings, or say beside the form what is wrong."""
    changed = await tried(_change(actor, store_settings, form, store_id))
    if isinstance(changed, Problem):
        return await _page(shell, actor, stores, store_id, form.fields, changed)
    return go_to(f"/panel/stores/{store_id}?done=settings_changed")


async def _change(actor: Actor, store_settings: StoreSettingsService, form: Form, store_id: uuid.UUID) -> StoreSettings:
    return await store_settings.change(actor, store_id, as_wanted(form))


def as_typed(settings: StoreSettings) -> dict[str, str]:
    """Return settings as the form's fields hold them."""
    guards = msgspec.structs.asdict(settings.guards)
    return {
        **{f"owners.{group}": getattr(settings.owners, group) for group in GROUPS},
        **{f"guards.{name}": f"{guards[name] * 100:.10g}" for name in SHARES},
        "guards.free": str(settings.guards.free),
        "push": settings.push,
    }


def as_wanted(form: Form) -> dict[str, Any]:
    """Return the settings that a form asks for; raise invalid SETTINGS_INVALID for what is no number."""
    guards: dict[str, Any] = {name: _number(form, f"guards.{name}") / 100 for name in SHARES}
    return {
        "owners": {group: form.text(f"owners.{group}") for group in GROUPS},
        "guards": {**guards, "free": int(_number(form, "guards.free", most=1_000_000))},
        "push": form.text("push"),
    }


def _number(form: Form, name: str, most: int = 100) -> float:
    typed = form.text(name).replace(",", ".")
    plain = typed.replace(".", "", 1)
    if not (plain.isascii() and plain.isdigit() and len(typed) <= 12):
        raise invalid("SETTINGS_INVALID", f"{name}: this is not a number", field=name)
    if name != "guards.price_move" and float(typed) > most:
        raise invalid("SETTINGS_INVALID", f"{name}: from 0 to {most:,}", field=name)
    return float(typed)


async def _page(
    shell: Shell,
    actor: Actor,
    stores: StoreService,
    store_id: uuid.UUID,
    typed: Mapping[str, str],
    problem: Problem | None = None,
) -> Response[Any]:
    return shell.page(
        "store_settings",
        status=400 if problem else 200,
        store=await stores.store(actor, store_id),
        typed=typed,
        groups=GROUP_WORDS,
        owners=OWNER_WORDS,
        shares=SHARES,
        problem=problem,
    )
