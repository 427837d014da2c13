"""Points that a shop lets an app spend, shared by everybody who asks that shop for something."""

from typing import Protocol

import msgspec


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop said of its points when it answered."""

    maximum: float
    available: float
    restored_per_s: float
    """More than 0."""


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """Points set aside for one request."""

    key: str
    wait_s: float
    """How long to wait before sending it; 0: the points are there."""


class ShopBudget(Protocol):
    """Keeps the points of each shop in one place for all workers and processes. Nothing in here raises."""

    async def reserve(self, shop: str, cost: float) -> Reservation:
        """Set points aside, in turn with everybody else; a shop nothing is known of yet lets everybody through.

        Args:     shop: its domain. cost: points the request is expected to need, 0 or more.
        """
        ...

    async def settle(self, shop: str, reservation: Reservation, balance: Balance | None) -> None:
        """End a reservation: the shop answered, or will not.

        Args:     balance: what the shop said; None: nothing, the points count as spent.
        """
        ...
