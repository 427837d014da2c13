"""What a refusal of Shopify means: status, body and error codes to one named cause (pure)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from backend.ports.platform_errors import Cause, PlatformError, StoreRefused, StoreThrottled, StoreUnavailable
from plugin_bridge.http import evidence, retry_after_s
from plugin_bridge.shopify.answers import GraphQLError, UserError

ADVICE = {
    Cause.KEY_REVOKED: "Shopify refuses this app's token. Open the app in the shop's admin, or connect the shop again",
    Cause.SCOPE_MISSING: "The shop has not granted all that the app needs. Open the app in its admin and accept",
    Cause.SHOP_FROZEN: "Shopify has locked this shop. Its owner must settle that with Shopify first",
    Cause.PLATFORM_MISSING: "Shopify knows no such shop. Check its name",
    Cause.REFUSED: "Shopify refused the request",
}
_THROTTLED = "Shopify asks us to slow down"
_SCOPE_WORDS = ("scope", "merchant approval", "access denied", "protected customer data")
_TOKEN_WORDS = ("access token", "api key")
_LATE = (408, 504, 522, 524)


class TooCostly(StoreRefused):
    """The request costs more points than one may: only a smaller one has a chance."""

    def __init__(self, message: str) -> None:
        super().__init__(Cause.TOO_LARGE, message)


class UserErrors(StoreRefused):
    """A mutation was understood and not carried out; `errors` says why."""

    def __init__(self, errors: Sequence[UserError]) -> None:
        said = "; ".join(error.message for error in errors)[:300]
        super().__init__(Cause.REFUSED, f"Shopify did not do it: {said}")
        self.errors = tuple(errors)

    @property
    def codes(self) -> frozenset[str]:
        """The codes of all errors."""
        return frozenset(error.code for error in self.errors if error.code)


def no_user_errors(errors: Sequence[UserError]) -> None:
    """Raise UserErrors unless there are none: a mutation that answers 200 may have done nothing."""
    if errors:
        raise UserErrors(errors)


def failure(
    status: int, headers: Mapping[str, str], content: bytes, now: datetime, secrets: tuple[str, ...] = ()
) -> PlatformError:
    """Name the cause of an answer that is no success.

    Args:     headers: case-insensitive.
    """
    shown = evidence(content, secrets)
    if status in (429, 430):
        after = retry_after_s(headers.get("retry-after"), now)
        return StoreThrottled(_THROTTLED, retry_after_s=after, status=status)
    if status >= 500 or status == 408:
        cause = Cause.TIMEOUT if status in _LATE else Cause.SERVER_ERROR
        return StoreUnavailable(cause, f"Shopify failed with status {status}", status=status, evidence=shown)
    if 300 <= status < 400:
        return StoreRefused(Cause.MOVED, "The shop redirects elsewhere", status=status, evidence=shown)
    if status == 413:
        return StoreRefused(Cause.TOO_LARGE, "Shopify finds the request too large", status=status, evidence=shown)
    return refused(_refusal(status, shown.lower()), status=status, shown=shown)


def refused(cause: Cause, *, status: int | None = None, shown: str = "") -> StoreRefused:
    """Build the refusal with the sentence that says what to do."""
    said = ADVICE[cause] if cause is not Cause.REFUSED or status is None else f"{ADVICE[cause]} with status {status}"
    return StoreRefused(cause, said, status=status, evidence=shown)


def _refusal(status: int, said: str) -> Cause:
    if status == 401:
        return Cause.KEY_REVOKED
    if status in (402, 423):
        return Cause.SHOP_FROZEN
    if status == 404:
        return Cause.PLATFORM_MISSING
    if status == 403:
        # A token of a kind that Shopify does not take any more, for example one that never expires.
        if any(words in said for words in _TOKEN_WORDS):
            return Cause.KEY_REVOKED
        if any(words in said for words in _SCOPE_WORDS):
            return Cause.SCOPE_MISSING
    return Cause.REFUSED


def graphql_failure(errors: Sequence[GraphQLError], secrets: tuple[str, ...] = ()) -> PlatformError:
    """Name the cause of `errors` in an answer with status 200: the gravest one."""
    codes = {error.extensions.code for error in errors}
    said = evidence("; ".join(error.message for error in errors).encode(), secrets)
    if "THROTTLED" in codes:
        return StoreThrottled(_THROTTLED, status=200)
    if "MAX_COST_EXCEEDED" in codes:
        return TooCostly("One request may not cost as much as this one")
    if "ACCESS_DENIED" in codes:
        return refused(Cause.SCOPE_MISSING, status=200, shown=said)
    if "SHOP_INACTIVE" in codes:
        return refused(Cause.SHOP_FROZEN, status=200, shown=said)
    if "INTERNAL_SERVER_ERROR" in codes:
        return StoreUnavailable(Cause.SERVER_ERROR, "Shopify failed inside", status=200, evidence=said)
    if "TIMEOUT" in codes:
        return StoreUnavailable(Cause.TIMEOUT, "Shopify did not finish in time", status=200, evidence=said)
    return StoreRefused(Cause.REFUSED, ADVICE[Cause.REFUSED], status=200, evidence=said)
