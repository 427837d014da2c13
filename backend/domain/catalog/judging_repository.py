"""Queries behind judging: which rows of a merge are contested, when the hub changed them, what stands beside them."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.catalog import judging_sql as sql
from backend.domain.catalog.fields import PRODUCT_FIELDS, VARIANT_FIELDS
from backend.domain.catalog.three_way import HubChange
from backend.domain.stores.settings import HUB, Ownership, settings_of

FieldPlace = tuple[int, int | None, str]
"""A product's id, a variant's or None, and a field."""


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """What stands beside a listing from now on, of the fields that were judged."""

    external_id: str
    shown: dict[str, Any]
    due: list[str]


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a merge has to know of its store besides what it shows."""

    owners: Ownership
    shared: bool
    """The organization has other stores."""
    started_at: datetime | None
    """Of the run."""


class JudgingRepository:
    """Reads and writes for judging what one store shows."""

    def __init__(self, session: AsyncSession, organization_id: uuid.UUID, store_id: uuid.UUID) -> None:
        self._session = session
        self._scope = {"org": organization_id, "store": store_id}

    async def context(self, run_id: uuid.UUID | None) -> Context:
        """Return what a merge has to know of its store."""
        row = (await self._run(sql.CONTEXT, run=run_id)).one()
        owners = settings_of(row.settings or {}).owners
        return Context(owners=owners, shared=row.shared, started_at=row.started_at)

    async def contested_products(self, context: Context, names: Iterable[str]) -> Sequence[Any]:
        """Return the contested ones of changed products, by external id."""
        return await self._contested(sql.CONTESTED_PRODUCTS, context, names, PRODUCT_FIELDS)

    async def contested_variants(self, context: Context, names: Iterable[str]) -> Sequence[Any]:
        """Return the contested ones of changed variants, by external id."""
        return await self._contested(sql.CONTESTED_VARIANTS, context, names, VARIANT_FIELDS)

    async def hub_changes(self, wanted: Sequence[FieldPlace]) -> Mapping[FieldPlace, Sequence[HubChange]]:
        """Return the newest changes of fields that did not come from the store, newest first."""
        products, variants, fields = ([one[at] for one in wanted] for at in range(3))
        known: dict[FieldPlace, list[HubChange]] = {}
        for row in await self._run(sql.HUB_CHANGES, products=products, variants=variants, fields=fields):
            change = HubChange(at=row.at, old=row.old, actor=row.actor)
            known.setdefault((row.product_id, row.variant_id, row.field), []).append(change)
        return known

    async def keep(self, beside: Sequence[Beside], *, products: bool) -> None:
        """Write what stands beside product links, or else beside listings."""
        if not beside:
            return
        statement = sql.KEEP_BESIDE_PRODUCTS if products else sql.KEEP_BESIDE_LISTINGS
        fields = [*(PRODUCT_FIELDS if products else VARIANT_FIELDS)]
        await self._run(statement, fields=fields, rows=msgspec.json.encode(beside).decode())

    async def _contested(
        self, statement: str, context: Context, names: Iterable[str], fields: Mapping[str, str]
    ) -> Sequence[Any]:
        values = {
            "names": list(names),
            "hub": any(getattr(context.owners, group) == HUB for group in set(fields.values())),
            "shared": context.shared,
            "since": context.started_at,
        }
        found: Sequence[Any] = (await self._run(statement, **values)).all()
        return found

    async def _run(self, statement: str, **values: Any) -> Any:
        return await self._session.execute(text(statement), {**self._scope, **values})
