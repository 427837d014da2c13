"""Pages made ready for their merge while the database still works on those before: limits kept, rows worked out."""

from collections.abc import AsyncIterator, Sequence

import msgspec

from backend.domain.catalog.limits import within_limits
from backend.domain.catalog.staging import ShownRows, shown_rows
from backend.ports.store_platform import CatalogPage, PlatformProduct, PlatformVariant, RowIssue


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
    products, variants, too_long = within_limits(page.products, page.variants)
    return ReadyPage(
        page=page,
        currency=currency,
        products=products,
        variants=variants,
        issues=[*page.issues, *too_long],
        rows=shown_rows(products, variants, currency=currency),
    )


async def ready_pages(pages: AsyncIterator[CatalogPage], currency: str) -> AsyncIterator[ReadyPage]:
    """Yield pages with their rows; in the reader's time, so that the database waits for the merge alone."""
    async for page in pages:
        yield ready(page, currency)
