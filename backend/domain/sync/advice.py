"""What a person can do about a listing that a store did not take, by the code of its error."""

from collections.abc import Mapping

TEMPORARY = (
    *("failed", "timeout", "unreachable", "server_error", "not_json", "throttled", "too_large"),
    *("busy", "unanswered", "incomplete"),
)
"""Codes of items that did not go through for a reason that may pass."""

_ADVICE: Mapping[str, str] = {
    "gone": "The store has deleted it. Sync the store, or put the product up for sale there again.",
    "sku_taken": "Another product of the store has this sku. Change one of them, or link this product to it.",
    "price_invalid": "Correct the price: it must not be negative, and a sale price must be below the regular one.",
    "image_refused": "The store could not fetch a picture. Check that its address opens without a login.",
    "not_counted": "The store does not count pieces of this item. Switch stock management on there, then retry.",
    "echo_differs": "The store changed what was sent, often by a plugin. Look there, or let the store own the field.",
    "too_many_variants": "The platform allows no more variants of one product. Split the product.",
    "barcode_taken": "Another product of the store has this barcode. Change one of them, or link this product to it.",
    "handle_taken": "Another product of the shop has this address. Change its handle there, then retry.",
    "no_place": "The shop has no active place that could hold pieces. Activate one there, then retry.",
    "not_published": "It is in the shop, but on no sales channel. Publish it in the Shopify admin.",
    "rejected": "The store refuses it for the reason given. Correct the product, then retry.",
    **dict.fromkeys(TEMPORARY, "It is tried again by itself in some minutes."),
}
_OTHERWISE = "Correct what the message names, then retry."


def advice_for(code: str) -> str:
    """Return one sentence on what to do about an error code."""
    return _ADVICE.get(code, _OTHERWISE)
