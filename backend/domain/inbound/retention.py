"""Received webhooks are kept for a month: long enough to see what happened, short for what they say of people."""

from datetime import timedelta

from backend.domain.inbound.repository import InboundRepository
from backend.kit.clock import utc_now
from backend.kit.transaction import Transactions

KEPT = timedelta(days=30)


class WebhookRetention:
    """Deletes webhooks that are worked off and old. Safe to repeat."""

    def __init__(self, begin: Transactions) -> None:
        self._begin = begin

    async def forget_old(self) -> int:
        """Delete a part of them; return how many, 0 when none are left."""
        async with self._begin() as session:
            return await InboundRepository(session).forget_before(utc_now() - KEPT)
