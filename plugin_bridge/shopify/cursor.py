"""Where a walk stands: text that is stored with each page and goes on behind it, in whatever process."""

from typing import Literal

import msgspec


class BulkCursor(msgspec.Struct, frozen=True, kw_only=True, tag="bulk", tag_field="by", omit_defaults=True):
    """A walk over the files of two bulk operations, products first."""

    products: str = ""
    """Global id of the operation; "": not started yet."""
    variants: str = ""
    stream: Literal["products", "variants"] = "products"
    offset: int = 0
    """Bytes of that stream's file which are done."""
    tries: int = 0
    """How often an operation failed and was started anew."""


class PageCursor(msgspec.Struct, frozen=True, kw_only=True, tag="page", tag_field="by", omit_defaults=True):
    """A walk over pages of what changed, products first."""

    stream: Literal["products", "variants"] = "products"
    after: str | None = None


Cursor = BulkCursor | PageCursor
_decoder: msgspec.json.Decoder[Cursor] = msgspec.json.Decoder(Cursor)


def read_cursor(text: str | None) -> Cursor | None:
    """Return where a stored cursor stands; None for none, and for one that no version of ours wrote."""
    if text is None:
        return None
    try:
        return _decoder.decode(text)
    except msgspec.DecodeError:
        return None


def cursor_text(cursor: Cursor) -> str:
    """Return a cursor as it is stored."""
    return msgspec.json.encode(cursor).decode()
