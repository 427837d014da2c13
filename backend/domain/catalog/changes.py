"""Noting what changes in the catalog: history, prices, events, what other listings show beside it (decision 0024)."""

import uuid
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog import changes_sql as sql
from backend.domain.catalog import merge_sql


async def take_turn(session: AsyncSession, organization_id: uuid.UUID) -> None:
    """Wait until nobody else changes the organization's catalog, and have it to the end of the transaction.

    A merge locks its store first, then the organization.
    """
    await session.execute(text(merge_sql.LOCK_COUNT), {"org": organization_id})


class ChangeNotes:
    """Notes changes that stand in `changed_fields`, inside the transaction that makes them.

    Args:     origin, run_id, actor, reason: as in `FieldChange`. store_id: the store that showed them, None for others.
    """

    def __init__(
        self,
        session: AsyncSession,
        organization_id: uuid.UUID,
        *,
        origin: str,
        store_id: uuid.UUID | None = None,
        run_id: uuid.UUID | None = None,
        actor: str = "",
        reason: str = "",
    ) -> None:
        self._session = session
        self._scope = {
            "org": organization_id,
            "store": store_id,
            "origin": origin,
            "run": run_id,
            "actor": actor,
            "reason": reason,
        }

    async def find_products(self) -> int:
        """Find out in which fields staged products differ from the catalog; return how many do."""
        return int((await self._run(sql.FIND_PRODUCT_CHANGES)).rowcount)

    async def find_variants(self, price_move: float = 1.0) -> int:
        """Find out in which fields staged variants differ from the catalog; return how many do."""
        return int((await self._run(sql.FIND_VARIANT_CHANGES, price_move=str(price_move))).rowcount)

    async def moved(self) -> int:
        """Return how many variants of those found have a price that moves further than `price_move`."""
        return int((await self._run(sql.COUNT_MOVED)).scalar_one())

    async def record(self, *, elsewhere: bool = True) -> frozenset[uuid.UUID]:
        """Record what was found, once it is written; return the stores that have something due.

        Args:     elsewhere: False when no other listing of it can exist.
        """
        await self._run(sql.NOTE_HISTORY)
        await self._run(sql.NOTE_PRICES)
        await self._run(sql.NOTE_EVENTS)
        due: set[uuid.UUID] = set()
        if elsewhere:
            for statement in (sql.KEEP_SHOWN_OF_PRODUCTS, sql.KEEP_SHOWN_OF_VARIANTS):
                due.update((await self._run(statement)).scalar_one() or ())
            if (await self._run(sql.ANY_OPEN_CONFLICT)).scalar_one():
                await self._run(sql.MOVE_CONFLICTS)
        await self._run(sql.FORGET)
        return frozenset(due)

    async def _run(self, statement: str, **values: Any) -> Any:
        return await self._session.execute(text(statement), {**self._scope, **values})
