"""The numbers of an organization's prices."""

from datetime import timedelta
from urllib.parse import urlsplit

import msgspec

from backend.domain.pricing.products import ProductLists
from backend.domain.pricing.stats_repository import StatsRepository
from backend.kit.clock import utc_now
from backend.kit.quick_reads import QuickReads
from backend.ports.actor import Actor

_DAY = timedelta(hours=24)


class PricingStats(msgspec.Struct, frozen=True, kw_only=True):
    """How many of what there is."""

    products: int
    monitored: int
    competitors: int
    """Pages of competitors, as the list of competitors counts them."""
    price_changes_of_day: int
    """In the last 24 hours."""
    plan: str
    shop_domain: str | None
    """None before the first store."""


class StatsReader:
    """Reads the numbers outside of transactions."""

    def __init__(self, reads: QuickReads, lists: ProductLists) -> None:
        self._rows = StatsRepository(reads)
        self._lists = lists

    async def read(self, actor: Actor) -> PricingStats:
        """Return the acting organization's numbers."""
        totals = await self._lists.totals(actor)
        facts = await self._rows.facts(actor, utc_now() - _DAY)
        return PricingStats(
            products=totals.products,
            monitored=totals.monitored,
            competitors=totals.competitors,
            price_changes_of_day=facts.price_changes,
            plan=facts.plan,
            shop_domain=urlsplit(facts.store_url).hostname if facts.store_url else None,
        )
