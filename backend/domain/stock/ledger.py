"""The ledger of pieces."""

import uuid
from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from backend.ports.actor import Actor


class StockLedger:
    """Books changes of pieces inside the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def observe(
        self, actor: Actor, store_id: uuid.UUID, shown: Mapping[str, tuple[int, int]], *, run_id: uuid.UUID | None
    ) -> frozenset[uuid.UUID]:
        """Book what a store shows beside what we believed, as a merge of it would; return stores that are due.

        Args:     shown: external id of a variant to (its catalog id, pieces in all places of the store).
        """
        raise NotImplementedError
