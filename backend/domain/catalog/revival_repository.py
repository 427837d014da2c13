"""Bringing products and variants back that left the catalog: their rows were kept for that."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog.merge_sql import BUMP_LISTS
from backend.ports.actor import Actor

Place = tuple[int, int | None]
"""A product's id, and a variant's or None."""

_REVIVE = """
WITH back AS (
    UPDATE {table} t SET deleted_at = NULL, updated_at = now()
    WHERE t.organization_id = :org AND t.id = ANY(cast(:ids AS bigint[])) AND t.deleted_at IS NOT NULL
    RETURNING t.organization_id, {product} AS product_id, {variant} AS variant_id
), noted AS (
    INSERT INTO field_changes (organization_id, product_id, variant_id, changes, origin, run_id, actor, reason)
    SELECT organization_id, product_id, variant_id, '{{"deleted": [true, false]}}', :origin, cast(:run AS uuid), :actor,
           :reason
    FROM back
)
SELECT product_id, variant_id FROM back
"""
_PRODUCTS = text(_REVIVE.format(table="products", product="t.id", variant="cast(NULL AS bigint)"))
_VARIANTS = text(_REVIVE.format(table="variants", product="t.product_id", variant="t.id"))
_BUMP_LISTS = text(BUMP_LISTS)


class RevivalRepository:
    """Revives rows inside the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def revive(
        self, actor: Actor, places: Sequence[Place], *, origin: str, run_id: uuid.UUID | None, reason: str = ""
    ) -> set[Place]:
        """Bring products and variants back; return those that were gone.

        No store shows them by that: they are in the catalog again, and can be put up for sale.

        Args:     origin, reason: as in the history.
        """
        values: dict[str, Any] = {
            "org": actor.tenant,
            "origin": origin,
            "run": run_id,
            "actor": str(actor.user_id or ""),
            "reason": reason,
        }
        products = [product for product, variant in places if variant is None]
        variants = [variant for _, variant in places if variant is not None]
        found: set[Place] = set()
        for statement, ids in ((_PRODUCTS, sorted(products)), (_VARIANTS, sorted(variants))):
            if ids:
                rows = await self._session.execute(statement, {**values, "ids": ids})
                found |= {(row.product_id, row.variant_id) for row in rows}
        if found:
            await self._session.execute(_BUMP_LISTS, {"org": actor.tenant})
        return found
