"""The cookie that binds a consent to the browser that began it: only there may it be finished."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie

from backend.domain.stores.consents import STATE_LIFE
from backend.domain.stores.shopify_oauth import CALLBACK_PATH, ConsentBegun
from backend.kit.crypto import token_hash
from backend.settings import Web

Connection = ASGIConnection[Any, Any, Any, Any]


def consent_cookie(connection: Connection, web: Web, begun: ConsentBegun) -> Cookie:
    """Return the cookie for whoever begins; it is sent back to the callback and to nothing else."""
    return _cookie(connection, web, _name(begun.state), begun.browser, int(STATE_LIFE.total_seconds()))


def ended_cookie(connection: Connection, web: Web, state: str) -> Cookie:
    """Return what takes the cookie of a state out of the browser."""
    return _cookie(connection, web, _name(state), "", 0)


def browser_of(connection: Connection, state: str) -> str:
    """Return what the browser kept for a state, "" when it kept nothing."""
    return connection.cookies.get(_name(state), "")


def _name(state: str) -> str:
    # One cookie per state: a merchant may connect two shops in two tabs.
    return f"storeloom_consent_{token_hash(state).hex()[:16]}"


def _cookie(connection: Connection, web: Web, name: str, value: str, max_age_s: int) -> Cookie:
    secure = connection.scope["scheme"] == "https" or web.public_url.startswith("https://")
    return Cookie(
        key=name, value=value, max_age=max_age_s, path=CALLBACK_PATH, httponly=True, samesite="lax", secure=secure
    )
