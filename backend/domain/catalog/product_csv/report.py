"""What reading a product CSV gives: products, and every row that could not be taken with its line and reason."""

import msgspec

from backend.ports.store_platform import PlatformProduct


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much one file may hold; beyond that the whole file is refused before it is worked on."""

    bytes: int = 200_000_000
    rows: int = 500_000


class Rejected(msgspec.Struct, frozen=True, order=True):
    """One row, or one value of it, that was not taken. `line` is the physical line where the record starts, from 1."""

    line: int
    reason: str


class ReadResult(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a file holds. Each record's line is in `lines` or in `rejected`, sometimes in both."""

    products: tuple[PlatformProduct, ...]
    lines: tuple[tuple[int, ...], ...]
    """For each product the lines of the records it was made of, ascending."""
    rejected: tuple[Rejected, ...]
    """Ascending by line."""
    format: str
    """`shopify` or `woocommerce`."""
    product_fields: frozenset[str] = frozenset()
    """Fields of PlatformProduct that the file has columns for; it says nothing about the others."""
    variant_fields: frozenset[str] = frozenset()
    """The same for PlatformVariant; `price` stands for `sale_price` too."""
    rows: int
    """Records that hold anything, without the header."""


class Report:
    """Collects rejected rows while a file is read."""

    def __init__(self) -> None:
        self.rows = 0
        self.rejected: list[Rejected] = []

    def reject(self, line: int, reason: str) -> None:
        """Note that the record starting on *line* (or a value of it) was not taken."""
        self.rejected.append(Rejected(line, reason))


class Refused(Exception):
    """A value that cannot be taken without guessing; the text says how to write it."""


def shown(text: str) -> str:
    """Quote a value for a message, cut to 40 characters."""
    return f'"{text}"' if len(text) <= 40 else f'"{text[:40]}…"'
