"""What a connect request may do, and what a store's refusal means for its merchant: pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import urlsplit

from backend.kit.errors import DomainError, ErrorKind, forbidden
from backend.ports.platform_errors import Cause, PlatformError, StoreUnavailable

MOST_PENDING = 20
"""Stores of one organization that may wait for confirmation at a time."""
HELD_STATES = ("active", "needs_reauth")
"""States in which an organization holds its store against all others."""
OPENED_AT = "opened_at"
"""A fact of a store: when its shop last opened us, by the ID token that it signed then (ISO, UTC)."""


def opened_since(facts: Mapping[str, str], moment: datetime) -> bool:
    """Tell whether the shop with these facts has opened us after *moment*: then our app was installed in it."""
    return facts.get(OPENED_AT, "") > moment.astimezone(UTC).isoformat()


class Outcome(StrEnum):
    """What working keys for a store address open."""

    PROVEN = "proven"
    """The account's organization, and with it the store."""
    WAITS = "waits"
    """Nothing until the account's owner follows a mailed link."""
    HELD = "held"
    """Nothing: another organization holds the store."""


def decide(*, account_is_new: bool, pair_is_known: bool, held_by_other: bool) -> Outcome:
    """Decide over a connect request whose keys work (decision G10).

    Args:     pair_is_known: this account has proven this store address before; see `access.rules.is_known_pair`.
    """
    if held_by_other:
        return Outcome.HELD
    return Outcome.PROVEN if account_is_new or pair_is_known else Outcome.WAITS


def effective_url(asked: str, answered: str) -> str:
    """Return the address under which a store that was asked for at one address is kept.

    A store may say that it lives at https or with or without "www."; anything else it says of itself is not believed.

    Args:     asked, answered: canonical.
    """
    ours, theirs = urlsplit(asked), urlsplit(answered)
    same_host = (ours.hostname or "").removeprefix("www.") == (theirs.hostname or "").removeprefix("www.")
    return answered if same_host and theirs.scheme == "https" else asked


def store_held() -> DomainError:
    """Build the refusal of a store that another organization holds, without saying whose it is."""
    return forbidden("STORE_HELD", "This store is connected to another account. Disconnect it there first")


_KINDS = {
    Cause.KEY_REVOKED: ErrorKind.UNAUTHENTICATED,
    Cause.WRONG_SECRET: ErrorKind.UNAUTHENTICATED,
    Cause.READ_ONLY_KEY: ErrorKind.FORBIDDEN,
    Cause.WRITE_ONLY_KEY: ErrorKind.FORBIDDEN,
    Cause.USER_DEMOTED: ErrorKind.FORBIDDEN,
}
_OWN_CODES = frozenset({Cause.NOT_JSON, Cause.THROTTLED})


def refusal(error: PlatformError, secrets: tuple[str, ...] = ()) -> DomainError:
    """Return what a merchant is told when their store refused or failed a connect.

    Args:     secrets: never shown, should the store have repeated them.
    """
    message = error.message
    for secret in secrets:
        message = message.replace(secret, "…") if secret else message
    if isinstance(error, StoreUnavailable):
        code = error.cause.upper() if error.cause in _OWN_CODES else "STORE_UNAVAILABLE"
        return DomainError(ErrorKind.UPSTREAM_FAILED, code, message)
    return DomainError(_KINDS.get(error.cause, ErrorKind.INVALID), error.cause.upper(), message)
