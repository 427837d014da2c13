"""What a refusal of WooCommerce means: status, error code and clock to one named cause (pure)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import msgspec

from backend.ports.platform_errors import Cause, PlatformError, StoreRefused, StoreThrottled, StoreUnavailable
from plugin_bridge.http import evidence, json_text, retry_after_s

MAX_SKEW_S = 900
"""WooCommerce refuses OAuth timestamps that are further off."""

ADVICE = {
    Cause.WRONG_SECRET: "The consumer secret does not belong to this consumer key. Copy both again from the store",
    Cause.KEY_REVOKED: "The store does not know this consumer key. It was revoked or belongs to another store",
    Cause.READ_ONLY_KEY: "The key may only read. Give it Read/Write permission in WooCommerce > Settings > Advanced",
    Cause.WRITE_ONLY_KEY: "The key may only write. Give it Read/Write permission in WooCommerce > Settings > Advanced",
    Cause.USER_DEMOTED: "The user of this key may no longer manage the store. Use a key of an administrator",
    Cause.CLOCK_SKEW: "The clock of the store or of this server is more than 15 minutes off",
    Cause.REST_BLOCKED: "A firewall or security plugin blocks the store's REST API. Allow /wp-json/ for this server",
    Cause.PLATFORM_MISSING: "There is no WooCommerce 3.5 or newer at this address",
    Cause.PLAIN_PERMALINKS: "The store uses plain permalinks. Choose another kind in WordPress > Settings > Permalinks",
    Cause.NEEDS_HTTPS: "The store takes keys over https only, and does not answer there. Repair its certificate first",
    Cause.AUTH_STRIPPED: "The store's server removes the Authorization header and refuses keys in the address too",
}


class WooError(msgspec.Struct):
    """The body of a refusal; empty when there was none."""

    code: str = ""
    message: str = ""


def error_body(content: bytes, content_type: str) -> WooError | None:
    """Read the error object; None when the answer is no JSON object (a page of a firewall, a proxy, PHP)."""
    body = json_text(content, content_type)
    try:
        return msgspec.json.decode(body, type=WooError) if body else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def refused(cause: Cause, *, status: int | None = None, evidence: str = "") -> StoreRefused:
    """Build the refusal with the sentence that says what to do."""
    return StoreRefused(cause, ADVICE[cause], status=status, evidence=evidence)


def failure(
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    now: datetime,
    *,
    writing: bool = False,
    timed: bool = False,
    secrets: tuple[str, ...] = (),
) -> PlatformError:
    """Name the cause of an answer that is no success and no redirect.

    Args:     headers: case-insensitive. writing: the request was a write, after reading worked.
              timed: it was signed with a timestamp.
    """
    shown = evidence(content, secrets)
    if status == 429:
        after = retry_after_s(headers.get("retry-after"), now)
        return StoreThrottled("The store asks us to slow down", retry_after_s=after, status=status)
    if status >= 500 or status == 408:
        cause = Cause.TIMEOUT if status in (408, 504, 524) else Cause.SERVER_ERROR
        return StoreUnavailable(cause, f"The store failed with status {status}", status=status, evidence=shown)
    body = error_body(content, headers.get("content-type", ""))
    if status in (401, 403):
        cause = _auth_cause(status, body, _skew_s(headers, now) if timed else 0.0, writing)
        return refused(cause, status=status, evidence=shown)
    if status == 413:
        return StoreRefused(Cause.TOO_LARGE, "The store finds the request too large", status=status, evidence=shown)
    if body is not None and body.code == "rest_no_route":
        return refused(Cause.PLATFORM_MISSING, status=status, evidence=shown)
    return StoreRefused(Cause.REFUSED, f"The store refused with status {status}", status=status, evidence=shown)


def _auth_cause(status: int, body: WooError | None, skew_s: float, writing: bool) -> Cause:
    if body is None or not body.code.startswith("woocommerce_rest_"):
        return Cause.REST_BLOCKED
    if body.code == "woocommerce_rest_authentication_error":
        return _key_cause(body.message.lower(), skew_s, writing)
    if status == 403:
        return Cause.USER_DEMOTED
    # Not signed in, as far as WooCommerce can see.
    return Cause.KEY_REVOKED


def _key_cause(message: str, skew_s: float, writing: bool) -> Cause:
    """One code stands for many causes and the sentences are translated: clock and kind of request help to tell."""
    if "timestamp" in message or skew_s > MAX_SKEW_S:
        return Cause.CLOCK_SKEW
    if "permission" in message or writing:
        return Cause.READ_ONLY_KEY if writing else Cause.WRITE_ONLY_KEY
    if "consumer key" in message:
        return Cause.KEY_REVOKED
    return Cause.WRONG_SECRET


def _skew_s(headers: Mapping[str, str], now: datetime) -> float:
    try:
        told = parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError, IndexError):
        return 0.0
    return abs((told.replace(tzinfo=told.tzinfo or UTC) - now).total_seconds())
