"""One batch of catalog rows -> the bytes of a feed, and what was left out. No IO."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from backend.domain.feeds.filters import EVERYTHING, FeedFilters, wanted
from backend.domain.feeds.formats import FeedFormat
from backend.domain.feeds.items import FeedItem, ProductFacts, feed_item, product_facts

PIECE = 200
"""Items per piece: about five milliseconds."""


class FeedRendering:
    """Renders the batches of one generation in order; keeps only counts."""

    def __init__(self, writer: FeedFormat, filters: FeedFilters, today: date) -> None:
        self.writer = writer
        self.item_count = 0
        self.skipped: Counter[str] = Counter()
        self._filters = filters
        self._today = today

    def pieces(self, variants: Sequence[Sequence[Any]], products: Sequence[Sequence[Any]]) -> Iterator[bytes]:
        """Yield a batch in the feed's format, a few milliseconds of work at a time.

        Args:     variants: rows of `repository.VARIANTS`. products: rows of `repository.PRODUCTS` for them; a variant
                  whose product is not among them is left out, its product is deleted.
        """
        rows = {row[0]: row for row in products}
        facts: dict[int, ProductFacts] = {}
        for start in range(0, len(variants), PIECE):
            items = self._items(variants[start : start + PIECE], rows, facts)
            self.item_count += len(items)
            yield self.writer.body(items)

    def _items(
        self,
        variants: Sequence[Sequence[Any]],
        rows: Mapping[int, Sequence[Any]],
        facts: dict[int, ProductFacts],
    ) -> list[FeedItem]:
        today, refusal, everything = self._today, self.writer.refusal, self._filters == EVERYTHING
        items: list[FeedItem] = []
        for variant in variants:
            product_id = variant[1]
            product = facts.get(product_id)
            if product is None:
                row = rows.get(product_id)
                if row is None:
                    self.skipped["product_deleted"] += 1
                    continue
                product = facts[product_id] = product_facts(row)
            item = feed_item(variant, product, today)
            reason = item if isinstance(item, str) else refusal(item)
            if not reason and not isinstance(item, str):
                if everything or wanted(item, self._filters):
                    items.append(item)
                    continue
                reason = "filtered"
            self.skipped[reason] += 1
        return items
