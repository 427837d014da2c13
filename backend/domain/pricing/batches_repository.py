"""Queries over lists of products that are imported in the background."""

import uuid
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from backend.models.pricing import ProductBatch
from backend.ports.actor import Actor

UNFINISHED = ("queued", "running")
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(cast(cast(:org AS uuid) AS text), 9))")


class BatchRepository:
    """Reads and writes lists; their rows are read only when they are asked for."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def take_turn(self, actor: Actor) -> None:
        """Wait until nobody else hands in a list of this organization, until the end of the transaction."""
        await self._session.execute(_LOCK, {"org": actor.tenant})

    async def unfinished(self, actor: Actor) -> list[ProductBatch]:
        """Return the lists that wait or are worked on, oldest first."""
        query = (
            select(ProductBatch)
            .options(defer(ProductBatch.rows))
            .where(ProductBatch.organization_id == actor.tenant, ProductBatch.state.in_(UNFINISHED))
            .order_by(ProductBatch.created_at, ProductBatch.id)
        )
        return list((await self._session.execute(query)).scalars())

    async def newest(self, actor: Actor) -> ProductBatch | None:
        """Return the list that came last."""
        query = (
            select(ProductBatch)
            .options(defer(ProductBatch.rows))
            .where(ProductBatch.organization_id == actor.tenant)
            .order_by(ProductBatch.created_at.desc(), ProductBatch.id.desc())
            .limit(1)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def add(self, **values: Any) -> ProductBatch:
        """Write a list; it comes after all that were written before."""
        batch = ProductBatch(created_at=func.clock_timestamp(), **values)
        self._session.add(batch)
        await self._session.flush()
        return batch

    async def rows(self, batch_id: uuid.UUID) -> list[Any]:
        """Return the stored lines of a list."""
        query = select(ProductBatch.rows).where(ProductBatch.id == batch_id)
        return (await self._session.execute(query)).scalar_one_or_none() or []

    async def locked(self, batch_id: uuid.UUID) -> ProductBatch | None:
        """Return a list and keep others from working on it until the end of the transaction."""
        query = select(ProductBatch).options(defer(ProductBatch.rows)).where(ProductBatch.id == batch_id)
        return (await self._session.execute(query.with_for_update())).scalar_one_or_none()
