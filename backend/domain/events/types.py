"""Every event there is, as a struct; `type` is the tag that subscribers choose by (contract rows AUC-11, G21)."""

from typing import Any

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event"):
    """Base of all events; the tag is the event's name, the other fields its payload."""


class StoreConnected(Event, frozen=True, kw_only=True, tag="store.connected"):
    """A store's credentials proved good and it is active."""

    store_id: str
    platform: str
    url: str


class StoreDisconnected(Event, frozen=True, kw_only=True, tag="store.disconnected"):
    """A store's credentials were deleted."""

    store_id: str


class StoreNeedsReauth(Event, frozen=True, kw_only=True, tag="store.needs_reauth"):
    """A store refused our credentials; its jobs rest until it is connected again."""

    store_id: str
    cause: str


class SyncStarted(Event, frozen=True, kw_only=True, tag="sync.started"):
    """A run began."""

    sync_id: str
    type: str
    store_id: str


class SyncCompleted(Event, frozen=True, kw_only=True, tag="sync.completed"):
    """A run ended well; `stats` as contract row AUC-14."""

    sync_id: str
    type: str
    duration_seconds: float
    stats: dict[str, int]
    stores_updated: tuple[str, ...]


class SyncFailed(Event, frozen=True, kw_only=True, tag="sync.failed"):
    """A run ended without its work done, or is held by a guard."""

    sync_id: str
    type: str
    store_id: str
    code: str
    message: str


class ListingError(Event, frozen=True, kw_only=True, tag="listing.error"):
    """A store did not take what was written to it."""

    store_id: str
    product_id: str
    variant_id: str | None
    external_id: str
    code: str
    message: str
    advice: str


class FeedGenerated(Event, frozen=True, kw_only=True, tag="feed.generated"):
    """A feed has a new generation."""

    feed_id: str
    items: int


class FeedFailed(Event, frozen=True, kw_only=True, tag="feed.failed"):
    """A generation failed; the last good one is still served."""

    feed_id: str
    message: str


class PrivacyExportReady(Event, frozen=True, kw_only=True, tag="privacy.export_ready"):
    """What is held about a customer who asked for it was gathered; a person has to hand it over by `due_at`."""

    request_id: str
    due_at: str


class InventoryUpdated(Event, frozen=True, kw_only=True, tag="inventory.updated"):
    """A variant has another number of pieces in all (contract row G21)."""

    variant_id: int
    product_id: int
    sku: str
    old: int | None
    """None: it was not counted."""
    new: int | None
    reason: str
    """As `StockAdjustment.reason`."""
    location: str
    """The place where it lies; "" when it lies in several."""


class ProductCreated(Event, frozen=True, kw_only=True, tag="product.created"):
    """The catalog has a new product; what it is sold as first stands for all of it (contract row AUC-15)."""

    product_id: str
    sku: str
    title: str
    currency: str
    price: str | None
    """Amounts as plain decimal text."""
    cost: str | None
    margin: str | None
    """Price less cost, when both are known."""
    images: list[dict[str, str]]


class ProductUpdated(Event, frozen=True, kw_only=True, tag="product.updated"):
    """Synced fields of a product, or of one of its variants, hold other values."""

    product_id: str
    variant_id: str | None
    """None: the product's own fields."""
    sku: str
    """The variant's."""
    title: str
    """The product's."""
    changes: dict[str, list[Any]]
    """Field to `[old, new]`, spelled as in the history."""


class ProductDeleted(Event, frozen=True, kw_only=True, tag="product.deleted"):
    """No store shows a product any more."""

    product_id: str
    title: str
