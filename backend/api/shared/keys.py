"""Surfaces for machines: who bears an API key or a monitoring token, how far it gets, how much it may ask."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from litestar.connection import ASGIConnection

from backend.api.shared.rate_headers import NoteAnswer
from backend.api.shared.tally import Tally, tally_in
from backend.domain.access.key_auth import ROLE_KEY, KeyIdentity, may
from backend.domain.access.key_usage import KeyUsage, Use
from backend.domain.access.monitoring_tokens import MonitoringIdentity
from backend.kit.errors import forbidden, unauthenticated
from backend.ports.actor import Actor
from backend.ports.rate_limiter import Window
from backend.settings import Web

READ: Mapping[str, Any] = {"permission": "read"}
"""`opt` of routes that every key may use."""
WRITE: Mapping[str, Any] = {"permission": "write"}
ADMIN: Mapping[str, Any] = {"permission": "admin"}
"""Also of routes that say nothing."""

Connection = ASGIConnection[Any, Any, Any, Any]


def by_key(entitlement: str) -> Callable[[Connection], Awaitable[Actor]]:
    """Return the `authenticate` of a surface for `Authorization: Bearer sk_live_…`.

    It raises unauthenticated; forbidden IP_NOT_ALLOWED; forbidden PLAN_UPGRADE_REQUIRED.

    Args:     entitlement: the plan's field that opens the surface, such as `external_api`.
    """

    async def authenticate(connection: Connection) -> Actor:
        scheme, _, text = header(connection, b"authorization").partition(" ")
        if scheme.lower() != "bearer":
            raise unauthenticated("Missing or invalid API key")
        found: KeyIdentity = await connection.app.state.key_authenticator.identify(text.strip())
        tally = tally_in(connection.scope)
        if tally is not None:
            tally.caller = found.actor
        found.check_address(tally.address if tally else None)
        _check_plan(found, entitlement)
        return found.actor

    return authenticate


def by_monitoring_token(entitlement: str) -> Callable[[Connection], Awaitable[Actor]]:
    """Return the `authenticate` of a surface for the headers `apikey` and `apitoken`.

    It raises unauthenticated; forbidden PLAN_UPGRADE_REQUIRED.
    """

    async def authenticate(connection: Connection) -> Actor:
        pair = header(connection, b"apikey"), header(connection, b"apitoken")
        found: MonitoringIdentity = await connection.app.state.monitoring_authenticator.identify(*pair)
        _check_plan(found, entitlement)
        return found.actor

    return authenticate


def permit(actor: Actor, opt: Mapping[str, Any]) -> None:
    """Refuse a key for a route that needs a higher permission; a route that says nothing needs the highest."""
    if not may(actor.permission, opt.get("permission", "admin")):
        raise forbidden("INSUFFICIENT_PERMISSIONS", "This key's permission does not allow this")


def hourly(name: str) -> Callable[[Web, Actor], tuple[Window, ...]]:
    """Return the `caller_windows` of a surface: each key or token has its own hours. *name* keeps surfaces apart."""

    def windows(_: Web, actor: Actor) -> tuple[Window, ...]:
        return (Window(key=f"{name}:{actor.key_id}", limit=actor.limit_per_hour or 0, period_s=3600),)

    return windows


def key_noter(usage: KeyUsage) -> NoteAnswer:
    """Return what notes each answer to a known API key, also the refusals."""

    def note(tally: Tally, scope: Any, status: int) -> None:
        caller = tally.caller
        if caller is None or caller.key_id is None or caller.role != ROLE_KEY:
            return
        usage.note(
            Use(
                key_id=caller.key_id,
                method=scope["method"],
                endpoint=scope["path"],
                status=status,
                latency_s=time.perf_counter() - tally.started_s,
                address="" if tally.address is None else str(tally.address),
                used_at_s=time.time(),
            )
        )

    return note


def header(connection: Connection, name: bytes) -> str:
    """Return a header's first line, or nothing; *name* in lower case."""
    # Straight from the scope: building the connection's headers costs more than finding the key.
    return next((value.decode("latin-1") for key, value in connection.scope["headers"] if key == name), "")


def _check_plan(found: KeyIdentity | MonitoringIdentity, entitlement: str) -> None:
    if not getattr(found.limits, entitlement):
        raise forbidden("PLAN_UPGRADE_REQUIRED", "The plan of this account does not include this API")
