"""Queries on listings as people look at them."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# Off sale is what the store says of the product, whoever took it off: no state of ours could know.
_STATE = """CASE WHEN l.state = 'error' OR k.error_code IS NOT NULL THEN 'error'
     WHEN coalesce(k.shown ->> 'status', p.status) <> 'active' THEN 'unlisted'
     WHEN l.due IS NOT NULL OR k.due IS NOT NULL THEN 'pending' ELSE 'active' END"""
_FROM = """FROM listings l
JOIN variants v ON v.organization_id = l.organization_id AND v.id = l.variant_id
JOIN products p ON p.organization_id = v.organization_id AND p.id = v.product_id
LEFT JOIN product_links k ON k.organization_id = l.organization_id AND k.store_id = l.store_id
  AND k.external_id = l.external_product_id
WHERE l.organization_id = :org AND l.store_id = :store AND l.gone_at IS NULL"""
_PAGE = text(f"""
SELECT l.external_id, l.external_product_id, l.variant_id, v.product_id, p.title, v.title AS variant_title, v.sku,
       {_STATE} AS state,
       coalesce(l.due, '{{}}') || coalesce(k.due, '{{}}') AS due,
       coalesce(l.error_code, k.error_code) AS error_code, coalesce(l.error_message, k.error_message) AS error_message,
       coalesce(l.failed_at, k.failed_at) AS failed_at
{_FROM} AND l.external_id > :after
  AND (cast(:state AS text) IS NULL OR :state = {_STATE})
ORDER BY l.external_id LIMIT :most
""")
_COUNTS = text(f"""
SELECT count(*) FILTER (WHERE {_STATE} = 'error') AS error, count(*) FILTER (WHERE {_STATE} = 'unlisted') AS unlisted,
       count(*) FILTER (WHERE {_STATE} = 'pending') AS pending, count(*) AS total
{_FROM}
""")
_RETRY_LISTINGS = text("""
UPDATE listings SET state = 'pending', error_code = NULL, error_message = NULL, failed_at = NULL, updated_at = now()
WHERE organization_id = :org AND store_id = :store AND state = 'error' AND gone_at IS NULL
  AND (cast(:id AS text) IS NULL OR external_id = :id)
""")
_RETRY_LINKS = text("""
UPDATE product_links SET error_code = NULL, error_message = NULL, failed_at = NULL, updated_at = now()
WHERE organization_id = :org AND store_id = :store AND error_code IS NOT NULL AND gone_at IS NULL
  AND (cast(:id AS text) IS NULL OR external_id = (
      SELECT l.external_product_id FROM listings l
      WHERE l.organization_id = :org AND l.store_id = :store AND l.external_id = :id))
""")


class ListingRepository:
    """Reads listings of one store, and makes refused ones due again."""

    def __init__(self, session: AsyncSession, organization_id: uuid.UUID, store_id: uuid.UUID) -> None:
        self._session = session
        self._scope = {"org": organization_id, "store": store_id}

    async def page(self, *, state: str | None, after: str, most: int) -> Sequence[Any]:
        """Return listings by external id, of one state or of all."""
        values = {**self._scope, "after": after, "state": state, "most": most}
        return (await self._session.execute(_PAGE, values)).mappings().all()

    async def counts(self) -> dict[str, int]:
        """Count listings by state."""
        row = (await self._session.execute(_COUNTS, self._scope)).mappings().one()
        return {name: int(value) for name, value in row.items()}

    async def retry(self, external_id: str | None) -> int:
        """Make refused listings due again, one or all; return how many."""
        values = {**self._scope, "id": external_id}
        links: Any = await self._session.execute(_RETRY_LINKS, values)
        listings: Any = await self._session.execute(_RETRY_LISTINGS, values)
        return int(links.rowcount) + int(listings.rowcount)
