"""Neutral fields to Shopify's inputs, the exact inverse of `mapping` (pure)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from backend.ports.store_platform import PlatformImage, PlatformVariant
from backend.ports.store_writes import FieldValue, ProductWrite, VariantWrite
from plugin_bridge.shopify.mapping import global_id
from plugin_bridge.shopify.wire import Picture

STATUSES = {"active": "ACTIVE", "archived": "ARCHIVED", "draft": "DRAFT"}
_TEXTS = {"title": "title", "description": "descriptionHtml", "brand": "vendor"}
_MOST_GRAMS = 2_147_483_647
_PRICES = frozenset({"price", "sale_price"})


class NotWritable(ValueError):
    """Shopify has no way to show such a value; `code` as in a `WriteResult`, the message is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def needs_reading(fields: Mapping[str, FieldValue]) -> bool:
    """Tell whether a variant has to be read first: of its two prices only one is named, and Shopify swaps them."""
    return len(_PRICES & fields.keys()) == 1


def variant_input(write: VariantWrite, shown: PlatformVariant | None = None) -> dict[str, Any]:
    """Return what makes a variant show the fields of *write*, and touches no other.

    Args:     shown: as it is now; only needed where `needs_reading`.
    Raises:   NotWritable.
    """
    fields = write.fields
    given: dict[str, Any] = {"id": global_id("ProductVariant", write.external_id)}
    if _PRICES & fields.keys():
        given |= price_inputs(_price(fields, "price", shown), _price(fields, "sale_price", shown))
    if "barcode" in fields:
        given["barcode"] = fields["barcode"] or ""
    item: dict[str, Any] = {}
    if "sku" in fields:
        item["sku"] = fields["sku"] or ""
    if "weight_g" in fields:
        item["measurement"] = {"weight": {"unit": "GRAMS", "value": float(_whole(fields["weight_g"]))}}
    return {**given, "inventoryItem": item} if item else given


def _price(fields: Mapping[str, FieldValue], name: str, shown: PlatformVariant | None) -> Decimal | None:
    value = fields[name] if name in fields else getattr(shown, name, None)
    if value is None or (isinstance(value, Decimal) and value.is_finite()):
        return value
    raise NotWritable("price_invalid", f"{name} is not an amount")


def _whole(value: FieldValue) -> int:
    if value is None or (isinstance(value, int) and 0 <= value <= _MOST_GRAMS):
        return value or 0
    raise NotWritable("rejected", "A weight is a whole number of grams")


def price_inputs(price: Decimal | None, sale_price: Decimal | None) -> dict[str, str | None]:
    """Return Shopify's two prices: what is paid now, and what it is compared with when that is a sale.

    Raises:   NotWritable without a price, for a negative one, and for a sale that is none.
    """
    if price is None:
        raise NotWritable("price_invalid", "Shopify sells nothing without a price; archive the product instead")
    if min(price, price if sale_price is None else sale_price) < 0:
        raise NotWritable("price_invalid", "A price cannot be below zero")
    if sale_price is None:
        return {"price": f"{price:f}", "compareAtPrice": None}
    if sale_price >= price:
        raise NotWritable("price_invalid", f"The sale price {sale_price:f} is not below the price {price:f}")
    return {"price": f"{sale_price:f}", "compareAtPrice": f"{price:f}"}


def product_fields(write: ProductWrite) -> dict[str, Any]:
    """Return what makes a product show the fields of *write* but for its pictures, and touches no other.

    Raises:   NotWritable.
    """
    given: dict[str, Any] = {}
    for name, value in write.fields.items():
        if name in _TEXTS:
            given[_TEXTS[name]] = value or ""
        elif name == "tags":
            given["tags"] = [str(tag) for tag in value] if isinstance(value, tuple) else []
        elif name == "status":
            given["status"] = status_input(value)
    return given


def status_input(value: FieldValue) -> str:
    """Return Shopify's word for a status; raise NotWritable for one that is none."""
    found = STATUSES.get(value) if isinstance(value, str) else None
    if found is None:
        raise NotWritable("rejected", f"{value!r} is not a status of a product")
    return found


def picture_inputs(wanted: Sequence[PlatformImage]) -> list[dict[str, Any]]:
    """Return pictures that Shopify shall fetch."""
    return [{"originalSource": one.url, "alt": one.alt, "contentType": "IMAGE"} for one in wanted]


def gallery_inputs(wanted: Sequence[PlatformImage], there: Sequence[Picture]) -> list[dict[str, Any]]:
    """Return a whole list of media that shows *wanted*: pictures that are there stay what they are, films stay too.

    A picture is the same when its address is, whatever its version.
    """
    by_address: dict[str, list[Picture]] = {}
    for one in there:
        if one.image is not None:
            by_address.setdefault(_address(one.image.url), []).append(one)
    files: list[dict[str, Any]] = []
    for image in wanted:
        known = by_address.get(_address(image.url))
        files += [{"id": known.pop(0).id, "alt": image.alt}] if known else picture_inputs([image])
    return files + [{"id": one.id} for one in there if one.id and not _is_picture(one)]


def shows_all(there: Sequence[Picture]) -> bool:
    """Tell whether Shopify has fetched every picture: until then it shows nothing of them."""
    return all(one.image is not None for one in there if _is_picture(one))


def _is_picture(medium: Picture) -> bool:
    return "/MediaImage/" in medium.id


def _address(url: str) -> str:
    return url.partition("?")[0]
