"""Ways a store can fail, switched on and off while it runs."""

import random
from typing import Any

import msgspec

KINDS: dict[str, str] = {
    "redirect": "301 to `location`",
    "unauthorized": "401 as for a revoked key",
    "rate_limited": "429 with Retry-After (`retry_after` seconds, default 1)",
    "rate_limited_without_retry_after": "429 alone",
    "server_error": "a 5xx (`status`, default 500)",
    "html": "200 with a challenge page instead of JSON",
    "truncated_json": "half of the JSON",
    "slow": "the answer comes `seconds` later (default 1)",
    "timeout_after_write": "a write is done, its answer never comes (silence for `seconds`, default 90)",
    "strip_authorization": "the host drops the Authorization header",
    "shifting_pages": "a product vanishes, or comes back, while a later page of a list is asked for",
    "same_second_ties": "lists by date or modified mix up products of the same second, as before WooCommerce 10.4",
    "equal_delivery_ids": "all webhook deliveries carry the same Delivery-ID",
    "duplicate_webhooks": "a webhook arrives twice",
    "reordered_webhooks": "a webhook arrives after the ones that follow it",
    "lost_webhooks": "a webhook never leaves the store",
    "demoted_user": "403 as for a key whose user may no longer manage the shop",
    "plain_permalinks": "the REST API answers under `/?rest_route=` only, where keys do not count",
    "rest_blocked": "a security plugin closes the REST API",
    "woocommerce_missing": "WordPress answers, WooCommerce is switched off",
}
"""Every kind with what it does."""


class Fault(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One fault that is on: at random with `rate`, or for the `next` requests it applies to."""

    kind: str
    rate: float | None = None
    next: int | None = None
    location: str = ""
    seconds: float | None = None
    retry_after: int | None = None
    status: int | None = None


class FaultRefused(ValueError):
    """A fault was asked for that cannot be; the message says why."""


class Faults:
    """The faults of one store, at most one of each kind.

    Args:     seed: makes a `rate` between 0 and 1 strike the same requests every time.
    """

    def __init__(self, seed: int = 0) -> None:
        self.active: dict[str, Fault] = {}
        self.random = random.Random(seed)  # noqa: S311 - chance, not secrecy

    def switch_on(self, wanted: Any) -> Fault:
        """Switch a fault on, replacing an earlier one of its kind.

        Args:     wanted: the decoded JSON of the control request.
        Raises:   FaultRefused.
        """
        try:
            fault = msgspec.convert(wanted, Fault)
        except msgspec.ValidationError as error:
            raise FaultRefused(str(error)) from None
        _check(fault)
        if fault.rate is None and fault.next is None:
            fault.rate = 1.0
        self.active[fault.kind] = fault
        return fault

    def clear(self, kind: str | None = None) -> None:
        """Switch off one kind, or all."""
        if kind is None:
            self.active.clear()
        else:
            self.active.pop(kind, None)

    def strikes(self, kind: str) -> Fault | None:
        """Return the fault if it strikes now; a counted one is used up by that."""
        fault = self.active.get(kind)
        if fault is None:
            return None
        if fault.next is not None:
            fault.next -= 1
            if fault.next <= 0:
                del self.active[kind]
            return fault
        return fault if self.random.random() < (fault.rate or 0.0) else None


def _check(fault: Fault) -> None:
    if fault.kind not in KINDS:
        raise FaultRefused(f"unknown kind {fault.kind!r}; there are {', '.join(KINDS)}")
    if fault.rate is not None and fault.next is not None:
        raise FaultRefused("give either rate or next")
    if fault.rate is not None and not 0 <= fault.rate <= 1:
        raise FaultRefused("rate must be between 0 and 1")
    if fault.next is not None and fault.next < 1:
        raise FaultRefused("next must be 1 or more")
    if fault.kind == "redirect" and not fault.location:
        raise FaultRefused("redirect needs a location")
    if fault.seconds is not None and not 0 <= fault.seconds <= 3600:
        raise FaultRefused("seconds must be between 0 and 3600")
    if fault.status is not None and not 500 <= fault.status <= 599:
        raise FaultRefused("status must be between 500 and 599")
