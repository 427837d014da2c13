"""Google's product data: RSS 2.0 with the g: namespace, and the same attributes as CSV; Meta and Pinterest read both.

Limits:   id 50, title 150, description 5000, brand and mpn 70, product_type 750 characters, 10 additional images.
Source:   Google Merchant Center product data specification; contract row S2S-25.
"""

from collections.abc import Sequence

from backend.domain.feeds.formats.base import CsvFormat, FeedFormat, without_controls
from backend.domain.feeds.items import NO_DETAILS, Details, FeedItem

TITLE, SHORT, PRODUCT_TYPE, DETAIL, MATERIAL = 150, 70, 750, 100, 200


def missing(item: FeedItem) -> str:
    """Return the first required attribute that an item lacks; a missing description is replaced by the title."""
    if not item.title:
        return "title_missing"
    if not item.link:
        return "link_missing"
    if not item.image_link:
        return "image_link_missing"
    return ""


def identifier_exists(item: FeedItem) -> bool:
    """Tell whether the item has what identifies it worldwide: a GTIN, or brand and manufacturer's number."""
    return bool(item.gtin or (item.product.brand and item.details.mpn))


class GoogleXml(FeedFormat):
    """RSS 2.0."""

    def refusal(self, item: FeedItem) -> str:
        """Return the required attribute that is missing."""
        return missing(item)

    def head(self) -> bytes:
        """Return the channel's start. No time in it: equal items give equal bytes and so an equal ETag."""
        about = self.about
        return without_controls(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">\n<channel>\n'
            f"<title>{escaped(about.title)}</title>\n<link>{escaped(about.link)}</link>\n"
            f"<description>{escaped(about.title)}</description>\n"
        )

    def body(self, items: Sequence[FeedItem]) -> bytes:
        """Return `<item>` elements."""
        return without_controls("".join(map(_xml_item, items)))

    def tail(self) -> bytes:
        """Return the channel's end."""
        return b"</channel>\n</rss>\n"


def escaped(text: str) -> str:
    """Return the text as XML character data."""
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    return text.replace(">", "&gt;") if ">" in text else text


def _xml_item(item: FeedItem) -> str:
    currency, product = item.currency, item.product
    parts = [
        f"<item>\n<g:id>{item.id}</g:id>\n<g:title>{escaped(item.title[:TITLE])}</g:title>\n"
        f"<g:description>{escaped(product.description or item.title)}</g:description>\n"
        f"<g:link>{escaped(item.link)}</g:link>\n<g:image_link>{escaped(item.image_link)}</g:image_link>\n"
        f"<g:availability>{item.availability}</g:availability>\n<g:price>{item.price} {currency}</g:price>\n"
        f"<g:condition>{item.details.condition}</g:condition>\n"
    ]
    for image in item.additional_image_links:
        parts.append(f"<g:additional_image_link>{escaped(image)}</g:additional_image_link>\n")
    if item.sale_price:
        parts.append(f"<g:sale_price>{item.sale_price} {currency}</g:sale_price>\n")
    if item.gtin:
        parts.append(f"<g:gtin>{item.gtin}</g:gtin>\n")
    elif not identifier_exists(item):
        parts.append("<g:identifier_exists>no</g:identifier_exists>\n")
    if product.brand:
        parts.append(f"<g:brand>{escaped(product.brand[:SHORT])}</g:brand>\n")
    if product.product_type:
        parts.append(f"<g:product_type>{escaped(product.product_type[:PRODUCT_TYPE])}</g:product_type>\n")
    if item.item_group_id:
        parts.append(f"<g:item_group_id>{item.item_group_id}</g:item_group_id>\n")
    if item.details is not NO_DETAILS:
        parts.append(_xml_details(item.details))
    parts.append("</item>\n")
    return "".join(parts)


def _xml_details(details: Details) -> str:
    named = (
        ("mpn", details.mpn, SHORT),
        ("google_product_category", details.google_product_category, PRODUCT_TYPE),
        ("availability_date", details.availability_date, SHORT),
        ("color", details.color, DETAIL),
        ("size", details.size, DETAIL),
        ("material", details.material, MATERIAL),
        ("pattern", details.pattern, DETAIL),
        ("gender", details.gender, DETAIL),
        ("age_group", details.age_group, DETAIL),
    )
    return "".join([f"<g:{name}>{escaped(value[:most])}</g:{name}>\n" for name, value, most in named if value])


class GoogleCsv(CsvFormat):
    """The same attributes, one column each; several images stand in one cell, separated by commas."""

    columns = (
        *("id", "title", "description", "link", "image_link", "additional_image_link", "availability"),
        *("availability_date", "price", "sale_price", "brand", "gtin", "mpn", "identifier_exists", "condition"),
        *("item_group_id", "product_type", "google_product_category", "color", "size", "material", "pattern"),
        *("gender", "age_group"),
    )

    def refusal(self, item: FeedItem) -> str:
        """Return the required attribute that is missing."""
        return missing(item)

    def row(self, item: FeedItem) -> list[str]:
        """Return one line's cells."""
        product, details = item.product, item.details
        return [
            item.id,
            item.title[:TITLE],
            product.description or item.title,
            item.link,
            item.image_link,
            ",".join([image.replace(",", "%2C") for image in item.additional_image_links]),
            item.availability,
            details.availability_date,
            f"{item.price} {item.currency}",
            f"{item.sale_price} {item.currency}" if item.sale_price else "",
            product.brand[:SHORT],
            item.gtin,
            details.mpn[:SHORT],
            "" if identifier_exists(item) else "no",
            details.condition,
            item.item_group_id,
            product.product_type[:PRODUCT_TYPE],
            details.google_product_category[:PRODUCT_TYPE],
            details.color[:DETAIL],
            details.size[:DETAIL],
            details.material[:MATERIAL],
            details.pattern[:DETAIL],
            details.gender,
            details.age_group,
        ]
