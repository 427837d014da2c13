"""Rows as the feed's queries bring them, for tests of the pure part."""

from datetime import date
from decimal import Decimal
from typing import Any

from backend.domain.feeds.items import FeedItem, feed_item, product_facts

PRODUCT: dict[str, Any] = {
    "id": 7,
    "title": "Mug",
    "description": "<p>Holds <b>coffee</b> &amp; tea</p>",
    "status": "active",
    "brand": "Acme",
    "categories": ["Home", "Home > Kitchen"],
    "images": '[{"url": "https://shop.test/1.jpg", "alt": "x"}, {"url": "https://shop.test/2.jpg", "alt": ""}]',
    "url": "https://shop.test/mug",
}
VARIANT: dict[str, Any] = {
    "id": 42,
    "product_id": 7,
    "title": "",
    "sku": "MUG-1",
    "barcode": "4006381333931",
    "currency": "USD",
    "price": Decimal("15.000000"),
    "sale_price": None,
    "options": "{}",
    "attributes": "{}",
    "image_url": "",
    "url": "",
    "weight_g": 300,
    "active": True,
    "on_hand": 3,
    "uncounted": None,
    "backorder": False,
}


def product_row(**changes: Any) -> tuple[Any, ...]:
    """A row of `repository.PRODUCTS`."""
    return tuple({**PRODUCT, **changes}.values())


def variant_row(**changes: Any) -> tuple[Any, ...]:
    """A row of `repository.VARIANTS`."""
    return tuple({**VARIANT, **changes}.values())


def an_item(product: dict[str, Any] | None = None, **changes: Any) -> FeedItem:
    """The item of one variant."""
    item = feed_item(variant_row(**changes), product_facts(product_row(**(product or {}))), date(2024, 3, 15))
    assert not isinstance(item, str), item
    return item
