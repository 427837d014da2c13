"""The parts of WooCommerce's JSON that we read, with the types it has in every healthy store.

A page that a plugin bent is read by `bent.py` into the same structs, so that mapping never meets a strange type.
"""

import re
from collections.abc import Callable
from html import unescape
from typing import Annotated, Any

import msgspec

from backend.kit.text import storable
from backend.ports.store_platform import RowIssue

MAX_ID = 2**63 - 1
MAX_COUNT = 2**31 - 1
Id = Annotated[int, msgspec.Meta(gt=0, le=MAX_ID)]
Count = Annotated[int, msgspec.Meta(ge=-MAX_COUNT, le=MAX_COUNT)]


class WooImage(msgspec.Struct, kw_only=True, gc=False):
    """`images[]` and a variation's `image`."""

    id: int = 0
    src: str = ""
    alt: str = ""


class WooTerm(msgspec.Struct, kw_only=True, gc=False):
    """`categories[]`, `brands[]`, `tags[]`."""

    id: int = 0
    name: str = ""


class WooAttribute(msgspec.Struct, kw_only=True, gc=False):
    """`attributes[]`: a product has `options`, a variation `option`."""

    name: str = ""
    option: str = ""
    options: list[str] = []
    variation: bool = False


class WooMeta(msgspec.Struct, kw_only=True):
    """`meta_data[]`: a value of its own under any key."""

    key: str = ""
    value: Any = None


class WooItem(msgspec.Struct, kw_only=True, gc=False):
    """A product or a variation; defaults stand for what a store leaves out."""

    id: Id
    parent_id: Annotated[int, msgspec.Meta(ge=0, le=MAX_ID)] = 0
    type: str = "simple"
    status: str = "publish"
    name: str = ""
    slug: str = ""
    permalink: str = ""
    date_modified_gmt: str | None = None
    description: str = ""
    short_description: str = ""
    sku: str = ""
    global_unique_id: str = ""
    price: str = ""
    regular_price: str = ""
    sale_price: str = ""
    on_sale: bool = False
    manage_stock: bool | str = False
    """`"parent"`: counted, together with the parent's other variations."""
    stock_quantity: Count | None = None
    stock_status: str = "instock"
    backorders: str = "no"
    weight: str = ""
    categories: list[WooTerm] = []
    brands: list[WooTerm] = []
    tags: list[WooTerm] = []
    images: list[WooImage] = []
    image: WooImage | None = None
    attributes: list[WooAttribute] = []
    meta_data: list[WooMeta] | None = None
    """None: the store did not say."""


class Items(msgspec.Struct):
    """One page as read: every text in it can be stored, names and titles hold no HTML entities."""

    items: list[WooItem]
    issues: list[RowIssue]
    listed: int
    """Rows in the answer, the unreadable ones too."""


_COMMON = (
    "id,status,name,permalink,date_modified_gmt,description,sku,global_unique_id,price,regular_price,sale_price,"
    "on_sale,manage_stock,stock_quantity,stock_status,backorders,weight,attributes"
)
PRODUCT_FIELDS = f"{_COMMON},type,slug,short_description,categories,brands,tags,images"
VARIATION_FIELDS = f"{_COMMON},parent_id,image"

TEXTS = tuple(field.name for field in msgspec.structs.fields(WooItem) if field.type is str)
_ESCAPED = re.compile(rb"\\(?:u(?:00(?:[01]|26|7[fF])|[dD][89a-fA-F]|[fF]{3}[eEfF])|[bf])")
_NONCHARACTERS = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_READ = msgspec.json.Decoder(list[WooItem]).decode


def read_healthy(body: bytes) -> list[WooItem]:
    """Read a page whose rows all have the usual types.

    Raises:   msgspec.DecodeError, UnicodeDecodeError, RecursionError.
    """
    items = _READ(body)
    if not is_plain(body):
        for item in items:
            tidy(item)
    elif b"&" in body:
        for item in items:
            _read_entities(item, _plain_if_escaped, _url_if_escaped)
    return items


def is_plain(body: bytes) -> bool:
    """Say whether no text in this JSON can hold a control character, a lone surrogate or a noncharacter.

    Looking once at the page is far cheaper than looking at every text; a wrong no only costs that time.
    """
    # Looking for one byte is a hundred times faster than looking for two, so that comes first.
    if b"\x7f" in body or (b"\xef" in body and any(bad in body for bad in _NONCHARACTERS)):
        return False
    return b"\\" not in body or not _ESCAPED.search(body)


def tidy(item: WooItem) -> None:
    """Make every text of a row storable, and turn entities in what is no HTML into characters."""
    for field in TEXTS:
        setattr(item, field, storable(getattr(item, field)))
    _read_entities(item, plain_text, plain_url)


def _read_entities(item: WooItem, text: Callable[[str], str], url: Callable[[str], str]) -> None:
    item.name = text(item.name)
    item.permalink = url(item.permalink)
    for term in (*item.categories, *item.brands, *item.tags):
        term.name = text(term.name)
    for image in (*item.images, item.image or WooImage()):
        image.src, image.alt = url(image.src), text(image.alt)
    for attribute in item.attributes:
        attribute.name, attribute.option = text(attribute.name), text(attribute.option)
        attribute.options = [text(option) for option in attribute.options]


def plain_text(text: str) -> str:
    """Turn entities into characters. Only whole ones with a semicolon: "Cats &notes" has none."""
    return storable(_ENTITY.sub(_character, text) if "&" in text else text)


def plain_url(text: str) -> str:
    """Turn the ampersands that WordPress prints as entities into plain ones; "&copy=1" in a query is a parameter."""
    return storable(text.replace("&amp;", "&").replace("&#038;", "&") if "&" in text else text)


def _plain_if_escaped(text: str) -> str:
    return plain_text(text) if "&" in text else text


def _url_if_escaped(text: str) -> str:
    return plain_url(text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    return unescape(match.group())
