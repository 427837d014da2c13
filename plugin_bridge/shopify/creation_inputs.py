"""A neutral product as Shopify takes it when it is made (pure)."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from backend.ports.store_platform import PlatformProduct, PlatformVariant
from plugin_bridge.shopify.inputs import NotWritable, picture_inputs, price_inputs, status_input
from plugin_bridge.shopify.wire import VariantLine

MOST_INSIDE = 250
"""Most variants that a product is made with; further ones are added."""
MOST_OPTIONS = 3
_ONLY = {"Title": "Default Title"}
_TITLE_LENGTH = 80


def handle_of(product: PlatformProduct) -> str:
    """Return the handle under which a product is made: readable, and the same whenever it is made again.

    Its end comes from our own id, so that no other product has it.
    """
    plain = unicodedata.normalize("NFKD", product.title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_TITLE_LENGTH].strip("-") or "product"
    return f"{slug}-{hashlib.sha256(product.external_id.encode()).hexdigest()[:12]}"


def choices_of(product: PlatformProduct) -> list[dict[str, str]]:
    """Return what each variant is in each option of the product.

    Raises:   NotWritable for what Shopify cannot sell: no variants, too many options, two variants that are the same.
    """
    variants = product.variants
    if not variants:
        raise NotWritable("rejected", "A product needs at least one variant")
    names = product.option_names or tuple(dict.fromkeys(name for one in variants for name in one.options))
    if len(names) > MOST_OPTIONS:
        raise NotWritable("rejected", f"Shopify knows at most {MOST_OPTIONS} options of a product")
    if names:
        found = [{name: one.options.get(name) or "-" for name in names} for one in variants]
    elif len(variants) == 1:
        found = [dict(_ONLY)]
    else:
        found = [{"Variant": one.title or one.sku or str(place)} for place, one in enumerate(variants, 1)]
    if len({chosen(one) for one in found}) < len(found):
        raise NotWritable("rejected", "Two variants have the same options")
    return found


def chosen(options: Mapping[str, str]) -> tuple[str, ...]:
    """Return choices so that they compare as Shopify compares them."""
    return tuple(sorted(f"{name.strip().casefold()}={value.strip().casefold()}" for name, value in options.items()))


def chosen_there(line: VariantLine) -> tuple[str, ...]:
    """Return the choices of a variant that the shop has."""
    return chosen({one.name: one.value for one in line.selected_options})


def product_input(product: PlatformProduct, location: str | None) -> dict[str, Any]:
    """Return what makes a product with its first variants, their stock and all pictures.

    Args:     location: global id of the place that gets the stock; None: nothing is counted.
    Raises:   NotWritable.
    """
    choices = choices_of(product)[:MOST_INSIDE]
    inside = list(zip(product.variants, choices, strict=False))
    return {
        "title": product.title,
        "handle": handle_of(product),
        "descriptionHtml": product.description,
        "vendor": product.brand,
        "productType": product.categories[-1].rpartition(" > ")[2] if product.categories else "",
        "tags": list(product.tags),
        "status": status_input(product.status),
        "productOptions": _options(choices),
        "variants": [_inside(one, chosen, location) for one, chosen in inside],
        "files": picture_inputs(product.images),
    }


def _options(choices: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "position": place,
            "values": [{"name": value} for value in dict.fromkeys(one[name] for one in choices)],
        }
        for place, name in enumerate(choices[0], 1)
    ]


def _inside(variant: PlatformVariant, choices: Mapping[str, str], location: str | None) -> dict[str, Any]:
    given = {**_both_ways(variant, choices), "sku": variant.sku}
    if variant.stock is not None and location is not None:
        given["inventoryQuantities"] = [{"locationId": location, "name": "available", "quantity": variant.stock}]
    return given


def added_input(variant: PlatformVariant, choices: Mapping[str, str], location: str | None) -> dict[str, Any]:
    """Return what adds a variant to a product that is there.

    Raises:   NotWritable.
    """
    given = _both_ways(variant, choices)
    given["inventoryItem"]["sku"] = variant.sku
    if variant.stock is not None and location is not None:
        given["inventoryQuantities"] = [{"locationId": location, "availableQuantity": variant.stock}]
    return given


def _both_ways(variant: PlatformVariant, choices: Mapping[str, str]) -> dict[str, Any]:
    item: dict[str, Any] = {"tracked": variant.stock is not None}
    if variant.weight_g:
        item["measurement"] = {"weight": {"unit": "GRAMS", "value": float(variant.weight_g)}}
    if variant.cost is not None:
        item["cost"] = f"{variant.cost:f}"
    return {
        **price_inputs(variant.price, variant.sale_price),
        "barcode": variant.barcode,
        "inventoryPolicy": "CONTINUE" if variant.backorder else "DENY",
        "inventoryItem": item,
        "optionValues": [{"optionName": name, "name": value} for name, value in choices.items()],
    }
