"""Replies of the token endpoint, read so that no gap in one makes a token last for ever (pure)."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from backend.kit.discreet import Discreet
from backend.ports.platform_errors import Cause, StoreUnavailable

ASSUMED_S = 600
"""How long a renewed token counts as good when the reply does not say, seconds: then it is renewed again."""
_MOST_S = 366 * 86_400
_TOKEN = re.compile(r"[\x21-\x7e]{1,1024}")


class Reply(Discreet, msgspec.Struct, frozen=True, kw_only=True):
    """What was readable of a reply; seconds are whole and more than 0, or None."""

    access_token: str
    refresh_token: str = ""
    scope: str | None = None
    expires_in_s: int | None = None
    refresh_expires_in_s: int | None = None


def read_reply(content: bytes) -> Reply:
    """Read a reply.

    Raises:   StoreUnavailable NOT_JSON without a token in it: the same request may be made again.
    """
    try:
        fields = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        fields = None
    if not isinstance(fields, dict) or not _token(fields.get("access_token")):
        # What it says stays here: half a reply may hold a token.
        raise StoreUnavailable(Cause.NOT_JSON, "The shop answered a request for a token with something else")
    scope = fields.get("scope")
    return Reply(
        access_token=_token(fields["access_token"]),
        refresh_token=_token(fields.get("refresh_token")),
        scope=scope if isinstance(scope, str) else None,
        expires_in_s=_seconds(fields.get("expires_in")),
        refresh_expires_in_s=_seconds(fields.get("refresh_token_expires_in")),
    )


def is_expiring(reply: Reply) -> bool:
    """Tell whether this is the kind of token that we asked for: with an end, and with what renews it."""
    return bool(reply.refresh_token) and reply.expires_in_s is not None


def renewed_credentials(reply: Reply, before: Mapping[str, str], asked_at: datetime) -> Mapping[str, str]:
    """Return what is kept in place of *before*.

    A reply that says no end gets a near one. One without a new refresh token leaves the old one in place, which works
    until Shopify says otherwise.
    """
    refresh_end = _moment(asked_at, reply.refresh_expires_in_s)
    return {
        "access_token": reply.access_token,
        "refresh_token": reply.refresh_token or before.get("refresh_token", ""),
        "expires_at": _moment(asked_at, reply.expires_in_s or ASSUMED_S),
        "refresh_expires_at": refresh_end if reply.refresh_token else before.get("refresh_expires_at", ""),
        "scope": before.get("scope", "") if reply.scope is None else reply.scope,
    }


def _token(value: object) -> str:
    """Return a value that can stand in a header, "" for anything else."""
    return value if isinstance(value, str) and _TOKEN.fullmatch(value) else ""


def _seconds(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # A comparison with NaN is false, so NaN is None too.
    return int(min(value, _MOST_S)) if value >= 1 else None


def _moment(start: datetime, seconds: int | None) -> str:
    return "" if seconds is None else (start + timedelta(seconds=seconds)).isoformat()
