"""API keys and monitoring tokens: the list, new ones (shown once), changing over, revoking, what they are used for."""

import re
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.domain.access.api_keys import ApiKeyService, KeyWanted
from backend.domain.access.monitoring_tokens import MonitoringTokens
from backend.domain.accounts.service import AccountService
from backend.kit.errors import invalid
from backend.ports.actor import Actor
from embedded_ui.forms import Form, Problem, tried
from embedded_ui.panel.key_views import KeyView, ShownOnce, token_views
from embedded_ui.session import MANAGER
from embedded_ui.shell import Shell, go_to

KEYS_PATH = "/panel/settings/keys"
OVERLAPS = {"0": "at once", "3600": "after an hour", "86400": "after a day", "604800": "after a week"}
"""When the old key of a rotation ends."""


@get("/settings/keys")
async def show_keys(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    api_keys: NamedDependency[ApiKeyService],
    monitoring_tokens: NamedDependency[MonitoringTokens],
    accounts: NamedDependency[AccountService],
) -> Response[Any]:
    """Show all keys and tokens, and the form for a new key."""
    return await _page(shell, actor, api_keys, monitoring_tokens, accounts, Form({"permission": "read"}))


@post("/settings/keys", status_code=200, opt=MANAGER)
async def create_key(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    form: NamedDependency[Form],
    api_keys: NamedDependency[ApiKeyService],
    monitoring_tokens: NamedDependency[MonitoringTokens],
    accounts: NamedDependency[AccountService],
) -> Response[Any]:
    """Make a key and show its text this once, or say beside the form what is wrong."""

    async def create() -> ShownOnce:
        made = await api_keys.create(actor, _wanted(form))
        return ShownOnce(title="The new key", parts=[("Key", made.key)])

    made = await tried(create())
    if isinstance(made, Problem):
        return await _page(shell, actor, api_keys, monitoring_tokens, accounts, form, problem=made)
    return await _page(shell, actor, api_keys, monitoring_tokens, accounts, Form({"permission": "read"}), shown=made)


@get("/settings/keys/{key_id:uuid}")
async def show_key(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    api_keys: NamedDependency[ApiKeyService],
    key_id: FromPath[uuid.UUID],
) -> Response[Any]:
    """Show what a key is used for, and how to change over to a new one."""
    view, usage = KeyView.of(await api_keys.one(actor, key_id)), await api_keys.usage(actor, key_id)
    return shell.page("key", view=view, usage=usage, overlaps=OVERLAPS)


@post("/settings/keys/{key_id:uuid}/rotate", status_code=200, opt=MANAGER)
async def rotate_key(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    form: NamedDependency[Form],
    api_keys: NamedDependency[ApiKeyService],
    monitoring_tokens: NamedDependency[MonitoringTokens],
    accounts: NamedDependency[AccountService],
    key_id: FromPath[uuid.UUID],
) -> Response[Any]:
    """Put a new key in an old one's place and show its text this once."""
    overlap = form.text("overlap_s")
    if overlap not in OVERLAPS:
        raise invalid("KEY_OVERLAP", "Choose when the old key ends", field="overlap_s")
    made = await api_keys.rotate(actor, key_id, int(overlap))
    shown = ShownOnce(title=f"The new key; the old one ends {OVERLAPS[overlap]}", parts=[("Key", made.key)])
    return await _page(shell, actor, api_keys, monitoring_tokens, accounts, Form({"permission": "read"}), shown=shown)


@get("/settings/keys/{key_id:uuid}/revoke", opt=MANAGER)
async def show_key_revocation(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    api_keys: NamedDependency[ApiKeyService],
    key_id: FromPath[uuid.UUID],
) -> Response[Any]:
    """Ask whether a key is to be revoked."""
    view = KeyView.of(await api_keys.one(actor, key_id))
    return shell.page("key_revoke", name=view.key.name, text=view.text, action=f"{KEYS_PATH}/{key_id}/revoke")


@post("/settings/keys/{key_id:uuid}/revoke", status_code=303, opt=MANAGER)
async def revoke_key(
    actor: NamedDependency[Actor], api_keys: NamedDependency[ApiKeyService], key_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Revoke a key for good."""
    await api_keys.revoke(actor, key_id)
    return go_to(f"{KEYS_PATH}?done=key_revoked")


@post("/settings/tokens", status_code=200, opt=MANAGER)
async def create_token(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    api_keys: NamedDependency[ApiKeyService],
    monitoring_tokens: NamedDependency[MonitoringTokens],
    accounts: NamedDependency[AccountService],
) -> Response[Any]:
    """Make a monitoring token and show it this once."""
    made = await monitoring_tokens.create(actor)
    shown = ShownOnce(title="The new token", parts=[("apikey", made.apikey), ("apitoken", made.apitoken)])
    return await _page(shell, actor, api_keys, monitoring_tokens, accounts, Form({"permission": "read"}), shown=shown)


@get("/settings/tokens/{token_id:uuid}/revoke", opt=MANAGER)
async def show_token_revocation(
    shell: NamedDependency[Shell],
    actor: NamedDependency[Actor],
    monitoring_tokens: NamedDependency[MonitoringTokens],
    token_id: FromPath[uuid.UUID],
) -> Response[Any]:
    """Ask whether a token is to be revoked."""
    token = await monitoring_tokens.one(actor, token_id)
    action = f"/panel/settings/tokens/{token_id}/revoke"
    return shell.page("key_revoke", name="the monitoring token", text=f"…{token.last_four}", action=action)


@post("/settings/tokens/{token_id:uuid}/revoke", status_code=303, opt=MANAGER)
async def revoke_token(
    actor: NamedDependency[Actor],
    monitoring_tokens: NamedDependency[MonitoringTokens],
    token_id: FromPath[uuid.UUID],
) -> Response[Any]:
    """Revoke a monitoring token for good."""
    await monitoring_tokens.revoke(actor, token_id)
    return go_to(f"{KEYS_PATH}?done=token_revoked")


async def _page(
    shell: Shell,
    actor: Actor,
    api_keys: ApiKeyService,
    tokens: MonitoringTokens,
    accounts: AccountService,
    form: Form,
    *,
    problem: Problem | None = None,
    shown: ShownOnce | None = None,
) -> Response[Any]:
    return shell.page(
        "keys",
        status=400 if problem else 200,
        keys=[KeyView.of(key) for key in await api_keys.all(actor)],
        tokens=token_views(await tokens.all(actor)),
        limits=await accounts.limits(actor),
        form=form,
        problem=problem,
        shown=shown,
    )


def _wanted(form: Form) -> KeyWanted:
    limit = form.text("limit_per_hour")
    if limit and not (limit.isascii() and limit.isdigit() and len(limit) <= 10):
        raise invalid("KEY_LIMIT", "The hourly limit is a whole number", field="limit_per_hour")
    return KeyWanted(
        name=form.text("name"),
        permission=form.text("permission"),
        limit_per_hour=int(limit) if limit else None,
        expires_at=_end_of(form.text("expires_on")),
        allow_ips=tuple(re.split(r"[\s,;]+", form.text("allow_ips"))) if form.text("allow_ips") else (),
    )


def _end_of(text: str) -> datetime | None:
    """Return the end of a typed day."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
        return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise invalid("KEY_EXPIRY", "Write the day as 2030-01-31", field="expires_at") from None
