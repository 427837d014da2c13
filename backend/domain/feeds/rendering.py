"""One batch of catalog rows -> the bytes of a feed, and what was left out. No IO; runs in a thread."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from backend.domain.feeds.filters import EVERYTHING, FeedFilters, wanted
from backend.domain.feeds.formats import FeedFormat
from backend.domain.feeds.items import FeedItem, feed_item, product_facts


class FeedRendering:
    """Renders the batches of one generation in order; keeps only counts."""

    def __init__(self, writer: FeedFormat, filters: FeedFilters, today: date) -> None:
        self.writer = writer
        self.item_count = 0
        self.skipped: Counter[str] = Counter()
        self._filters = filters
        self._today = today

    def body(self, variants: Sequence[Sequence[Any]], products: Sequence[Sequence[Any]]) -> bytes:
        """Return the batch in the feed's format.

        Args:     variants: rows of `repository.VARIANTS`. products: rows of `repository.PRODUCTS` for them; a variant
                  whose product is not among them is left out, its product is deleted.
        """
        known = {row[0]: product_facts(row) for row in products}
        today, refusal, everything = self._today, self.writer.refusal, self._filters == EVERYTHING
        items: list[FeedItem] = []
        for row in variants:
            product = known.get(row[1])
            item = "product_deleted" if product is None else feed_item(row, product, today)
            if not isinstance(item, str):
                reason = refusal(item) or ("" if everything or wanted(item, self._filters) else "filtered")
                if not reason:
                    items.append(item)
                    continue
                item = reason
            self.skipped[item] += 1
        self.item_count += len(items)
        return self.writer.body(items)
