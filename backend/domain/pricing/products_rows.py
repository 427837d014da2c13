"""What lists and single answers say of a watched product and of its competitors."""

from datetime import datetime
from decimal import Decimal

import msgspec


class CompetitorPrice(msgspec.Struct, frozen=True, gc=False):
    """A competitor's page with its newest reading."""

    id: int
    """Of the tracked URL."""
    name: str
    url: str
    price: Decimal | None
    """None: never read, or no price found."""
    currency: str | None
    in_stock: bool | None
    checked_at: datetime | None
    """To the second."""


class WatchedProduct(msgspec.Struct, frozen=True):
    """One variant with its price, its limits and its competitors; money in `currency`."""

    id: int
    title: str
    sku: str
    currency: str
    price: Decimal | None
    """What customers pay now; None: not for sale."""
    min_price: Decimal | None
    max_price: Decimal | None
    cost: Decimal | None
    auto_reprice: bool
    monitored: bool
    competitors: list[CompetitorPrice]


class WatchingCompetitor(msgspec.Struct, frozen=True):
    """A competitor's page with the variant it is watched for."""

    competitor: CompetitorPrice
    product_id: int
    product_title: str
    product_price: Decimal | None


def full_title(product: str, variant: str) -> str:
    """Return what a variant is called by itself: its product's title, and what tells it from its sisters."""
    return f"{product} - {variant}" if variant else product
