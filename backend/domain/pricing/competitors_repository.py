"""Queries that tell whose page an address is."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from backend.models.catalog import Product, Variant
from backend.models.pricing import Competitor
from backend.models.stores import Store
from backend.ports.actor import Actor


class CompetitorRepository:
    """Reads and writes the acting organization's competitors."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def ensure(self, actor: Actor, host: str) -> int:
        """Return the id of the competitor of a host, made when it is new."""
        values = {"organization_id": actor.tenant, "host": host, "name": host}
        made = insert(Competitor).values(**values).on_conflict_do_nothing().returning(Competitor.id)
        new = (await self._session.execute(made)).scalar_one_or_none()
        if new is not None:
            return new
        query = select(Competitor.id).where(Competitor.organization_id == actor.tenant, Competitor.host == host)
        return (await self._session.execute(query)).scalar_one()

    async def own_pages(self, actor: Actor, variant_id: int) -> list[str]:
        """Return addresses whose hosts are ours: of all stores, and of the pages a customer buys a variant on."""
        stores = select(Store.url).where(Store.organization_id == actor.tenant)
        pages = (
            select(Product.url, Variant.url)
            .join(Variant, (Variant.organization_id == Product.organization_id) & (Variant.product_id == Product.id))
            .where(Variant.organization_id == actor.tenant, Variant.id == variant_id)
        )
        found = list((await self._session.execute(stores)).scalars())
        return [*found, *(url for row in await self._session.execute(pages) for url in row if url)]
