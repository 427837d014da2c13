"""Rows of the catalog -> FeedItem: everything that a channel may print, decided and cleaned once. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import msgspec

from backend.domain.feeds import rules
from backend.domain.feeds.plain_text import one_line, plain_text

MOST_IMAGES = 11
DESCRIPTION_LIMIT = 5000


class Picture(msgspec.Struct, frozen=True, gc=False):
    """An entry of `products.images`."""

    url: str = ""


_pictures = msgspec.json.Decoder(list[Picture]).decode
_object = msgspec.json.Decoder(dict[str, Any]).decode
_NOTHING: Mapping[str, Any] = {}


class ProductFacts(msgspec.Struct, frozen=True, gc=False):
    """What all variants of a product share, worked out once."""

    title: str
    description: str
    active: bool
    brand: str
    product_type: str
    images: tuple[str, ...]
    link: str


class Details(msgspec.Struct, frozen=True, gc=False):
    """What a variant's options and attributes say, in the words of the channels."""

    options: Mapping[str, Any]
    available_from: date | None
    availability_date: str
    """ISO date, or ""."""
    mpn: str
    google_product_category: str
    condition: str
    color: str
    size: str
    material: str
    pattern: str
    gender: str
    age_group: str


class FeedItem(msgspec.Struct, gc=False):
    """One sellable item as feeds see it; texts are on one line, empty when there is none. Amounts like "15.00"."""

    id: str
    sku: str
    title: str
    link: str
    image_link: str
    additional_image_links: tuple[str, ...]
    availability: str
    price: str
    sale_price: str
    currency: str
    gtin: str
    item_group_id: str
    weight_g: int | None
    product: ProductFacts
    details: Details


ProductRow = Sequence[Any]
"""id, title, description, status, brand, categories, images (JSON text), url: `repository.PRODUCTS`."""
VariantRow = Sequence[Any]
"""As `repository.VARIANTS` selects them."""


def product_facts(row: ProductRow) -> ProductFacts:
    """Work out what the variants of one product share."""
    _, title, description, status, brand, categories, images, url = row
    text = plain_text(description)
    return ProductFacts(
        one_line(title),
        text if len(text) <= DESCRIPTION_LIMIT else text[:DESCRIPTION_LIMIT],
        status == "active",
        _remembered_line(brand) if brand else "",
        _remembered_line(categories[-1]) if categories else "",
        _addresses(images) if images != "[]" else (),
        rules.web_address(url),
    )


def _addresses(images: str) -> tuple[str, ...]:
    try:
        pictures = _pictures(images)
    except msgspec.ValidationError:
        return ()
    found = [rules.web_address(picture.url) for picture in pictures]
    if "" in found or len(found) > MOST_IMAGES or len(set(found)) < len(found):
        found = list(dict.fromkeys(filter(None, found)))[:MOST_IMAGES]
    return tuple(found)


def feed_item(row: VariantRow, product: ProductFacts, today: date) -> FeedItem | str:
    """Build the item of one variant, or return why it is in no feed: `inactive` or `price_missing`."""
    (
        variant_id,
        product_id,
        variant_title,
        sku,
        barcode,
        currency,
        price,
        sale_price,
        options_text,
        attributes_text,
        image_url,
        url,
        weight_g,
        active,
        on_hand,
        uncounted_in_stock,
        backorder,
    ) = row
    if not (active and product.active):
        return "inactive"
    if price is None or price <= 0:
        return "price_missing"
    details = read_details(options_text, attributes_text)
    images = product.images
    main = rules.web_address(image_url) if image_url else ""
    if main and main != (images[0] if images else ""):
        images = (main, *(image for image in images if image != main))[:MOST_IMAGES]
    return FeedItem(
        str(variant_id),
        one_line(sku),
        _title(product.title, variant_title) if variant_title else product.title,
        (rules.web_address(url) if url else "") or product.link,
        images[0] if images else "",
        images[1:],
        rules.availability(on_hand, uncounted_in_stock, backorder, details.available_from, today),
        rules.shown_amount(price, currency),
        rules.shown_amount(sale_price, currency) if sale_price and 0 < sale_price < price else "",
        currency,
        rules.valid_gtin(barcode) if barcode else "",
        str(product_id) if details.options else "",
        weight_g,
        product,
        details,
    )


def _title(product_title: str, variant_title: str) -> str:
    own = one_line(variant_title)
    return f"{product_title} - {own}" if own and product_title and own != product_title else product_title or own


def read_details(options_text: str, attributes_text: str) -> Details:
    """Read two JSON objects; equal ones ("Blue", "Small") recur all over a catalog and are read once."""
    if options_text == "{}" == attributes_text:
        return NO_DETAILS
    short = len(options_text) + len(attributes_text) < 500
    return _remembered_details(options_text, attributes_text) if short else _details(options_text, attributes_text)


def _details(options_text: str, attributes_text: str) -> Details:
    options = _NOTHING if options_text == "{}" else _object(options_text)
    attributes = _NOTHING if attributes_text == "{}" else _object(attributes_text)
    chosen: dict[str, str] = {}
    for name in options:
        meant = rules.OPTION_NAMES.get(name.strip().lower())
        if meant is not None:
            chosen[meant] = rules.attribute(options, name)

    def either(name: str) -> str:
        return rules.attribute(attributes, name) or chosen.get(name, "")

    available_from = rules.parsed_date(rules.attribute(attributes, "availability_date"))
    return Details(
        options=options,
        available_from=available_from,
        availability_date=available_from.isoformat() if available_from else "",
        mpn=rules.attribute(attributes, "mpn"),
        google_product_category=rules.attribute(attributes, "google_product_category"),
        condition=rules.one_of(rules.attribute(attributes, "condition"), rules.CONDITIONS) or "new",
        color=either("color"),
        size=either("size"),
        material=either("material"),
        pattern=either("pattern"),
        gender=rules.one_of(either("gender"), rules.GENDERS),
        age_group=rules.one_of(either("age_group"), rules.AGE_GROUPS),
    )


_remembered_details = lru_cache(5_000)(_details)
_remembered_line = lru_cache(5_000)(one_line)
NO_DETAILS = _details("{}", "{}")
