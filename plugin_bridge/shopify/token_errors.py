"""What a shop's token endpoint says when it gives no token, as typed failures."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from backend.ports.platform_errors import Cause, PlatformError, StoreRefused, StoreThrottled, StoreUnavailable
from plugin_bridge.http import evidence, retry_after_s

_NO_REFRESH_TOKEN = "requires an active refresh_token"
_REASONS: Mapping[str, tuple[Cause, str]] = {
    "invalid_grant": (Cause.KEY_REVOKED, "Shopify does not take this permission any more: connect the store again"),
    "invalid_subject_token": (Cause.REFUSED, "Shopify does not take this ID token any more: load the page again"),
    "invalid_client": (Cause.WRONG_SECRET, "Shopify refuses SHOPIFY_CLIENT_ID and SHOPIFY_CLIENT_SECRET"),
    "application_cannot_be_found": (Cause.WRONG_SECRET, "Shopify knows no app with this SHOPIFY_CLIENT_ID"),
    "app_not_installed": (Cause.APP_UNINSTALLED, "The app is not installed in this shop"),
}
"""Shopify's word in `error`, what it means here, and what to do."""


def token_failure(
    status: int, headers: Mapping[str, str], content: bytes, now: datetime, secrets: tuple[str, ...]
) -> PlatformError:
    """Return the failure in an answer that is not 2xx.

    Only an answer that says so in Shopify's own words means that a permission is gone: everything that may have come
    from something in between, or from a shop in trouble, is worth the same request again.
    """
    shown = evidence(content, secrets)
    if status == 429:
        wait = retry_after_s(headers.get("retry-after"), now)
        return StoreThrottled("Shopify asks for patience", retry_after_s=wait, status=status)
    if status >= 500 or status in (408, 425):
        return StoreUnavailable(Cause.SERVER_ERROR, "Shopify has trouble at the moment", evidence=shown, status=status)
    if status in (402, 423):
        return StoreRefused(Cause.SHOP_FROZEN, "The shop is frozen or locked", evidence=shown, status=status)
    word, sentence = _said(content)
    if word in _REASONS:
        cause, message = _REASONS[word]
        return StoreRefused(cause, message, evidence=shown, status=status)
    if _NO_REFRESH_TOKEN in sentence.lower():
        cause, message = _REASONS["invalid_grant"]
        return StoreRefused(cause, message, evidence=shown, status=status)
    if status == 404:
        return StoreRefused(Cause.PLATFORM_MISSING, "Shopify knows no such shop", evidence=shown, status=status)
    if 300 <= status < 400:
        return StoreUnavailable(Cause.MOVED, "The shop sends us elsewhere", evidence=shown, status=status)
    return StoreRefused(Cause.REFUSED, f"Shopify gave no token (status {status})", evidence=shown, status=status)


def _said(content: bytes) -> tuple[str, str]:
    try:
        answer: Any = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "", ""
    if not isinstance(answer, dict):
        return "", ""
    return str(answer.get("error", "")), str(answer.get("error_description", ""))
