"""Our own words, for the merchant's own systems: JSON `{feed:{…},products:[…]}` and CSV with the same fields.

Amounts are texts such as "15.00" (a JSON number would become a float at the reader); what is unknown is null in JSON
and empty in CSV. Nothing but a title and a price is required.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from backend.domain.feeds.formats.base import CsvFormat, FeedFormat
from backend.domain.feeds.items import FeedItem


class PlainProduct(msgspec.Struct, gc=False):
    """One entry of `products`."""

    id: str
    group_id: str | None
    sku: str | None
    title: str
    description: str
    url: str | None
    image_url: str | None
    additional_image_urls: tuple[str, ...]
    price: str
    sale_price: str | None
    currency: str
    availability: str
    brand: str | None
    category: str | None
    gtin: str | None
    mpn: str | None
    condition: str
    options: Mapping[str, Any]
    weight_g: int | None


def plain_product(item: FeedItem) -> PlainProduct:
    """Return an item in this format's spelling."""
    return PlainProduct(
        item.id,
        item.item_group_id or None,
        item.sku or None,
        item.title,
        item.product.description,
        item.link or None,
        item.image_link or None,
        item.additional_image_links,
        item.price,
        item.sale_price or None,
        item.currency,
        item.availability,
        item.product.brand or None,
        item.product.product_type or None,
        item.gtin or None,
        item.details.mpn or None,
        item.details.condition,
        item.details.options,
        item.weight_g,
    )


_encode = msgspec.json.Encoder().encode


class PlainJson(FeedFormat):
    """One object per item, one item per line."""

    _started = False

    def head(self) -> bytes:
        """Return the feed's own facts and the start of the list."""
        about = {"slug": self.about.slug, "title": self.about.title, "generated_at": self.about.generated_at}
        return b'{"feed":' + _encode(about) + b',"products":[\n'

    def body(self, items: Sequence[FeedItem]) -> bytes:
        """Return the items, separated from those before."""
        if not items:
            return b""
        before = b",\n" if self._started else b""
        self._started = True
        return before + b",\n".join([_encode(plain_product(item)) for item in items])

    def tail(self) -> bytes:
        """Return the end of the list."""
        return b"\n]}\n"


class PlainCsv(CsvFormat):
    """The same fields; images are separated by blanks, options written as `name=value; …`."""

    columns = PlainProduct.__struct_fields__

    def row(self, item: FeedItem) -> list[str]:
        """Return one line's cells."""
        return [
            item.id,
            item.item_group_id,
            item.sku,
            item.title,
            item.product.description,
            item.link,
            item.image_link,
            " ".join(item.additional_image_links),
            item.price,
            item.sale_price,
            item.currency,
            item.availability,
            item.product.brand,
            item.product.product_type,
            item.gtin,
            item.details.mpn,
            item.details.condition,
            "; ".join([f"{name}={value}" for name, value in item.details.options.items()]),
            "" if item.weight_g is None else str(item.weight_g),
        ]
