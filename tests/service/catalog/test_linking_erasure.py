"""What two-way sync keeps of a store goes with the store; what other stores hold stays whole."""

import uuid
from typing import Any

import pytest

from backend.domain.catalog.erasure import CatalogErasure
from backend.domain.sync.link_review import LinkReview
from backend.kit.ids import uuid7
from backend.models.base import Base
from backend.models.catalog import FieldChange, LinkSuggestion
from backend.models.pricing import Observation, PriceChange, TrackedUrl
from backend.models.stock import OrderStock, Oversell, StockAdjustment
from backend.models.sync import ListingRequest, SyncChange, SyncConflict, SyncRun
from tests.support.linked_shops import Shop, simple
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio

TOLD = (
    *("field_changes", "link_suggestions", "order_stock", "oversells", "stock_adjustments", "sync_changes"),
    *("sync_conflicts", "listing_requests", "price_changes", "tracked_urls", "observations"),
)
"""Every table of two-way sync and of prices that is the tenant's and hangs on no run or store by itself."""


def told_of(shop: Shop, run: uuid.UUID, product_id: int, variant_id: int, other: uuid.UUID) -> list[Base]:
    """One row of each kind about a product that the shop shows."""
    scope: dict[str, Any] = {"organization_id": shop.actor.tenant, "store_id": shop.store_id}
    org = {"organization_id": shop.actor.tenant}
    one: dict[str, Any] = {"product_id": product_id, "variant_id": variant_id}
    return [
        FieldChange(**scope, product_id=product_id, changes={"title": ["a", "b"]}, origin="store", run_id=run),
        FieldChange(**scope, **one, changes={"sku": ["a", "b"]}, origin="store", run_id=run),
        LinkSuggestion(
            **scope, external_id="1", product_id=product_id, candidate_id=product_id + 1000, reason="partly"
        ),
        OrderStock(**scope, order_id=f"{product_id}", line_id="1", variant_id=variant_id, wanted=1, taken=0),
        Oversell(**scope, order_id=f"{product_id}", line_id="1", variant_id=variant_id, missing=1),
        StockAdjustment(
            **scope, variant_id=variant_id, delta=-1, balance=2, reason="order", reference="order:1:1001", run_id=run
        ),
        SyncConflict(
            **scope, **one, external_id=f"{variant_id}", field="sku", hub_value={"value": 1}, store_value={"value": 2}
        ),
        SyncChange(**org, **one, run_id=run, target="store", action="update", entity="variant"),
        ListingRequest(**org, store_id=other, product_id=product_id, wanted="listed"),
        PriceChange(**org, variant_id=variant_id, price=2, currency="EUR", reason="store"),
        TrackedUrl(**org, id=variant_id, variant_id=variant_id, url=f"https://x.test/{variant_id}"),
        Observation(**org, url_id=variant_id, variant_id=variant_id, source="manual"),
    ]


async def erase(shop: Shop) -> None:
    async with shop.bench.container.begin() as session:
        erasure = CatalogErasure(session, shop.actor.tenant, shop.store_id)
        while await erasure.erase_batch(1):
            pass
        await erasure.erase_rest()


async def ids(shop: Shop, sku: str) -> tuple[int, int]:
    rows = await shop.bench.rows(
        "SELECT product_id, id FROM variants WHERE organization_id = :org AND sku = :sku",
        org=shop.actor.tenant,
        sku=sku,
    )
    return rows[0][0], rows[0][1]


async def count(shop: Shop, table: str) -> int:
    return int(
        await shop.bench.value(f"SELECT count(*) FROM {table} WHERE organization_id = :org", org=shop.actor.tenant)
    )


@pytest.fixture
async def shops(bench: Workbench) -> tuple[Shop, Shop]:
    actor = await bench.organization()
    return await Shop.opened(bench, actor, "leaves"), await Shop.opened(bench, actor, "stays")


async def tell(shop: Shop, other: Shop, sku: str) -> None:
    run = SyncRun(
        id=uuid7(), organization_id=shop.actor.tenant, store_id=shop.store_id, mode="full", state="completed", stats={}
    )
    product_id, variant_id = await ids(shop, sku)
    async with shop.bench.container.begin() as session:
        session.add(run)
        await session.flush()
        session.add_all(told_of(shop, run.id, product_id, variant_id, other.store_id))


async def test_what_a_store_alone_had_leaves_nothing_behind(shops: tuple[Shop, Shop]) -> None:
    leaves, stays = shops
    await leaves.shows(simple("1", "A"))
    await tell(leaves, stays, "A")
    for table in TOLD:
        assert await count(leaves, table) > 0, table
    await erase(leaves)
    for table in TOLD:
        assert await count(leaves, table) == 0, table


async def test_histories_of_what_another_store_holds_stay_and_forget_where_they_came_from(
    shops: tuple[Shop, Shop],
) -> None:
    leaves, stays = shops
    await leaves.shows(simple("1", "A"))
    await stays.shows(simple("9", "A"))
    await tell(leaves, stays, "A")
    await erase(leaves)
    left = {table: await count(leaves, table) for table in TOLD if await count(leaves, table)}
    prices = {"price_changes": 1, "tracked_urls": 1, "observations": 1}
    assert left == {"field_changes": 2, "stock_adjustments": 1, "listing_requests": 1, **prices}
    rows = await leaves.bench.rows(
        "SELECT store_id, run_id, '' FROM field_changes WHERE organization_id = :org"
        " UNION ALL SELECT store_id, run_id, reference FROM stock_adjustments WHERE organization_id = :org",
        org=leaves.actor.tenant,
    )
    assert rows == [(None, None, "")] * 3


async def test_what_is_told_of_another_store_stays_as_it_is(shops: tuple[Shop, Shop]) -> None:
    leaves, stays = shops
    await leaves.shows(simple("1", "A"))
    await stays.shows(simple("9", "B"))
    await tell(stays, leaves, "B")
    before = {table: await count(stays, table) for table in TOLD}
    await erase(leaves)
    assert {table: await count(stays, table) for table in TOLD} == before
    product_id, _ = await ids(stays, "B")
    assert (
        await stays.bench.value(
            "SELECT count(*) FROM field_changes WHERE store_id = :id AND product_id = :product",
            id=stays.store_id,
            product=product_id,
        )
        == 2
    )


async def test_a_candidate_that_is_erased_is_suggested_no_more(shops: tuple[Shop, Shop]) -> None:
    leaves, stays = shops
    await leaves.shows(simple("1", "A", "4006381333931"))
    await stays.shows(simple("9", "B", "4006381333931"))
    assert len(await stays.suggestions()) == 1
    await erase(leaves)
    assert await count(stays, "link_suggestions") == 0


async def test_a_product_that_became_another_one_is_erased_with_the_store_that_brought_it(
    shops: tuple[Shop, Shop],
) -> None:
    leaves, stays = shops
    await stays.shows(simple("9", "B", "4006381333931"))
    await leaves.shows(simple("1", "A", "4006381333931"))
    async with leaves.bench.container.begin() as session:
        review = LinkReview(session)
        await review.confirm(leaves.actor, (await review.open(leaves.actor))[0].id)
    assert await count(leaves, "products") == 2
    await erase(leaves)
    assert [await count(stays, table) for table in ("products", "variants", "product_links")] == [1, 1, 1]
    assert await ids(stays, "B")


def test_no_table_of_two_way_sync_is_forgotten() -> None:
    """A tenant's table without a foreign key has to be named here, and erased."""
    elsewhere = {"products", "variants", "stock_levels", "product_links", "listings"}
    elsewhere |= {"audit_entries", "received_webhooks", "competitors", "key_uses", "events"}
    loose = {
        name
        for name, table in Base.metadata.tables.items()
        if "organization_id" in table.columns and not table.columns["organization_id"].foreign_keys
    }
    held_by_runs = {
        name
        for name in loose
        if any(key.column.table.name == "sync_runs" for key in Base.metadata.tables[name].foreign_keys)
    }
    assert loose - elsewhere - held_by_runs == set(TOLD)
