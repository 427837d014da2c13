"""The synced fields: what a product and a variant are called, to which group each belongs, and how values are spelled.

In the history, in change sets, and beside listings a value is spelled as JSON: amounts as plain decimal text without
trailing zeros ("12.5"), tags as a sorted list, images as `[{"url": …, "alt": …}]`, all else as it is.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from backend.ports.store_platform import PlatformImage
from backend.ports.store_writes import FieldValue

PRODUCT_FIELDS: Mapping[str, str] = {
    "title": "content",
    "description": "content",
    "tags": "content",
    "brand": "content",
    "images": "images",
    "status": "status",
}
"""Field of a product to its group."""
VARIANT_FIELDS: Mapping[str, str] = {
    "sku": "content",
    "barcode": "content",
    "weight_g": "content",
    "price": "price",
    "sale_price": "price",
}
"""Field of a variant to its group; `stock` is a group of its own with rules of its own."""
GROUP_OF: Mapping[str, str] = {**PRODUCT_FIELDS, **VARIANT_FIELDS, "stock": "stock"}
COPIED = frozenset({"images"})
"""Fields of which stores keep copies: what they show of it never equals what was sent."""
UNREAD = "unread"
"""Beside a listing: the store took a value of such a field, and what it shows of it was not read yet."""
AMOUNTS = frozenset({"price", "sale_price"})


def spelled(field: str, value: Any) -> Any:
    """Return a value of *field* as it is kept in JSON; equal values are spelled alike."""
    if value is None:
        return None
    if field in AMOUNTS:
        return plain_amount(value if isinstance(value, Decimal) else Decimal(str(value)))
    if field == "tags":
        return sorted(set(value))
    if field == "images":
        return [
            {"url": image.url, "alt": image.alt}
            if isinstance(image, PlatformImage)
            else {"url": image["url"], "alt": image.get("alt", "")}
            for image in value
        ]
    return value


def read(field: str, kept: Any) -> FieldValue:
    """Return a value of *field* from its spelling in JSON."""
    if kept is None:
        return None
    if field in AMOUNTS:
        return Decimal(kept)
    if field == "tags":
        return tuple(kept)
    if field == "images":
        return tuple(PlatformImage(url=image["url"], alt=image.get("alt", "")) for image in kept)
    value: FieldValue = kept
    return value


def plain_amount(amount: Decimal) -> str:
    """Return an amount without exponent and trailing zeros: "12.5", "0", "1000"."""
    text = format(amount.normalize(), "f")
    return "0" if text in ("-0", "") else text


def sale_holds(price: str | None, sale_price: str | None) -> bool:
    """Tell whether a catalog may hold these together: a sale price is below the price, or there is none."""
    return sale_price is None or (price is not None and Decimal(sale_price) < Decimal(price))
