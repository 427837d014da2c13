"""Synced fields to WooCommerce's JSON, and what an item shows back to the same spelling: pure."""

import re
from collections.abc import Mapping
from decimal import Decimal
from html import unescape
from typing import Any

from backend.kit.money import MAX_AMOUNT, format_amount
from backend.ports.store_platform import PlatformProduct, PlatformVariant
from backend.ports.store_writes import FieldValue
from plugin_bridge.woocommerce.mapping import GRAMS, Mapper, Shop
from plugin_bridge.woocommerce.wire import MAX_COUNT, Items, WooItem

WRITABLE = frozenset(
    {
        *("title", "description", "tags", "images", "status"),
        *("sku", "barcode", "price", "sale_price", "weight_g", "stock"),
    }
)
"""No brand: it is read from a list of terms or from attributes, and writing attributes replaces all of them."""

_NAMES = {
    "title": "name",
    "description": "description",
    "tags": "tags",
    "status": "status",
    "sku": "sku",
    "barcode": "global_unique_id",
    "price": "regular_price",
    "sale_price": "sale_price",
    "weight_g": "weight",
}
_STATUSES = {"active": "publish"}
_TEXTS = ("title", "description", "sku", "barcode")
_AMOUNTS = ("price", "sale_price")
_SIXTH = Decimal("0.000001")
# What WordPress puts around and between the lines of a text when it shows it.
_BREAKS = re.compile(r"<(?:/?p|br)\s*/?>", re.IGNORECASE)
_CLOSED = re.compile(r"\s*/>")


def unfit(fields: Mapping[str, FieldValue]) -> tuple[str, str] | None:
    """Return code and sentence of what the store must not be sent, because it would store something else."""
    for name in _AMOUNTS:
        if not _is_amount(fields.get(name)):
            return "price_invalid", f"{name} is no amount of zero or more"
    regular, sale = fields.get("price"), fields.get("sale_price")
    if isinstance(sale, Decimal) and "price" in fields and (not isinstance(regular, Decimal) or sale >= regular):
        return "price_invalid", "The sale price is not below the regular price"
    grams = fields.get("weight_g")
    if grams is not None and not (isinstance(grams, int) and 0 <= grams <= MAX_COUNT):
        return "rejected", "The weight is no number of grams"
    return None


def _is_amount(value: FieldValue) -> bool:
    if value is None:
        return True
    return isinstance(value, Decimal) and value.is_finite() and 0 <= value <= MAX_AMOUNT


def body_of(
    fields: Mapping[str, FieldValue], weight_unit: str = "kg", tag_ids: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """Return the JSON that sets these fields and no others; images are sent apart from it.

    Args:     fields: `unfit` found nothing in them. tag_ids: of every tag among them.
    """
    body: dict[str, Any] = {}
    for name, value in fields.items():
        wire = _NAMES.get(name)
        if wire is None:
            continue
        if name == "tags":
            body[wire] = [{"id": (tag_ids or {})[tag]} for tag in _several(value)]
        elif name == "weight_g":
            body[wire] = weight_text(value, weight_unit)
        elif name in _AMOUNTS:
            body[wire] = amount_text(value)
        elif name == "status":
            body[wire] = status_text(str(value))
        else:
            body[wire] = str(value or "")
    return body


def _several(value: FieldValue) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, tuple) else ()


def amount_text(value: FieldValue) -> str:
    """Print an amount as WooCommerce reads it without guessing: digits and one dot; None is empty."""
    return format_amount(abs(value)) if isinstance(value, Decimal) else ""


def weight_text(grams: FieldValue, unit: str) -> str:
    """Print grams in the store's unit so that they are read back as the same grams; None is empty."""
    if not isinstance(grams, int):
        return ""
    weight = (Decimal(grams) / GRAMS.get(unit, GRAMS["kg"])).quantize(_SIXTH)
    return f"{weight.normalize():f}"


def status_text(status: str) -> str:
    """Return WooCommerce's word: what is not for sale is a draft, also what is archived elsewhere."""
    return _STATUSES.get(status, "draft")


def shown(item: WooItem, parent: int, fields: Mapping[str, FieldValue], shop: Shop) -> dict[str, FieldValue]:
    """Return these fields as reading the item would give them.

    Args:     parent: id of the product that a variation belongs to, 0 for a product.
    """
    mapper = Mapper(Items([item], [], 1), shop)
    if parent:
        return _picked(mapper.variants(parent)[0], fields)
    product = mapper.products()[0]
    values = _picked(product, fields)
    return values | _picked(product.variants[0], fields) if product.variants else values


def _picked(source: PlatformProduct | PlatformVariant, fields: Mapping[str, FieldValue]) -> dict[str, FieldValue]:
    own = source.__struct_fields__
    return {name: getattr(source, name) for name in fields if name in own and _belongs(name, source)}


def _belongs(name: str, source: PlatformProduct | PlatformVariant) -> bool:
    # A variant has a title too, made of its options.
    return isinstance(source, PlatformProduct) or name != "title"


def differing(sent: Mapping[str, FieldValue], shown: Mapping[str, FieldValue]) -> list[str]:
    """Return the fields that the store shows in another way than they were sent."""
    return [name for name, value in sent.items() if not same(name, value, shown.get(name))]


def same(name: str, sent: FieldValue, shown: FieldValue) -> bool:
    """Tell whether a store that was sent a value and shows another has taken it.

    It has when texts differ in nothing but entities, blanks, and the paragraphs and line breaks that WordPress adds;
    when it lists the same tags in another order, or in the case in which it knew them; when it shows as draft what was
    archived; and when it shows as many images as it was sent, since it keeps copies under addresses of its own.
    """
    if name in _TEXTS:
        return bare_text(str(sent or "")) == bare_text(str(shown or ""))
    if name == "tags":
        return {bare_text(tag).casefold() for tag in _several(sent)} == {
            bare_text(tag).casefold() for tag in _several(shown)
        }
    if name == "status":
        return isinstance(sent, str) and status_text(sent) == status_text(str(shown))
    if name == "images":
        return len(sent if isinstance(sent, tuple) else ()) == len(shown if isinstance(shown, tuple) else ())
    return sent == shown


def bare_text(text: str) -> str:
    """Return a text without what WordPress changes when it keeps and shows it."""
    return " ".join(unescape(_CLOSED.sub(">", _BREAKS.sub(" ", text))).split())
