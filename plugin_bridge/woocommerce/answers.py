"""What a store answers to a batch: a row for each row that was sent, an item or a refusal."""

import re
from typing import Any

import msgspec

from backend.kit.text import clipped
from backend.ports.store_writes import FAILED, REFUSED, WriteResult
from plugin_bridge.http import json_text
from plugin_bridge.woocommerce.bent import number_of, read_items
from plugin_bridge.woocommerce.client import Answer
from plugin_bridge.woocommerce.wire import WooItem, plain_text

_CODES = {
    "product_invalid_sku": "sku_taken",
    "woocommerce_rest_product_sku_already_exists": "sku_taken",
    "product_invalid_global_unique_id": "barcode_taken",
}
_MARKUP = re.compile(r"<[^>]*>")


class Refusal(msgspec.Struct, kw_only=True):
    """Why the store did not take a row."""

    code: str = ""
    message: str = ""
    data: Any = None

    @property
    def neutral_code(self) -> str:
        """The code in the words of the port."""
        if self.code in _CODES:
            return _CODES[self.code]
        if self.code.endswith("invalid_id"):
            return "gone"
        if "image" in self.code:
            return "image_refused"
        return "server_error" if self.passes else "rejected"

    @property
    def passes(self) -> bool:
        """True when the store itself failed over it, which may pass."""
        status = self.data.get("status") if isinstance(self.data, dict) else None
        return isinstance(status, int) and status >= 500

    @property
    def owner(self) -> int | None:
        """Id of the thing that stands in the way."""
        found = self.data.get("resource_id") if isinstance(self.data, dict) else None
        return number_of(found)

    def result(self, key: str) -> WriteResult:
        """Return what became of the write with this key."""
        return WriteResult(
            key=key,
            outcome=FAILED if self.passes else REFUSED,
            code=self.neutral_code,
            message=sentence(self.message) or "The store refused it without saying why",
        )


Row = WooItem | Refusal


class _Rows(msgspec.Struct):
    create: list[msgspec.Raw] = []
    update: list[msgspec.Raw] = []
    delete: list[msgspec.Raw] = []


class _Refused(msgspec.Struct):
    error: Refusal | None = None


class BatchRows:
    """Reads the answer to a batch and says whether it can be used; keeps the rows, so that it is read once.

    Args:     name: `create` or `update`. count: rows that were sent.
    """

    def __init__(self, name: str, count: int) -> None:
        self._name, self._count = name, count
        self.rows: list[Row] = []

    def __call__(self, answer: Answer) -> bool:
        """Tell whether the answer holds every row."""
        body = json_text(answer.content, answer.content_type)
        if body is None:
            return False
        try:
            raw: list[msgspec.Raw] = getattr(msgspec.json.decode(body, type=_Rows), self._name)
            rows = [_row(bytes(one)) for one in raw]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        self.rows = [row for row in rows if row is not None]
        return len(self.rows) == self._count


def read_row(content: bytes) -> WooItem | None:
    """Return the item of an answer that holds one; None when it holds none."""
    found = read_items(b"[" + content + b"]", "application/json")
    return found.items[0] if found is not None and len(found.items) == 1 else None


def _row(content: bytes) -> Row | None:
    try:
        refusal = msgspec.json.decode(content, type=_Refused).error
    except msgspec.ValidationError:
        refusal = Refusal()
    return refusal if refusal is not None else read_row(content)


def sentence(text: str) -> str:
    """Return a message of the store as one short line without markup."""
    return clipped(" ".join(plain_text(_MARKUP.sub(" ", text)).split()), 200)
