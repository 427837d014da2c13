"""Queries on what a run changed in the catalog, and what the catalog holds now."""

from collections.abc import Iterable

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog.held_sql import HELD_PRODUCT, HELD_VARIANT
from backend.domain.sync.plan import Difference, labelled
from backend.models.catalog import FieldChange
from backend.models.sync import SyncRun
from backend.ports.actor import Actor

PAGE = 5_000
Place = tuple[int, int | None]
"""A product's id, and a variant's or None."""

LABELS = text("""
SELECT p.id AS product_id, v.id AS variant_id, p.title, coalesce(v.title, '') AS variant_title,
       coalesce(v.sku, '') AS sku
FROM unnest(cast(:products AS bigint[]), cast(:variants AS bigint[])) AS asked(product_id, variant_id)
JOIN products p ON p.organization_id = :org AND p.id = asked.product_id
LEFT JOIN variants v ON v.organization_id = :org AND v.id = asked.variant_id
""")
HELD_PRODUCTS = text(f"""
SELECT p.id, {HELD_PRODUCT} AS held FROM products p
WHERE p.organization_id = :org AND p.id = ANY(cast(:ids AS bigint[])) AND p.deleted_at IS NULL
""")
HELD_VARIANTS = text(f"""
SELECT v.id, v.product_id, {HELD_VARIANT} AS held FROM variants v
WHERE v.organization_id = :org AND v.id = ANY(cast(:ids AS bigint[])) AND v.deleted_at IS NULL
""")


class CatalogUndoRepository:
    """Reads what is to be taken back."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def made(self, actor: Actor, run: SyncRun) -> dict[Place, Difference]:
        """Return what a run changed in sum: the oldest old and the newest new value of each field."""
        made: dict[Place, Difference] = {}
        after = 0
        while True:
            query = select(FieldChange).where(
                FieldChange.organization_id == actor.tenant, FieldChange.run_id == run.id, FieldChange.id > after
            )
            rows = (await self._session.execute(query.order_by(FieldChange.id).limit(PAGE))).scalars().all()
            for row in rows:
                known = made.setdefault((row.product_id, row.variant_id), {})
                for name, (old, new) in row.changes.items():
                    known[name] = [known[name][0] if name in known else old, new]
            if len(rows) < PAGE:
                return made
            after = rows[-1].id

    async def labels(self, actor: Actor, places: list[Place]) -> dict[Place, str]:
        """Return names for people."""
        found = await self._session.execute(LABELS, _asked(actor, places))
        return {(row.product_id, row.variant_id): labelled(row.title, row.variant_title, row.sku) for row in found}

    async def held(self, actor: Actor, places: list[Place]) -> dict[Place, dict[str, object]]:
        """Return the synced fields as the catalog holds them, of what is in it."""
        products = await self._session.execute(
            HELD_PRODUCTS, {"org": actor.tenant, "ids": [one for one, variant in places if variant is None]}
        )
        held: dict[Place, dict[str, object]] = {(row.id, None): row.held for row in products}
        variants = await self._session.execute(
            HELD_VARIANTS, {"org": actor.tenant, "ids": [variant for _, variant in places if variant is not None]}
        )
        return held | {(row.product_id, row.id): row.held for row in variants}


def _asked(actor: Actor, places: Iterable[Place]) -> dict[str, object]:
    rows = list(places)
    return {"org": actor.tenant, "products": [one for one, _ in rows], "variants": [one for _, one in rows]}
