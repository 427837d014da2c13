"""Products whose prices are watched: every living variant of the catalog that nobody took out of the watch."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from backend.domain.accounts.service import AccountService
from backend.domain.catalog.changes import take_turn
from backend.domain.catalog.edits import CatalogEdits, FieldEdit
from backend.domain.catalog.new_rows import ensure_names
from backend.domain.jobs.service import JobRecorder
from backend.domain.pricing.identity_repository import IdentityRepository
from backend.domain.pricing.monitored_repository import MonitoredRepository, MonitoredRow
from backend.domain.pricing.monitored_rules import Market, NewProduct, market, new_product, title_in, told_fields
from backend.domain.pricing.new_products import NewProducts, exists_already, staged_product
from backend.domain.pricing.observations import FORGET_JOB
from backend.domain.pricing.products import ProductLists
from backend.domain.pricing.products_rows import full_title
from backend.domain.sync.push_soon import PushRequests
from backend.kit.errors import not_found
from backend.ports.actor import Actor

PAGE = 100
"""Products of one page."""
MOST_ID = 2**63 - 1
REASON = "price monitoring"
"""Why the catalog was changed, in its history."""
_SYNCED = {"name": "title", "brand": "brand", "tags": "tags", "product_code": "sku", "barcode": "barcode"}
_OF_PRODUCT = ("name", "brand", "tags")
_PLAIN = ("cost", "additional_cost", "external_ref")


class MonitoredProduct(msgspec.Struct, frozen=True, kw_only=True):
    """One product with how it stands among its competitors."""

    row: MonitoredRow
    market: Market
    url_ids: tuple[int, ...]
    """Of its tracked pages, oldest first."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a list."""

    items: Sequence[Any]
    more: bool
    """Whether another one follows."""


class MonitoredProducts:
    """Works on the acting organization's monitored products inside the caller's transaction."""

    def __init__(
        self,
        session: AsyncSession,
        *,
        jobs: JobRecorder,
        pushes: PushRequests,
        accounts: AccountService,
        lists: ProductLists,
    ) -> None:
        self._session = session
        self._rows = MonitoredRepository(session)
        self._jobs = jobs
        self._pushes = pushes
        self._accounts = accounts
        self._lists = lists

    async def page(self, actor: Actor, skipped: int) -> Page:
        """Return the rows of one page, oldest product first.

        Args:     skipped: products before it.
        Raises:   not_found past the end; an empty first page is one.
        """
        found = await self._lists.products(actor, offset=min(skipped, MOST_ID), limit=PAGE, active=True)
        if skipped and not found.rows:
            raise not_found("Page")
        rows = await self._rows.rows(actor, [one.id for one in found.rows])
        return Page(items=rows, more=skipped + PAGE < found.total)

    async def summary(self, actor: Actor, skipped: int) -> Page:
        """Return a page as `page` does, of `MonitoredProduct`s."""
        plain = await self.page(actor, skipped)
        return Page(items=await self._with_market(actor, plain.items), more=plain.more)

    async def product(self, actor: Actor, variant_id: int) -> MonitoredProduct:
        """Return one product; raise not_found."""
        return (await self._with_market(actor, [await self._row(actor, variant_id)]))[0]

    async def add(self, actor: Actor, told: Mapping[str, str]) -> int:
        """Add a product and return its id; of equal products told at once, one is added.

        Args:     told: texts by the names of `NewProduct`; tags with commas between them.
        Raises:   invalid PARAMETER_MISSING, PARAMETER_INVALID; conflict PRODUCT_EXISTS; limit_reached
                  PIM_PRODUCT_LIMIT.
        """
        wanted = new_product(told)
        limit = (await self._accounts.limits(actor)).products
        await take_turn(self._session, actor.tenant)
        outcome = (await NewProducts(self._session).add(actor, [wanted], limit))[0]
        if outcome.variant_id is None:
            raise outcome.error or exists_already()
        return outcome.variant_id

    async def edit(self, actor: Actor, variant_id: int, told: Mapping[str, str]) -> None:
        """Overwrite the fields that are told; stores that show the product get what they show of it.

        Raises:   invalid PARAMETER_MISSING, PARAMETER_INVALID; not_found; conflict PRODUCT_EXISTS: nothing is changed.
        """
        fields = told_fields(told)
        await take_turn(self._session, actor.tenant)
        row = await self._row(actor, variant_id)
        await self._check_identity(actor, row, fields)
        result = await CatalogEdits(self._session).apply(actor, _edits(row, fields), origin="person", reason=REASON)
        await self._write_plain(actor, row, fields)
        await self._pushes.soon(actor, result.due_stores)

    async def remove(self, actor: Actor, variant_id: int) -> None:
        """Watch a product no more: its tracked pages go, and with them what was read there.

        What a store shows stays in the catalog and in the store, unwatched; all else leaves the catalog.

        Raises:   not_found.
        """
        await take_turn(self._session, actor.tenant)
        row = await self._row(actor, variant_id)
        # The variant first: whoever adds a page meanwhile holds it, and is waited for.
        if await self._rows.is_shown(actor, variant_id):
            await self._rows.write(actor, variant_id, {"monitored": False})
        else:
            await self._rows.bury(actor, row, REASON)
        await self._rows.bump_revision(actor.tenant)
        url_ids = await self._rows.remove_pages(actor, variant_id)
        if url_ids:
            payload = {"organization_id": str(actor.tenant), "url_ids": url_ids}
            await self._jobs.record(FORGET_JOB, payload, organization_id=actor.tenant)

    async def _row(self, actor: Actor, variant_id: int) -> MonitoredRow:
        known = 0 < variant_id <= MOST_ID
        found = await self._rows.rows(actor, [variant_id]) if known else []
        if not found:
            raise not_found("Product")
        return found[0]

    async def _with_market(self, actor: Actor, rows: Iterable[MonitoredRow]) -> list[MonitoredProduct]:
        every = list(rows)
        pages = await self._rows.pages(actor, [row.id for row in every])
        return [
            MonitoredProduct(
                row=row,
                market=market([shown for _, shown in pages.get(row.id, ())], row.price, row.currency),
                url_ids=tuple(url_id for url_id, _ in pages.get(row.id, ())),
            )
            for row in every
        ]

    async def _check_identity(self, actor: Actor, row: MonitoredRow, fields: Mapping[str, Any]) -> None:
        was = {"name": row.name, "brand": row.brand or "", "product_code": row.product_code}
        new = {field: fields.get(field, value) for field, value in was.items()}
        new["name"] = full_title(title_in(new["name"], row.variant), row.variant)
        if {field: value.lower() for field, value in new.items()} == {one: value.lower() for one, value in was.items()}:
            return
        if await IdentityRepository(self._session).has_twin(actor, row.id, NewProduct(category="", **new)):
            raise exists_already()

    async def _write_plain(self, actor: Actor, row: MonitoredRow, fields: Mapping[str, Any]) -> None:
        values = {field: fields[field] for field in _PLAIN if field in fields and fields[field] != getattr(row, field)}
        if values:
            await self._rows.write(actor, row.id, values)
        name = fields.get("category")
        if name is not None and name != row.category:
            staged = staged_product("", NewProduct(name="", brand="", category=name))
            ids = (await ensure_names(self._session, actor.tenant, [staged])).categories
            if ids[name] != row.category_id:
                await self._rows.move_category(actor, row, ids[name], name)
                await self._rows.bump_revision(actor.tenant)


def _edits(row: MonitoredRow, fields: Mapping[str, Any]) -> list[FieldEdit]:
    values = {field: value for field, value in fields.items() if field in _SYNCED}
    if "name" in values:
        values["name"] = title_in(values["name"], row.variant)
    return [
        FieldEdit(
            product_id=row.product_id,
            variant_id=None if field in _OF_PRODUCT else row.id,
            field=_SYNCED[field],
            value=value,
        )
        for field, value in values.items()
    ]
