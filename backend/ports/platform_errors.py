"""How a store can fail us: one class per cause that a merchant would treat differently."""

from enum import StrEnum


class Cause(StrEnum):
    """Why a store could not be read or written; the value is the sync issue's code."""

    KEY_REVOKED = "key_revoked"
    WRONG_SECRET = "wrong_secret"
    READ_ONLY_KEY = "read_only_key"
    WRITE_ONLY_KEY = "write_only_key"
    USER_DEMOTED = "user_demoted"
    AUTH_STRIPPED = "auth_stripped"
    SCOPE_MISSING = "scope_missing"
    APP_UNINSTALLED = "app_uninstalled"
    SHOP_FROZEN = "shop_frozen"
    BULK_FAILED = "bulk_failed"
    PLAIN_PERMALINKS = "plain_permalinks"
    NEEDS_HTTPS = "needs_https"
    CLOCK_SKEW = "clock_skew"
    REST_BLOCKED = "rest_blocked"
    PLATFORM_MISSING = "platform_missing"
    WRONG_STORE = "wrong_store"
    MOVED = "moved"
    NOT_JSON = "not_json"
    THROTTLED = "throttled"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    UNSAFE_ADDRESS = "unsafe_address"
    TOO_LARGE = "too_large"
    REFUSED = "refused"


class PlatformError(Exception):
    """Base. `cause` names it, the message says what to do, `evidence` is at most 300 characters and no secret."""

    def __init__(self, cause: Cause, message: str, *, evidence: str = "", status: int | None = None) -> None:
        super().__init__(message)
        self.cause = cause
        self.message = message
        self.evidence = evidence[:300]
        self.status = status


class StoreRefused(PlatformError):
    """The store said no: wrong, revoked or read-only key, plain permalinks... Trying again will not help."""


class StoreUnavailable(PlatformError):
    """The store did not answer usefully: time-out, 5xx, HTML, half JSON. Worth another try later."""


class StoreThrottled(StoreUnavailable):
    """The store asks for patience; `retry_after_s` is what it said, or None."""

    def __init__(self, message: str, *, retry_after_s: float | None = None, status: int | None = None) -> None:
        super().__init__(Cause.THROTTLED, message, status=status)
        self.retry_after_s = retry_after_s


class StoreNotReady(StoreThrottled):
    """The store is still preparing what it was asked for: no trouble, and `retry_after_s` says when to look again."""


class UnsafeAddress(PlatformError):
    """The address, or one it redirects to, lies where callers may not send us."""

    def __init__(self, message: str) -> None:
        super().__init__(Cause.UNSAFE_ADDRESS, message)


class ResponseTooLarge(StoreRefused):
    """The answer is larger than the limit of *max_bytes*; the same request would bring it again."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(Cause.TOO_LARGE, f"The answer is larger than {max_bytes // 1_000_000 or 1} MB")
