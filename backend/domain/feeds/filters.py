"""Which items a feed wants. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from backend.domain.feeds.items import FeedItem
from backend.domain.feeds.rules import IN_STOCK
from backend.kit.errors import invalid


class FeedFilters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The content of `feeds.filters`; an empty one lets everything through."""

    in_stock_only: bool = False
    brands: tuple[str, ...] = ()
    """Compared without case; empty: all."""
    categories: tuple[str, ...] = ()
    """Paths; an item matches its category and all above it ("Clothing" takes "Clothing > Shirts"); empty: all."""


EVERYTHING = FeedFilters()


def read_filters(stored: Mapping[str, Any]) -> FeedFilters:
    """Return the filters of a JSON object; raise invalid `FEED_FILTERS` when it is none."""
    try:
        return msgspec.convert(stored, FeedFilters)
    except msgspec.ValidationError as error:
        raise invalid("FEED_FILTERS", f"The filters cannot be read: {error}", field="filters") from None


def wanted(item: FeedItem, filters: FeedFilters) -> bool:
    """Tell whether the feed takes the item."""
    if filters.in_stock_only and item.availability != IN_STOCK:
        return False
    if filters.brands and item.product.brand.lower() not in {brand.lower() for brand in filters.brands}:
        return False
    if not filters.categories:
        return True
    path = item.product.product_type.lower()
    return any(path == name.lower() or path.startswith(name.lower() + " >") for name in filters.categories)
