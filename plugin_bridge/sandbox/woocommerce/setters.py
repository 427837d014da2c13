"""What each field of a product write does to an item; unknown and read-only fields have no setter."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from plugin_bridge.sandbox.woocommerce.bodies import Body, as_bool
from plugin_bridge.sandbox.woocommerce.dates import gmt_text
from plugin_bridge.sandbox.woocommerce.item import Attribute, Item, Meta, Picture
from plugin_bridge.sandbox.woocommerce.rest import RestError
from plugin_bridge.sandbox.woocommerce.shop import Shop
from plugin_bridge.sandbox.woocommerce.terms import BRANDS, CATEGORIES, TAGS

Setter = Callable[[Shop, Item, Any], None]


def _text(field: str) -> Setter:
    def put(_: Shop, item: Item, value: Any) -> None:
        setattr(item, field, str(value if value is not None else ""))

    return put


_DANGEROUS = re.compile(r"</?(?:script|style|iframe|form|input|object|embed)\b[^>]*>", re.IGNORECASE)
_BARE_AMPERSAND = re.compile(r"&(?!(?:#\d+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);)")


def _markup(field: str) -> Setter:
    """Keep what WordPress lets through: dangerous tags fall out, their content stays; ampersands become entities."""

    def put(_: Shop, item: Item, value: Any) -> None:
        text = _DANGEROUS.sub("", str(value if value is not None else ""))
        setattr(item, field, _BARE_AMPERSAND.sub("&amp;", text))

    return put


def _barcode(_: Shop, item: Item, value: Any) -> None:
    item.gtin = re.sub(r"[^0-9-]", "", str(value if value is not None else ""))


def _terms(kind: str, field: str) -> Setter:
    def put(shop: Shop, item: Item, value: Any) -> None:
        rows = [row for row in _rows(value) if isinstance(row, dict)]
        known = shop.terms.by_id[kind]
        ids = [row["id"] for row in rows if isinstance(row.get("id"), int) and row["id"] in known]
        ids += [shop.terms.named(kind, str(row["name"])) for row in rows if "id" not in row and row.get("name")]
        if kind == CATEGORIES and not ids:
            ids = [shop.terms.path("")]
        setattr(item, field, tuple(dict.fromkeys(ids)))

    return put


def _images(shop: Shop, item: Item, value: Any) -> None:
    known = {picture.id: picture for picture in item.pictures}
    found: list[Picture] = []
    for row in _rows(value):
        if isinstance(row, dict) and row.get("src"):
            found.append(Picture(shop.take_id(), _kept_at(shop, str(row["src"])), str(row.get("alt") or "")))
        elif isinstance(row, dict) and isinstance(row.get("id"), int) and row["id"] in known:
            old = known[row["id"]]
            found.append(Picture(old.id, old.src, str(row.get("alt") or old.alt)))
    item.pictures = tuple(found)


def _kept_at(shop: Shop, src: str) -> str:
    """Return the address of the store's own copy: what it is sent is fetched and kept."""
    year, month = gmt_text(int(shop.now())).split("-")[:2]
    name = urlsplit(src).path.rsplit("/", 1)[-1] or "image"
    return f"{shop.options.address}/wp-content/uploads/{year}/{month}/{name}"


def unfetchable(body: Body) -> RestError | None:
    """Return the refusal of the first picture from a host that cannot be: its name ends in `.invalid`."""
    rows = [*_rows(body.get("images")), body.get("image")]
    for src in (str(row.get("src") or "") for row in rows if isinstance(row, dict)):
        try:
            host = urlsplit(src).hostname or ""
        except ValueError:
            host = "x.invalid"
        if host.endswith(".invalid"):
            text = f"Error getting remote image {src}. Error: Could not resolve host."
            return RestError("woocommerce_product_image_upload_error", text, 400)
    return None


def _image(shop: Shop, item: Item, value: Any) -> None:
    _images(shop, item, [value] if value else [])


def _attributes(_: Shop, item: Item, value: Any) -> None:
    rows = [row for row in _rows(value) if isinstance(row, dict) and row.get("name")]
    if item.is_variation:
        item.choices = tuple((str(row["name"]), str(row.get("option", ""))) for row in rows)
        return
    item.attributes = tuple(
        Attribute(
            str(row["name"]),
            tuple(str(option) for option in row.get("options") or ()),
            variation=as_bool(row.get("variation")),
            visible=as_bool(row.get("visible", True)),
        )
        for row in rows
    )


def _meta(shop: Shop, item: Item, value: Any) -> None:
    rows = {meta.key: meta for meta in item.meta}
    for row in _rows(value):
        if isinstance(row, dict) and row.get("key"):
            key = str(row["key"])
            old = rows.get(key)
            rows[key] = Meta(shop.take_meta_id() if old is None else old.id, key, row.get("value"))
    item.meta = tuple(rows.values())


SETTERS: dict[str, Setter] = {
    "name": _markup("name"),
    "description": _markup("description"),
    "short_description": _markup("short_description"),
    "sku": _text("sku"),
    "status": _text("status"),
    "weight": _text("weight"),
    "global_unique_id": _barcode,
    "backorders": _text("backorders"),
    "catalog_visibility": _text("catalog_visibility"),
    "categories": _terms(CATEGORIES, "categories"),
    "tags": _terms(TAGS, "tags"),
    "brands": _terms(BRANDS, "brands"),
    "images": _images,
    "image": _image,
    "attributes": _attributes,
    "meta_data": _meta,
}


def _rows(value: Any) -> list[Any]:
    """Return a list as it is and anything else as none: types inside a batch are not checked, and PHP only warns."""
    return value if isinstance(value, list) else []
