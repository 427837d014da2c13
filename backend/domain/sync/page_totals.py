"""What the pages of a walk add to a run's statistics beside what became of their rows."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from backend.ports.store_platform import CatalogPage

FORMAT_CODES = ("row_unreadable", "id_missing", "title_missing", "price_unreadable", "stock_unreadable")
"""Issues of rows that a store writes in another way than it used to; how many there are is kept with each run."""


class Told(Protocol):
    """A page that says how much the store has in all."""

    @property
    def expected(self) -> Mapping[str, int]:
        """Counts by kind, only those that are told so far."""
        ...


def totals_told(stats: Mapping[str, Any], pages: Sequence[Told]) -> dict[str, Any]:
    """Return the store's own counts, `expected_<kind>`, and whether they changed meanwhile: `total_moved`."""
    told: dict[str, Any] = {f"expected_{kind}": count for page in pages for kind, count in page.expected.items()}
    if _moved(stats, pages):
        told["total_moved"] = 1
    return told


def _moved(stats: Mapping[str, Any], pages: Sequence[Told]) -> bool:
    """Tell whether the store's own count changed while it was walked: pages may have shifted past each other."""
    known = {kind: stats.get(f"expected_{kind}") for page in pages for kind in page.expected}
    for page in pages:
        for kind, count in page.expected.items():
            if known[kind] not in (None, count):
                return True
            known[kind] = count
    return False


def format_counts(stats: Mapping[str, Any], pages: Iterable[CatalogPage]) -> dict[str, int]:
    """Return what the run has read with these pages, `read_products` and `read_variants`, and how many rows of them
    have an issue of each of `FORMAT_CODES`, `issues_<code>`; codes of which there are none are left out.
    """
    counts: Counter[str] = Counter()
    for page in pages:
        counts["read_products"] += len(page.products)
        counts["read_variants"] += len(page.variants) + sum(len(product.variants) for product in page.products)
        counts.update(f"issues_{code}" for code in _rows_with_issues(page))
    return {key: int(stats.get(key, 0)) + count for key, count in counts.items()}


def _rows_with_issues(page: CatalogPage) -> Iterator[str]:
    """Yield a code for each row that has it: two prices of one row are one."""
    met: set[tuple[str, str]] = set()
    for issue in page.issues:
        row = (issue.code, issue.external_id)
        if issue.code in FORMAT_CODES and (not issue.external_id or row not in met):
            met.add(row)
            yield issue.code
