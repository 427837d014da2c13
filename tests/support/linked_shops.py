"""Stores of one organization that share a catalog, each fed by hand."""

import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from sqlalchemy import event, text

from backend.domain.catalog.erasure import CatalogErasure
from backend.domain.catalog.merge import Merged, StoreMerge
from backend.kit.ids import uuid7
from backend.models.stores import Store
from backend.ports.actor import Actor
from backend.ports.store_platform import PlatformProduct, PlatformVariant
from tests.support.product import Workbench


def product(number: str, *variants: PlatformVariant, **changes: Any) -> PlatformProduct:
    """Return a product of a store."""
    return PlatformProduct(external_id=number, variants=variants, **{"title": f"Product {number}", **changes})


def variant(number: str, parent: str, sku: str = "", barcode: str = "", **changes: Any) -> PlatformVariant:
    """Return one of its variants."""
    values = {"price": Decimal("9.90"), "stock": 3, **changes}
    return PlatformVariant(external_id=number, external_product_id=parent, sku=sku, barcode=barcode, **values)


def simple(number: str, sku: str = "", barcode: str = "", **changes: Any) -> PlatformProduct:
    """Return a product that is sold as it is."""
    kept = {name: changes.pop(name) for name in ("price", "stock", "weight_g", "options") if name in changes}
    return product(number, variant(number, number, sku, barcode, **kept), **changes)


class Shop:
    """One of them."""

    def __init__(self, bench: Workbench, actor: Actor, store_id: uuid.UUID, currency: str) -> None:
        self.bench, self.actor, self.store_id, self.currency = bench, actor, store_id, currency

    @classmethod
    async def opened(cls, bench: Workbench, actor: Actor, name: str, currency: str = "EUR", **settings: Any) -> "Shop":
        """Open a store without a platform behind it."""
        store = Store(
            id=uuid7(),
            organization_id=actor.tenant,
            platform="woocommerce",
            url=f"https://{name}-{uuid.uuid4().hex[:8]}.example",
            name=name,
            state="active",
            currency=currency,
            settings=settings,
        )
        async with bench.container.begin() as session:
            session.add(store)
        return cls(bench, actor, store.id, currency)

    async def shows(self, *products: PlatformProduct, apart: tuple[PlatformVariant, ...] = ()) -> Merged:
        """Merge what the store shows."""
        async with self.bench.container.begin() as session:
            merge = StoreMerge(
                session, organization_id=self.actor.tenant, store_id=self.store_id, currency=self.currency
            )
            return await merge.merge(products, apart)

    async def drops(self, external_id: str) -> None:
        """Take a product out of the store."""
        async with self.bench.container.begin() as session:
            await CatalogErasure(session, self.actor.tenant, self.store_id).mark_product_gone(external_id)

    async def linked(self) -> dict[str, str]:
        """Return the titles of the catalog's products by the numbers under which the stores show them."""
        rows = await self._rows(
            "SELECT l.external_id, p.title FROM product_links l JOIN products p ON p.id = l.product_id"
            " WHERE l.organization_id = :org AND l.gone_at IS NULL ORDER BY 1"
        )
        return {row[0]: row[1] for row in rows}

    async def product_id(self, external_id: str) -> int:
        """Return which product of the catalog one of the store is."""
        rows = await self._rows(
            "SELECT product_id FROM product_links"
            " WHERE organization_id = :org AND store_id = :store AND external_id = :id",
            id=external_id,
        )
        return int(rows[0][0])

    async def listed(self) -> dict[str, str]:
        """Return the catalog's skus by the store's numbers of variants."""
        rows = await self._rows(
            "SELECT l.external_id, v.sku FROM listings l JOIN variants v ON v.id = l.variant_id"
            " WHERE l.organization_id = :org AND l.store_id = :store AND l.gone_at IS NULL ORDER BY 1"
        )
        return {row[0]: row[1] for row in rows}

    async def beside(self, external_id: str, table: str = "product_links") -> Any:
        """Return what the store shows otherwise than the catalog holds."""
        rows = await self._rows(
            f"SELECT shown FROM {table} WHERE organization_id = :org AND store_id = :store AND external_id = :id",
            id=external_id,
        )
        return rows[0][0]

    async def due(self, external_id: str, table: str = "product_links") -> Any:
        """Return what is to be written to the store."""
        rows = await self._rows(
            f"SELECT due FROM {table} WHERE organization_id = :org AND store_id = :store AND external_id = :id",
            id=external_id,
        )
        return rows[0][0]

    async def shows_beside(self, external_id: str, table: str, shown: dict[str, Any], due: list[str]) -> None:
        """Have the store show something else than the catalog holds, and be told of it."""
        await self._rows(
            f"UPDATE {table} SET shown = cast(:shown AS jsonb), due = cast(:due AS text[])"
            " WHERE organization_id = :org AND store_id = :store AND external_id = :id RETURNING 1",
            id=external_id,
            shown=json.dumps(shown),
            due=due,
        )

    async def pieces(self, sku: str) -> Any:
        """Return the pieces of the live variant with a sku."""
        rows = await self._rows(
            "SELECT k.on_hand FROM variants v JOIN stock_levels k ON k.variant_id = v.id"
            " WHERE v.organization_id = :org AND v.sku = :sku AND v.deleted_at IS NULL",
            sku=sku,
        )
        return rows[0][0]

    async def suggestions(self) -> list[tuple[Any, ...]]:
        """Return number, title, title of the candidate, reason and state of the store's suggestions, oldest first."""
        return await self._rows(
            "SELECT s.external_id, p.title, c.title, s.reason, s.state FROM link_suggestions s"
            " JOIN products p ON p.id = s.product_id JOIN products c ON c.id = s.candidate_id"
            " WHERE s.organization_id = :org AND s.store_id = :store ORDER BY s.external_id, c.id"
        )

    async def told(self) -> list[str]:
        """Return the events of the organization's products."""
        rows = await self._rows(
            "SELECT type FROM events WHERE organization_id = :org AND type LIKE 'product.%' ORDER BY id"
        )
        return [row[0] for row in rows]

    async def count(self, table: str) -> int:
        """Count the live rows of the organization."""
        rows = await self._rows(f"SELECT count(*) FROM {table} WHERE organization_id = :org AND deleted_at IS NULL")
        return int(rows[0][0])

    @asynccontextmanager
    async def counted(self) -> AsyncIterator[list[str]]:
        """Collect the statements that are sent meanwhile."""
        sent: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            sent.append(statement)

        engine = self.bench.container.engine.sync_engine
        event.listen(engine, "before_cursor_execute", note)
        yield sent
        event.remove(engine, "before_cursor_execute", note)

    async def _rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        scope = {"org": self.actor.tenant, "store": self.store_id}
        wanted = {**scope, **values}
        return await self.bench.rows(statement, **{name: wanted[name] for name in text(statement).compile().params})
