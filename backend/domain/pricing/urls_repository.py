"""Queries over tracked pages."""

from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog import merge_sql
from backend.models.catalog import Variant
from backend.models.pricing import TrackedUrl
from backend.ports.actor import Actor


class UrlsRepository:
    """Reads and writes the acting organization's tracked pages."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, actor: Actor, url_id: int) -> TrackedUrl | None:
        """Return a page of a product that lives and is watched."""
        query = (
            select(TrackedUrl)
            .join(
                Variant,
                (Variant.organization_id == TrackedUrl.organization_id) & (Variant.id == TrackedUrl.variant_id),
            )
            .where(TrackedUrl.organization_id == actor.tenant, TrackedUrl.id == url_id)
            .where(Variant.deleted_at.is_(None), Variant.monitored)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def lock_variant(self, actor: Actor, variant_id: int) -> bool:
        """Tell whether a product lives and is watched, and keep it so until the end of the transaction."""
        query = select(Variant.id).where(
            Variant.organization_id == actor.tenant,
            Variant.id == variant_id,
            Variant.deleted_at.is_(None),
            Variant.monitored,
        )
        return (await self._session.execute(query.with_for_update(read=True))).first() is not None

    async def add(self, actor: Actor, **values: Any) -> int | None:
        """Write a page and return its id; None when the product has it already."""
        query = insert(TrackedUrl).values(organization_id=actor.tenant, **values).on_conflict_do_nothing()
        return (await self._session.execute(query.returning(TrackedUrl.id))).scalar_one_or_none()

    async def remove(self, actor: Actor, url_id: int) -> None:
        """Delete a page."""
        query = delete(TrackedUrl).where(TrackedUrl.organization_id == actor.tenant, TrackedUrl.id == url_id)
        await self._session.execute(query)

    async def bump_revision(self, actor: Actor) -> None:
        """Note that what is watched changed: counts of lists are remembered until then."""
        await self._session.execute(text(merge_sql.BUMP_LISTS), {"org": actor.tenant})
