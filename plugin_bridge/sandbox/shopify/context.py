"""What a field may know while it answers: the shop, the version asked for, what the token allows."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from plugin_bridge.sandbox.shopify.shop import Shop


class Context:
    """One execution.

    Args:     scopes: granted, with what they imply.
    """

    def __init__(self, shop: "Shop", version: str, scopes: frozenset[str]) -> None:
        self.shop = shop
        self.version = version
        self.scopes = scopes
        self.unused = 0.0
        """Points that were asked for and not needed, because a page was shorter than its limit."""
        self.per_node: dict[Any, float] = {}
        """What one node less saves, by the connection's field."""
        self.key: str | None = None
        """`@idempotent(key:)` of the mutation that runs now."""
        self.searches: list[dict[str, Any]] = []
        """Warnings about search terms, shown in `extensions.search`."""


Resolver = Callable[[Context, Any, Mapping[str, Any]], Any]
"""Takes the execution, the parent thing and the arguments; connections answer with a `paging.Source`."""

Table = Mapping[str, Resolver]
"""Fields of one type by name."""


class InventoryItem(msgspec.Struct, frozen=True, gc=False):
    """The side of a variant that is counted."""

    variant: Any


class InventoryLevel(msgspec.Struct, frozen=True, gc=False):
    """What is there of one item in one place."""

    variant: Any
    location_id: int
