"""Queries over brands and categories: tables of the same shape."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog import merge_sql
from backend.models.catalog import Brand, Category
from backend.ports.actor import Actor

TABLES: Mapping[str, type[Brand] | type[Category]] = {"brand": Brand, "category": Category}

_NOTE_BRAND = text("""
INSERT INTO changed_fields (organization_id, product_id, changes)
SELECT organization_id, id, jsonb_build_object('brand', jsonb_build_array(cast(:old AS text), cast(:new AS text)))
FROM products WHERE organization_id = :org AND brand_id = :id AND deleted_at IS NULL
""")
_RENAME_IN_PRODUCTS = text("""
UPDATE products
SET categories = ARRAY(SELECT CASE WHEN lower(name) = lower(cast(:old AS text)) THEN :new ELSE name END
                       FROM unnest(categories) WITH ORDINALITY AS held(name, place) ORDER BY place), updated_at = now()
WHERE organization_id = :org
  AND EXISTS (SELECT 1 FROM unnest(categories) AS held(name) WHERE lower(name) = lower(cast(:old AS text)))
""")


class NamesRepository:
    """Reads and writes the acting organization's brands, or its categories.

    Args:     kind: `brand` or `category`.
    """

    def __init__(self, session: AsyncSession, kind: str) -> None:
        self._session = session
        self._table = TABLES[kind]

    async def page(self, actor: Actor, *, skipped: int, most: int) -> Sequence[Any]:
        """Return rows, oldest first, the first *skipped* of them left out."""
        query = select(self._table).where(self._table.organization_id == actor.tenant).order_by(self._table.id)
        return (await self._session.execute(query.offset(skipped).limit(most))).scalars().all()

    async def find(self, actor: Actor, name_id: int, *, lock: bool = False) -> Any:
        """Return a row, or None."""
        query = select(self._table).where(self._table.organization_id == actor.tenant, self._table.id == name_id)
        return (await self._session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()

    async def is_taken(self, actor: Actor, name: str, name_id: int) -> bool:
        """Tell whether another row has a name, compared without case."""
        query = select(self._table.id).where(
            self._table.organization_id == actor.tenant,
            func.lower(self._table.name) == func.lower(name),
            self._table.id != name_id,
        )
        return (await self._session.execute(query)).first() is not None

    async def note_brand(self, actor: Actor, name_id: int, old: str, new: str) -> None:
        """Put what renaming a brand changes in products into `changed_fields`."""
        await self._session.execute(_NOTE_BRAND, {"org": actor.tenant, "id": name_id, "old": old, "new": new})

    async def rename_in_products(self, actor: Actor, old: str, new: str) -> None:
        """Write a category's new name into the products that carry the old one."""
        await self._session.execute(_RENAME_IN_PRODUCTS, {"org": actor.tenant, "old": old, "new": new})

    async def bump_revision(self, actor: Actor) -> None:
        """Note that the catalog changed."""
        await self._session.execute(text(merge_sql.BUMP_REVISION), {"org": actor.tenant})
