"""Writing down fields that the hub and a store changed both: open until somebody decides, or settled by the times."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_OPEN = text("""
SELECT external_id, field FROM sync_conflicts
WHERE organization_id = :org AND store_id = :store AND state = 'open' AND external_id = ANY(cast(:ids AS text[]))
""")
_ADD = text("""
INSERT INTO sync_conflicts AS k (organization_id, store_id, product_id, variant_id, external_id, field, hub_value,
    hub_at, hub_actor, store_value, store_at, state, chosen, settled_by, settled_at)
SELECT :org, :store, told.product_id, told.variant_id, told.external_id, told.field, told.hub_value, told.hub_at,
       told.hub_actor, told.store_value, told.store_at, CASE WHEN told.chosen IS NULL THEN 'open' ELSE 'settled' END,
       told.chosen, CASE WHEN told.chosen IS NOT NULL THEN 'newest' END,
       CASE WHEN told.chosen IS NOT NULL THEN now() END
FROM jsonb_to_recordset(cast(:rows AS jsonb)) AS told(product_id bigint, variant_id bigint, external_id text,
    field text, hub_value jsonb, hub_at timestamptz, hub_actor text, store_value jsonb, store_at timestamptz,
    chosen text)
ON CONFLICT (organization_id, store_id, external_id, field) WHERE state = 'open' DO UPDATE
SET store_value = excluded.store_value, store_at = excluded.store_at
""")
"""What is open already gets the store's newer value; when the hub's changed, `ChangeNotes` has moved it along."""
_SETTLE = text("""
UPDATE sync_conflicts k
SET state = 'settled', chosen = told.chosen, settled_by = told.settled_by, settled_at = now()
FROM unnest(cast(:ids AS text[]), cast(:fields AS text[]), cast(:chosen AS text[]), cast(:by AS text[]))
     AS told(external_id, field, chosen, settled_by)
WHERE k.organization_id = :org AND k.store_id = :store AND k.state = 'open'
  AND k.external_id = told.external_id AND k.field = told.field
""")


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """Both sides of a field; `chosen` None leaves it to a person."""

    product_id: int
    variant_id: int | None
    external_id: str
    field: str
    hub_value: dict[str, Any]
    hub_at: datetime | None
    hub_actor: str
    store_value: dict[str, Any]
    store_at: datetime | None
    chosen: str | None


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """An open conflict that is none any more."""

    external_id: str
    field: str
    chosen: str
    settled_by: str
    """`agreed` (both sides hold the same) or `owner` (one side owns the field meanwhile)."""


class ConflictRepository:
    """Conflicts of one store, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, organization_id: uuid.UUID, store_id: uuid.UUID) -> None:
        self._session = session
        self._scope = {"org": organization_id, "store": store_id}

    async def open_fields(self, external_ids: Iterable[str]) -> set[tuple[str, str]]:
        """Return external ids and fields that wait for a person."""
        found = await self._session.execute(_OPEN, {**self._scope, "ids": list(external_ids)})
        return {(row[0], row[1]) for row in found}

    async def write(self, conflicts: Sequence[Conflict], settlements: Sequence[Settlement]) -> None:
        """Write down what was found and what is settled."""
        if settlements:
            values = {
                "ids": [one.external_id for one in settlements],
                "fields": [one.field for one in settlements],
                "chosen": [one.chosen for one in settlements],
                "by": [one.settled_by for one in settlements],
            }
            await self._session.execute(_SETTLE, {**self._scope, **values})
        if conflicts:
            rows = msgspec.json.encode(conflicts).decode()
            await self._session.execute(_ADD, {**self._scope, "rows": rows})
