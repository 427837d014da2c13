"""How the price of a product came to be what it is."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from backend.domain.pricing.price_history_repository import Moves, PriceHistoryRepository, PriceMove
from backend.kit.clock import utc_now
from backend.kit.errors import not_found
from backend.kit.quick_reads import QuickReads
from backend.ports.actor import Actor

_EVER = datetime(1970, 1, 1, tzinfo=UTC)


class PriceHistory:
    """Reads changes of our own prices outside of transactions."""

    def __init__(self, reads: QuickReads) -> None:
        self._rows = PriceHistoryRepository(reads)

    async def page(self, actor: Actor, product_id: int, *, days: int, offset: int, limit: int) -> Moves:
        """Return the changes of so many days, newest first; raise not_found."""
        return await self._moves(actor, product_id, utc_now() - timedelta(days=days), offset, limit)

    async def latest(self, actor: Actor, product_id: int, most: int) -> Sequence[PriceMove]:
        """Return the newest changes, newest first; raise not_found."""
        return (await self._moves(actor, product_id, _EVER, 0, most)).rows

    async def _moves(self, actor: Actor, product_id: int, since: datetime, offset: int, limit: int) -> Moves:
        found = await self._rows.moves(actor, product_id, since, offset, limit)
        if found is None:
            raise not_found("Product")
        return found
