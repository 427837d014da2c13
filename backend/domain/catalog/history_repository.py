"""Reading the history of the catalog: what changed in a product, or by a run, newest first."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.ports.actor import Actor

_ROWS = """
SELECT c.id, c.product_id, c.variant_id, coalesce(p.title, '') AS title,
       coalesce(nullif(v.title, ''), v.sku, '') AS variant, c.changes, c.changed_at AS at, c.origin, c.store_id,
       c.run_id, c.actor, c.reason
FROM field_changes c
LEFT JOIN products p ON p.organization_id = c.organization_id AND p.id = c.product_id
LEFT JOIN variants v ON v.organization_id = c.organization_id AND v.id = c.variant_id
WHERE c.organization_id = :org AND {of} AND c.id < coalesce(:below, 9223372036854775807)
ORDER BY c.id DESC LIMIT :limit
"""
_OF_PRODUCT = text(
    _ROWS.format(of="c.product_id = :product AND (cast(:variant AS bigint) IS NULL OR c.variant_id = :variant)")
)
_OF_RUN = text(_ROWS.format(of="c.run_id = :run"))


class HistoryRow(msgspec.Struct, frozen=True, kw_only=True):
    """What changed in one product or variant at one moment."""

    id: int
    """Give the last one's as `below` for the next page."""
    product_id: int
    variant_id: int | None
    """None: the product's own fields."""
    title: str
    """The product's, as it is now."""
    variant: str
    """The variant's title or sku, as it is now; "" for the product's own fields."""
    changes: dict[str, Any]
    """Field to `[old, new]`."""
    at: datetime
    origin: str
    """As `FieldChange.origin`."""
    store_id: uuid.UUID | None
    run_id: uuid.UUID | None
    actor: str
    reason: str


class ChangeHistory:
    """Reads the acting organization's history inside the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def of_product(
        self,
        actor: Actor,
        product_id: int,
        *,
        variant_id: int | None = None,
        below: int | None = None,
        limit: int = 50,
    ) -> Sequence[HistoryRow]:
        """Return changes of a product and its variants, or of one variant, newest first, those before `below`."""
        values = {"org": actor.tenant, "product": product_id, "variant": variant_id, "below": below, "limit": limit}
        return await self._rows(_OF_PRODUCT, **values)

    async def of_run(
        self, actor: Actor, run_id: uuid.UUID, *, below: int | None = None, limit: int = 50
    ) -> Sequence[HistoryRow]:
        """Return changes that a run made, newest first, those before `below`."""
        return await self._rows(_OF_RUN, org=actor.tenant, run=run_id, below=below, limit=limit)

    async def _rows(self, statement: Any, **values: Any) -> list[HistoryRow]:
        found = await self._session.execute(statement, values)
        return [HistoryRow(**row) for row in found.mappings()]
