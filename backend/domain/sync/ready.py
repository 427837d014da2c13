"""Pages made ready for their merge while the database still works on those before: limits kept, rows worked out."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import NamedTuple

import msgspec

from backend.domain.catalog.limits import within_limits
from backend.domain.catalog.staging import ShownRows, shown_rows, together
from backend.ports.store_platform import CatalogPage, PlatformProduct, PlatformVariant, RowIssue

_SLICE = 50
"""Rows worked out in one go: a third of a millisecond."""


class ReadyPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a walk, and what of it goes into the catalog."""

    page: CatalogPage
    currency: str
    """That its rows were worked out in."""
    products: Sequence[PlatformProduct]
    variants: Sequence[PlatformVariant]
    """Those that come apart from their product."""
    issues: Sequence[RowIssue]
    """The page's, and those of what is too long."""
    rows: ShownRows

    @property
    def cursor(self) -> str:
        """The page's."""
        return self.page.cursor


def ready(page: CatalogPage, currency: str) -> ReadyPage:
    """Return a page with its rows.

    Args:     currency: of the store, ISO 4217 or "".
    """
    return _joined(page, currency, [_worked_out(page.products, page.variants, currency)])


async def ready_pages(pages: AsyncIterator[CatalogPage], currency: str) -> AsyncIterator[ReadyPage]:
    """Yield pages with their rows; in the reader's time, so that the database waits for the merge alone."""
    async for page in pages:
        parts = []
        for products, variants in _slices(page):
            parts.append(_worked_out(products, variants, currency))
            # A merge that has its answer goes on at once, and not when a whole page is worked out.
            await asyncio.sleep(0)
        yield _joined(page, currency, parts)


class _Part(NamedTuple):
    products: Sequence[PlatformProduct]
    variants: Sequence[PlatformVariant]
    too_long: Sequence[RowIssue]
    rows: ShownRows


def _slices(page: CatalogPage) -> Iterator[tuple[Sequence[PlatformProduct], Sequence[PlatformVariant]]]:
    for start in range(0, len(page.products), _SLICE):
        yield page.products[start : start + _SLICE], ()
    for start in range(0, len(page.variants), _SLICE):
        yield (), page.variants[start : start + _SLICE]


def _worked_out(products: Sequence[PlatformProduct], variants: Sequence[PlatformVariant], currency: str) -> _Part:
    products, variants, too_long = within_limits(products, variants)
    return _Part(products, variants, too_long, shown_rows(products, variants, currency=currency))


def _joined(page: CatalogPage, currency: str, parts: Sequence[_Part]) -> ReadyPage:
    return ReadyPage(
        page=page,
        currency=currency,
        products=[product for part in parts for product in part.products],
        variants=[variant for part in parts for variant in part.variants],
        issues=[*page.issues, *(issue for part in parts for issue in part.too_long)],
        rows=together(part.rows for part in parts),
    )
