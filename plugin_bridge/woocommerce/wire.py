"""The parts of WooCommerce's JSON that we read, and reading them when a plugin bent their types."""

import re
from typing import Any

import msgspec

from backend.ports.store_platform import RowIssue
from plugin_bridge.http import decode_lenient, json_text

Scalar = str | int | float | bool | None
MAX_ID = 2**63 - 1


class WooImage(msgspec.Struct, kw_only=True, gc=False):
    """`images[]` and a variation's `image`."""

    src: Scalar = ""
    alt: Scalar = ""


class WooTerm(msgspec.Struct, kw_only=True, gc=False):
    """`categories[]`, `brands[]`, `tags[]`."""

    id: Scalar = None
    name: Scalar = ""


class WooAttribute(msgspec.Struct, kw_only=True, gc=False):
    """`attributes[]`: a product has `options`, a variation `option`."""

    name: Scalar = ""
    option: Scalar = ""
    options: list[Scalar] | None = None
    variation: Scalar = False


class WooItem(msgspec.Struct, kw_only=True, gc=False):
    """A product or a variation; defaults stand for what a store leaves out."""

    id: int
    parent_id: int = 0
    type: Scalar = "simple"
    status: Scalar = "publish"
    name: Scalar = ""
    slug: Scalar = ""
    permalink: Scalar = ""
    date_modified_gmt: Scalar = None
    description: Scalar = ""
    short_description: Scalar = ""
    sku: Scalar = ""
    global_unique_id: Scalar = ""
    price: Scalar = ""
    regular_price: Scalar = ""
    sale_price: Scalar = ""
    on_sale: Scalar = False
    manage_stock: Scalar = False
    stock_quantity: Scalar = None
    stock_status: Scalar = "instock"
    backorders: Scalar = "no"
    weight: Scalar = ""
    categories: list[WooTerm] | None = None
    brands: list[WooTerm] | None = None
    tags: list[WooTerm] | None = None
    images: list[WooImage] | None = None
    image: WooImage | None = None
    attributes: list[WooAttribute] | None = None


class Items(msgspec.Struct):
    """One page as read: `clean` says that no text in it can hold a character that cannot be stored."""

    items: list[WooItem]
    issues: list[RowIssue]
    clean: bool
    listed: int
    """Rows in the answer, the unreadable ones too."""


_COMMON = (
    "id,status,name,permalink,date_modified_gmt,description,sku,global_unique_id,price,regular_price,sale_price,"
    "on_sale,manage_stock,stock_quantity,stock_status,backorders,weight,attributes"
)
PRODUCT_FIELDS = f"{_COMMON},type,slug,short_description,categories,brands,tags,images"
VARIATION_FIELDS = f"{_COMMON},parent_id,image"

_DECODER = msgspec.json.Decoder(list[WooItem])
_CONTAINERS: dict[str, type[msgspec.Struct]] = {
    "categories": WooTerm,
    "brands": WooTerm,
    "tags": WooTerm,
    "images": WooImage,
    "attributes": WooAttribute,
}
_SCALARS = tuple(
    f.name for f in msgspec.structs.fields(WooItem) if f.name not in {*_CONTAINERS, "id", "parent_id", "image"}
)
_ESCAPED = re.compile(rb"\\(?:u(?:00(?:[01]|7[fF])|[dD][89a-fA-F]|[fF]{3}[eEfF])|[bf])")
_NONCHARACTERS = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")


def read_items(content: bytes, content_type: str) -> Items | None:
    """Read a page of products or variations.

    Returns:  None when the answer holds no whole JSON list; rows that are no objects or have no ID become issues.
    """
    body = json_text(content, content_type)
    if body is None:
        return None
    try:
        items = _DECODER.decode(body)
        return Items(items, [], is_clean(body), len(items))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _read_leniently(content)


def is_clean(body: bytes) -> bool:
    """Say whether no text in this JSON can hold a control character, a lone surrogate or a noncharacter.

    Looking once at the page is far cheaper than looking at every text; a wrong no only costs that time.
    """
    # Looking for one byte is a hundred times faster than looking for two, so that comes first.
    if b"\x7f" in body or (b"\xef" in body and any(bad in body for bad in _NONCHARACTERS)):
        return False
    return b"\\" not in body or not _ESCAPED.search(body)


def _read_leniently(content: bytes) -> Items | None:
    try:
        rows = decode_lenient(content)
    except ValueError:
        return None
    if not isinstance(rows, list):
        return None
    page = Items([], [], False, len(rows))
    for row in rows:
        item = _item(row, page.issues)
        if item is not None:
            page.items.append(item)
    return page


def _item(row: Any, issues: list[RowIssue]) -> WooItem | None:
    if not isinstance(row, dict):
        issues.append(RowIssue(code="row_unreadable", message="The store listed something that is no product"))
        return None
    number = _id(row.get("id"))
    if number is None:
        issues.append(RowIssue(code="id_missing", message="The store listed a product without an ID", field="id"))
        return None
    item = WooItem(id=number, parent_id=_id(row.get("parent_id")) or 0)
    for name in _SCALARS:
        if name in row:
            setattr(item, name, _scalar(row[name], name, number, issues))
    for name, kind in _CONTAINERS.items():
        setattr(item, name, _structs(row.get(name), kind))
    image = _structs([row.get("image")], WooImage)
    item.image = image[0] if image else None
    return item


def _scalar(value: Any, name: str, number: int, issues: list[RowIssue]) -> Scalar:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if value not in ([], {}):  # PHP prints an empty value as [] now and then
        issues.append(
            RowIssue(code="field_unreadable", message=f"{name} has a strange form", external_id=str(number), field=name)
        )
    return None


def _structs(value: Any, kind: type[msgspec.Struct]) -> list[Any]:
    rows = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(rows, list):
        return []
    return [_struct(row, kind) for row in rows if isinstance(row, dict)]


def _struct(row: dict[str, Any], kind: type[msgspec.Struct]) -> msgspec.Struct:
    made = kind()
    for name in kind.__struct_fields__:
        value = row.get(name)
        if isinstance(value, list | dict):
            values = value.values() if isinstance(value, dict) else value
            value = [v for v in values if not isinstance(v, list | dict)] if name == "options" else None
        if value is not None and (name != "options" or isinstance(value, list)):
            setattr(made, name, value)
    return made


def _id(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_ID else None
