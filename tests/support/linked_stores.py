"""An organization whose stores show the same articles, and what the catalog says of them."""

from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import text

from backend.domain.catalog.edits import CatalogEdits, EditResult, FieldEdit
from backend.domain.catalog.held_sql import HELD_PRODUCT, HELD_VARIANT
from backend.domain.catalog.merge import Merged, StoreMerge
from backend.kit.ids import uuid7
from backend.models.stores import Store
from backend.ports.actor import Actor
from backend.ports.store_platform import PlatformProduct, PlatformVariant
from tests.support.product import Workbench


class ShownStore:
    """One store of an organization; products and variants have the same external ids in all of them."""

    def __init__(self, bench: Workbench, actor: Actor, currency: str) -> None:
        self.bench, self.actor, self.id, self.currency = bench, actor, uuid7(), currency

    async def open(self, owners: dict[str, str]) -> "ShownStore":
        """Make its row."""
        settings = {"owners": owners} if owners else {}
        row = Store(
            id=self.id,
            organization_id=self.actor.tenant,
            platform="woocommerce",
            url=f"https://{self.id}.test",
            name="Shop",
            state="active",
            currency=self.currency,
            settings=settings,
        )
        async with self.bench.container.begin() as session:
            session.add(row)
        return self

    async def owned(self, **owners: str) -> None:
        """Say who owns which fields."""
        async with self.bench.container.begin() as session:
            await session.execute(
                text("UPDATE stores SET settings = cast(:settings AS jsonb) WHERE id = :id"),
                {"id": self.id, "settings": msgspec.json.encode({"owners": owners}).decode()},
            )

    async def shows(self, *products: PlatformProduct, apart: tuple[PlatformVariant, ...] = (), **more: Any) -> Merged:
        """Merge what it shows."""
        run_id = more.pop("run_id", None)
        async with self.bench.container.begin() as session:
            merge = StoreMerge(
                session,
                organization_id=self.actor.tenant,
                store_id=self.id,
                currency=self.currency,
                run_id=run_id,
            )
            return await merge.merge(products, apart, **more)

    async def beside(self, table: str = "listings", external_id: str = "1") -> tuple[Any, Any]:
        """Return `shown` and `due` of a listing or product link."""
        query = (
            f"SELECT shown, due FROM {table} WHERE organization_id = :org AND store_id = :store AND external_id = :id"
        )
        rows = await self.bench.rows(query, org=self.actor.tenant, store=self.id, id=external_id)
        return (rows[0][0], rows[0][1])

    async def link(self, product_id: int, variant_id: int, external_id: str = "1") -> None:
        """Show an article of the catalog, just as the catalog holds it."""
        scope = {"org": self.actor.tenant, "store": self.id, "id": external_id}
        async with self.bench.container.begin() as session:
            await session.execute(
                text(
                    "INSERT INTO product_links (organization_id, store_id, external_id, product_id, seen_hash)"
                    " VALUES (:org, :store, :id, :product, '')"
                ),
                {**scope, "product": product_id},
            )
            await session.execute(
                text(
                    "INSERT INTO listings (organization_id, store_id, external_id, external_product_id, variant_id,"
                    " seen_hash) VALUES (:org, :store, :id, :id, :variant, '')"
                ),
                {**scope, "variant": variant_id},
            )


class LinkedStores:
    """Some stores and the catalog behind them."""

    def __init__(self, bench: Workbench, actor: Actor) -> None:
        self.bench, self.actor = bench, actor

    async def store(self, currency: str = "EUR", **owners: str) -> ShownStore:
        """Return a further store."""
        return await ShownStore(self.bench, self.actor, currency).open(owners)

    async def ids(self, sku: str = "S-1") -> tuple[int, int]:
        """Return product and variant of a sku."""
        query = "SELECT product_id, id FROM variants WHERE organization_id = :org AND sku = :sku"
        rows = await self.bench.rows(query, org=self.actor.tenant, sku=sku)
        return (rows[0][0], rows[0][1])

    async def held(self, sku: str = "S-1") -> dict[str, Any]:
        """Return all synced fields of a variant and its product."""
        query = f"""SELECT {HELD_PRODUCT} || {HELD_VARIANT} FROM variants v JOIN products p
                    ON p.organization_id = v.organization_id AND p.id = v.product_id
                    WHERE v.organization_id = :org AND v.sku = :sku"""
        held: dict[str, Any] = await self.bench.value(query, org=self.actor.tenant, sku=sku)
        return held

    async def edit(self, *edits: FieldEdit, **more: Any) -> EditResult:
        """Edit the catalog as a person."""
        async with self.bench.container.begin() as session:
            return await CatalogEdits(session).apply(self.actor, edits, **{"origin": "person", **more})

    async def history(self) -> list[tuple[dict[str, Any], str]]:
        """Return changes and their origins, oldest first."""
        query = "SELECT changes, origin FROM field_changes WHERE organization_id = :org ORDER BY id"
        return [(row[0], row[1]) for row in await self.bench.rows(query, org=self.actor.tenant)]

    async def conflicts(self, *columns: str) -> list[tuple[Any, ...]]:
        """Return columns of all conflicts."""
        query = f"SELECT {', '.join(columns)} FROM sync_conflicts WHERE organization_id = :org ORDER BY id"
        return await self.bench.rows(query, org=self.actor.tenant)


def article(number: str = "1", *, price: str | None = "10", **changes: Any) -> PlatformProduct:
    """Return a product sold as it is; what is not a field of a product is its variant's."""
    own = {
        name: changes.pop(name)
        for name in [*changes]
        if name in PlatformVariant.__struct_fields__ and name not in ("title", "url")
    }
    values = {"sku": f"S-{number}", "price": None if price is None else Decimal(price), "stock": 3, **own}
    variant = PlatformVariant(external_id=number, external_product_id=number, **values)
    modified = {"modified_at": own["modified_at"]} if "modified_at" in own else {}
    return PlatformProduct(
        **{"external_id": number, "title": f"Product {number}", "variants": (variant,), **modified, **changes}
    )


async def linked_stores(bench: Workbench) -> LinkedStores:
    """Return a new organization."""
    return LinkedStores(bench, await bench.organization())


def price_edit(ids: tuple[int, int], price: str | None, **more: Any) -> FieldEdit:
    """Return the edit of a price."""
    return FieldEdit(product_id=ids[0], variant_id=ids[1], field="price", value=price, **more)


def title_edit(ids: tuple[int, int], title: str, **more: Any) -> FieldEdit:
    """Return the edit of a title."""
    return FieldEdit(product_id=ids[0], field="title", value=title, **more)
