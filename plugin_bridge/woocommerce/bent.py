"""Reading a page of products whose JSON a plugin, a cache or an importer bent: strange types cost only their field."""

import math
from typing import Any

import msgspec

from backend.ports.store_platform import RowIssue
from plugin_bridge.http import decode_lenient, json_text
from plugin_bridge.woocommerce.wire import (
    MAX_COUNT,
    MAX_ID,
    TEXTS,
    Items,
    WooAttribute,
    WooImage,
    WooItem,
    WooMeta,
    WooTerm,
    read_healthy,
    tidy,
)

_YES = (True, 1, "1", "true", "yes")
_NUMBERS = {"price", "regular_price", "sale_price", "weight"}


def read_items(content: bytes, content_type: str) -> Items | None:
    """Read a page of products or variations.

    Returns:  None when the answer holds no whole JSON list; rows that are no objects or have no ID become issues.
    """
    body = json_text(content, content_type)
    if body is None:
        return None
    try:
        items = read_healthy(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _read_bent(content)
    return Items(items, [], len(items))


def _read_bent(content: bytes) -> Items | None:
    try:
        rows = decode_lenient(content)
    except ValueError:
        return None
    if not isinstance(rows, list):
        return None
    page = Items([], [], len(rows))
    for row in rows:
        item = _item(row, page.issues)
        if item is not None:
            tidy(item)
            page.items.append(item)
    return page


def _item(row: Any, issues: list[RowIssue]) -> WooItem | None:
    if not isinstance(row, dict):
        issues.append(RowIssue(code="row_unreadable", message="The store listed something that is no product"))
        return None
    number = number_of(row.get("id"))
    if number is None:
        issues.append(RowIssue(code="id_missing", message="The store listed a product without an ID", field="id"))
        return None
    item = WooItem(id=number, parent_id=number_of(row.get("parent_id")) or 0)
    for name in TEXTS:
        if name in row:
            setattr(item, name, _text(row[name], name, item, issues))
    moment = row.get("date_modified_gmt")
    item.date_modified_gmt = moment if isinstance(moment, str) else None
    item.on_sale = _said(row.get("on_sale"))
    managed = row.get("manage_stock")
    item.manage_stock = "parent" if managed == "parent" else _said(managed)
    item.stock_quantity = _count(row.get("stock_quantity"), item, issues) if item.manage_stock else None
    for name in ("categories", "brands", "tags"):
        setattr(item, name, [_term(one) for one in _rows(row.get(name))])
    item.images = [_image(one) for one in _rows(row.get("images"))]
    item.image = next((_image(one) for one in _rows([row.get("image")])), None)
    item.attributes = [_attribute(one) for one in _rows(row.get("attributes"))]
    if "meta_data" in row:
        told = _rows(row["meta_data"])
        item.meta_data = [WooMeta(key=_plain(one.get("key")), value=one.get("value")) for one in told]
    return item


def _text(value: Any, name: str, item: WooItem, issues: list[RowIssue]) -> str:
    if isinstance(value, list | dict):
        if value:  # PHP prints an empty value as [] now and then
            _issue(item, issues, "field_unreadable", f"{name} has a strange form", name)
        return ""
    return _number(value) if name in _NUMBERS else _plain(value)


def _number(value: Any) -> str:
    """Print a number that should have been a text, exactly; what is no number stays to be refused by its reader."""
    return str(value).lower() if isinstance(value, bool) else _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    # Python refuses to print integers of thousands of digits, and no name, SKU or price is one.
    return repr(value) if isinstance(value, float) or abs(value) < 10**40 else "(a huge number)"


def _said(value: Any) -> bool:
    return isinstance(value, bool | int | str) and value in _YES


def _count(value: Any, item: WooItem, issues: list[RowIssue]) -> int | None:
    if value is None or value == "":
        return None
    try:
        count = math.nan if isinstance(value, bool | list | dict) else float(value)
    except (ValueError, OverflowError):
        count = math.nan
    if not abs(count) <= MAX_COUNT:
        _issue(item, issues, "stock_unreadable", "stock_quantity cannot be read as a number", "stock_quantity")
        return None
    if count != math.floor(count):
        _issue(item, issues, "stock_rounded", "stock_quantity is no whole number; rounded down", "stock_quantity")
    return math.floor(count)


def _rows(value: Any) -> list[dict[str, Any]]:
    rows = list(value.values()) if isinstance(value, dict) else value
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _term(row: dict[str, Any]) -> WooTerm:
    return WooTerm(id=number_of(row.get("id")) or 0, name=_plain(row.get("name")))


def _image(row: dict[str, Any]) -> WooImage:
    return WooImage(id=number_of(row.get("id")) or 0, src=_plain(row.get("src")), alt=_plain(row.get("alt")))


def _attribute(row: dict[str, Any]) -> WooAttribute:
    options = row.get("options")
    values = list(options.values()) if isinstance(options, dict) else options
    return WooAttribute(
        name=_plain(row.get("name")),
        option=_plain(row.get("option")),
        options=[_plain(value) for value in values] if isinstance(values, list) else [],
        variation=_said(row.get("variation")),
    )


def number_of(value: Any) -> int | None:
    """Return an id that may be printed as a text; None when it is none."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MAX_ID else None


def _issue(item: WooItem, issues: list[RowIssue], code: str, message: str, field: str) -> None:
    issues.append(RowIssue(code=code, message=message, external_id=str(item.id), field=field))
