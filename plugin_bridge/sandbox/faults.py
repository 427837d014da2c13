"""Ways a store can fail, switched on and off while it runs; each platform names its kinds."""

import random
from collections.abc import Mapping
from typing import Any

import msgspec


class Fault(msgspec.Struct, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
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

    Args:     kinds: every kind there is, with what it does.
              seed: makes a `rate` between 0 and 1 strike the same requests every time.
    """

    def __init__(self, kinds: Mapping[str, str], seed: int = 0) -> None:
        self._kinds = kinds
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
        if fault.kind not in self._kinds:
            raise FaultRefused(f"unknown kind {fault.kind!r}; there are {', '.join(self._kinds)}")
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
