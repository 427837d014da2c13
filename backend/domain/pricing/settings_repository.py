"""Queries on the settings of watched products."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog import merge_sql
from backend.domain.pricing.settings_rules import ProductSettings
from backend.ports.actor import Actor

_LOCK = text("""
SELECT min_price, max_price, cost, auto_reprice, monitored FROM variants
WHERE organization_id = :org AND id = :id AND deleted_at IS NULL FOR UPDATE
""")
_WRITE = text("""
UPDATE variants SET min_price = :min_price, max_price = :max_price, cost = :cost, auto_reprice = :auto_reprice,
    monitored = :monitored, updated_at = now()
WHERE organization_id = :org AND id = :id
""")


class SettingsRepository:
    """Reads and writes settings inside the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, actor: Actor, product_id: int) -> ProductSettings | None:
        """Return a live variant's settings and keep them as they are to the end of the transaction."""
        row = (await self._session.execute(_LOCK, {"org": actor.tenant, "id": product_id})).mappings().one_or_none()
        return None if row is None else ProductSettings(**row)

    async def write(self, actor: Actor, product_id: int, settings: ProductSettings) -> None:
        """Write a variant's settings."""
        values = {name: getattr(settings, name) for name in settings.__struct_fields__}
        await self._session.execute(_WRITE, {"org": actor.tenant, "id": product_id, **values})

    async def bump_revision(self, actor: Actor) -> None:
        """Say that lists of products are others now."""
        await self._session.execute(text(merge_sql.BUMP_LISTS), {"org": actor.tenant})
