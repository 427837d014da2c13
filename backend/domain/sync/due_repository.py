"""Queries on what is due in a store: listings and products with what the catalog holds and what the store shows."""

import uuid
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog.held_sql import HELD_PRODUCT, HELD_VARIANT
from backend.domain.sync.plan import PRODUCT, VARIANT, Item, labelled

_LISTING = f"""
SELECT l.external_id, l.external_product_id, l.inventory_id, l.variant_id, v.product_id,
       coalesce(l.shown, '{{}}') AS shown, coalesce(l.due, '{{}}') AS due, {HELD_VARIANT} AS held,
       p.title, v.title AS variant_title, v.sku, v.currency
FROM listings l
JOIN variants v ON v.organization_id = l.organization_id AND v.id = l.variant_id
JOIN products p ON p.organization_id = v.organization_id AND p.id = v.product_id
WHERE l.organization_id = :org AND l.store_id = :store AND l.gone_at IS NULL"""
_LINK = f"""
SELECT l.external_id, l.external_id AS external_product_id, '' AS inventory_id, NULL AS variant_id, l.product_id,
       coalesce(l.shown, '{{}}') AS shown, coalesce(l.due, '{{}}') AS due, {HELD_PRODUCT} AS held, p.title,
       '' AS variant_title, '' AS sku, NULL AS currency
FROM product_links l JOIN products p ON p.organization_id = l.organization_id AND p.id = l.product_id
WHERE l.organization_id = :org AND l.store_id = :store AND l.gone_at IS NULL"""
_LIVE_LISTING = " AND v.deleted_at IS NULL AND p.deleted_at IS NULL"
_LIVE_LINK = " AND p.deleted_at IS NULL"
_NEXT = " AND l.due IS NOT NULL AND l.external_id > :after"
_ORDER = " ORDER BY l.external_id LIMIT :most"
_NAMED = " AND l.external_id = ANY(cast(:ids AS text[]))"

_DUE_LISTINGS = text(_LISTING + _LIVE_LISTING + _NEXT + " AND l.state <> 'error'" + _ORDER)
_DUE_LINKS = text(_LINK + _LIVE_LINK + _NEXT + " AND l.error_code IS NULL" + _ORDER)
_LISTINGS = text(_LISTING + _NAMED + " ORDER BY l.external_id")
_LINKS = text(_LINK + _NAMED + " ORDER BY l.external_id")
_LOCK_LISTINGS = text("""
SELECT 1 FROM listings WHERE organization_id = :org AND store_id = :store AND external_id = ANY(cast(:ids AS text[]))
ORDER BY external_id FOR UPDATE
""")
_LOCK_LINKS = text(str(_LOCK_LISTINGS).replace("FROM listings", "FROM product_links"))

# What was written changed what the store shows: what it shows next is judged, even if it is what it showed before.
_SETTLE_LISTINGS = text("""
UPDATE listings l
SET shown = told.shown, due = (SELECT array_agg(name ORDER BY name) FROM jsonb_array_elements_text(told.due) AS name),
    state = CASE WHEN told.code IS NOT NULL THEN 'error' WHEN l.state IN ('error', 'pending') THEN 'active'
                 ELSE l.state END,
    error_code = told.code, error_message = told.message,
    seen_hash = CASE WHEN told.code IS NULL THEN '' ELSE l.seen_hash END,
    failed_at = CASE WHEN told.code IS NULL THEN NULL ELSE now() END, updated_at = now()
FROM jsonb_to_recordset(cast(:rows AS jsonb)) AS told(external_id text, shown jsonb, due jsonb, code text, message text)
WHERE l.organization_id = :org AND l.store_id = :store AND l.external_id = told.external_id
""")
_SETTLE_LINKS = text("""
UPDATE product_links l
SET shown = told.shown, due = (SELECT array_agg(name ORDER BY name) FROM jsonb_array_elements_text(told.due) AS name),
    error_code = told.code, error_message = told.message,
    seen_hash = CASE WHEN told.code IS NULL THEN '' ELSE l.seen_hash END,
    failed_at = CASE WHEN told.code IS NULL THEN NULL ELSE now() END, updated_at = now()
FROM jsonb_to_recordset(cast(:rows AS jsonb)) AS told(external_id text, shown jsonb, due jsonb, code text, message text)
WHERE l.organization_id = :org AND l.store_id = :store AND l.external_id = told.external_id
""")

# Each row's due is what it was, with the fields of the groups that the hub owns now and without those of the store's.
_REDO = """
UPDATE {table} SET due = (
    SELECT array_agg(DISTINCT name ORDER BY name)
    FROM (SELECT unnest(coalesce(due, '{{}}')) AS name
          UNION SELECT name FROM jsonb_object_keys(coalesce(shown, '{{}}')) AS name
          WHERE name = ANY(cast(:hub AS text[]))) AS names
    WHERE NOT name = ANY(cast(:store_owned AS text[]))), updated_at = now()
WHERE organization_id = :org AND store_id = :store AND gone_at IS NULL AND (shown IS NOT NULL OR due IS NOT NULL)
"""


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be noted beside a listing or a product of a store."""

    external_id: str
    shown: dict[str, Any] | None
    due: list[str] | None
    code: str | None = None
    """Why the store did not take it; None: it did."""
    message: str | None = None


class DueRepository:
    """Reads and settles what is due in one store."""

    def __init__(self, session: AsyncSession, organization_id: uuid.UUID, store_id: uuid.UUID, currency: str) -> None:
        self._session = session
        self._scope = {"org": organization_id, "store": store_id}
        self._currency = currency

    async def due(self, entity: str, *, after: str, most: int) -> list[Item]:
        """Return products or variants of which something is due, by external id."""
        statement = _DUE_LINKS if entity == PRODUCT else _DUE_LISTINGS
        return await self._items(entity, statement, {"after": after, "most": most})

    async def named(self, entity: str, external_ids: Sequence[str], *, lock: bool = False) -> dict[str, Item]:
        """Return products or variants by external id, whatever is due of them; `lock` holds their rows."""
        if not external_ids:
            return {}
        values = {"ids": list(external_ids)}
        if lock:
            statement = _LOCK_LINKS if entity == PRODUCT else _LOCK_LISTINGS
            await self._session.execute(statement, {**self._scope, **values})
        items = await self._items(entity, _LINKS if entity == PRODUCT else _LISTINGS, values)
        return {item.external_id: item for item in items}

    async def settle(self, entity: str, rows: Sequence[Settled]) -> None:
        """Note what stores show now, what is still due, and what they refused."""
        if not rows:
            return
        statement = _SETTLE_LINKS if entity == PRODUCT else _SETTLE_LISTINGS
        await self._session.execute(statement, {**self._scope, "rows": msgspec.json.encode(rows).decode()})

    async def own(self, *, hub: Sequence[str], store: Sequence[str]) -> None:
        """Make fields due that the hub owns from now on, wherever the store shows something else; others no more.

        Args:     hub, store: fields that the hub, and the store, own from now on.
        """
        values = {**self._scope, "hub": list(hub), "store_owned": list(store)}
        for table in ("listings", "product_links"):
            await self._session.execute(text(_REDO.format(table=table)), values)

    async def _items(self, entity: str, statement: Any, values: dict[str, Any]) -> list[Item]:
        found = await self._session.execute(statement, {**self._scope, **values})
        return [
            Item(
                entity=entity,
                product_id=row.product_id,
                variant_id=row.variant_id,
                external_product_id=row.external_product_id,
                external_id=row.external_id,
                inventory_id=row.inventory_id,
                label=labelled(row.title, row.variant_title, row.sku),
                held=row.held,
                shown=row.shown,
                due=tuple(row.due),
                foreign_money=entity == VARIANT and row.currency != self._currency,
            )
            for row in found
        ]
