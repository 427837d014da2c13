"""What every writer of a feed offers, and the CSV that several of them share."""

import csv
import io
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

import msgspec

from backend.domain.feeds.items import FeedItem


class FeedAbout(msgspec.Struct, frozen=True, kw_only=True):
    """What a feed says of itself."""

    slug: str
    title: str
    link: str
    """Public address of the feed, or ""."""
    generated_at: str
    """ISO 8601, UTC, as in X-Feed-Generated."""


class FeedFormat(ABC):
    """Writes one feed in UTF-8: `head`, then `body` per batch, then `tail`. One object per generation."""

    def __init__(self, about: FeedAbout) -> None:
        self.about = about

    def refusal(self, item: FeedItem) -> str:
        """Return which required attribute is missing (`image_link_missing`), or ""."""
        return "" if item.title else "title_missing"

    @abstractmethod
    def head(self) -> bytes:
        """Return what stands before the first item."""

    @abstractmethod
    def body(self, items: Sequence[FeedItem]) -> bytes:
        """Return one batch of items, which `refusal` let through."""

    @abstractmethod
    def tail(self) -> bytes:
        """Return what stands after the last item."""


class CsvFormat(FeedFormat):
    """CSV as RFC 4180 has it: commas, CRLF, quotes where needed, a header line, UTF-8 without a mark.

    Spreadsheets run cells that begin with = + - @ as formulas. Such a cell gets an apostrophe in front, which
    spreadsheets do not show and which is what OWASP advises; texts are trimmed before, so no blank can hide the sign.
    """

    columns: tuple[str, ...] = ()

    @abstractmethod
    def row(self, item: FeedItem) -> list[str]:
        """Return one line's cells, in the order of `columns`."""

    def head(self) -> bytes:
        """Return the header line."""
        return csv_lines([self.columns])

    def body(self, items: Sequence[FeedItem]) -> bytes:
        """Return one line per item."""
        return csv_lines(map(self.row, items))

    def tail(self) -> bytes:
        """Return nothing."""
        return b""


_FORMULA = frozenset("=+-@")


def csv_lines(rows: Iterable[Sequence[str]]) -> bytes:
    """Return rows as CSV with harmless cells."""
    text = io.StringIO()
    csv.writer(text).writerows(map(_harmless, rows))
    return without_controls(text.getvalue())


def _harmless(row: Sequence[str]) -> Sequence[str]:
    if _FORMULA.isdisjoint([cell[:1] for cell in row]):
        return row
    return ["'" + cell if cell[:1] in _FORMULA else cell for cell in row]


_TO_BLANKS = bytes(32 if code < 32 and code not in (9, 10, 13) else code for code in range(256))


def without_controls(text: str) -> bytes:
    """Encode as UTF-8 without what XML 1.0 forbids: controls become blanks, lone surrogates, U+FFFE and U+FFFF go.

    A net below the texts, which are clean already; on the bytes of a whole batch it costs next to nothing.
    """
    if not text.isascii():
        text = text.replace("\ufffe", "").replace("\uffff", "")
    return text.encode("utf-8", "ignore").translate(_TO_BLANKS)
