"""Merges look rows up by key, whatever the statistics say: they were taken before a tenant came."""

import re
from decimal import Decimal

import pytest
from sqlalchemy import text

from backend.domain.catalog import judging_sql, merge_sql
from backend.domain.catalog.merge import StoreMerge
from backend.domain.catalog.staging import hashes, shown_rows
from backend.kit.ids import uuid7
from backend.models.stores import Store
from backend.ports.store_platform import PlatformProduct, PlatformVariant
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio


def product(number: int, price: str = "9.90") -> PlatformProduct:
    """Return a product that is sold as it is."""
    own = PlatformVariant(
        external_id=str(number), external_product_id=str(number), sku=f"S-{number}", price=Decimal(price)
    )
    return PlatformProduct(external_id=str(number), title=f"Product {number}", variants=(own,))


async def test_a_tenant_unknown_to_the_statistics_is_looked_up_by_key(bench: Workbench) -> None:
    known, new = (await bench.organization()).tenant, (await bench.organization()).tenant
    store_id = uuid7()
    async with bench.container.begin() as session:
        merge = StoreMerge(session, organization_id=known, store_id=uuid7(), currency="EUR")
        await merge.merge([product(n) for n in range(6_000)])
    async with bench.container.begin() as session:
        await session.execute(text("ANALYZE product_links, listings, products, variants"))
    scope = {"org": new, "store": store_id}
    async with bench.container.begin() as session:
        await StoreMerge(session, organization_id=new, store_id=store_id, currency="EUR").merge(
            [product(n) for n in range(2_000)]
        )
    shown = [product(n, "5.00") for n in range(400)]
    looked_up = (
        (merge_sql.KNOWN_PRODUCTS, hashes(shown_rows(shown).products)),
        (merge_sql.KNOWN_VARIANTS, hashes(shown_rows(shown).variants)),
        (merge_sql.PARENTS, {"ids": [one.external_id for one in shown]}),
    )
    async with bench.container.begin() as session:
        for statement, values in looked_up:
            told = await session.execute(text(f"EXPLAIN (ANALYZE, TIMING OFF) {statement}"), {**scope, **values})
            plan = "\n".join(told.scalars())
            assert "Rows Removed by Filter" not in plan, plan
            assert plan.count("external_id = shown.external_id") == 1, plan


async def test_of_what_comes_behind_all_that_is_known_no_row_is_looked_up(bench: Workbench) -> None:
    actor, store_id = await bench.organization(), uuid7()
    async with bench.container.begin() as session:
        merge = StoreMerge(session, organization_id=actor.tenant, store_id=store_id, currency="EUR")
        await merge.merge([product(n) for n in range(10_000, 16_000)])
    rows = shown_rows([product(n) for n in range(16_000, 17_000)])
    scope = {"org": actor.tenant, "store": store_id}
    looked_up = ((merge_sql.KNOWN_PRODUCTS, hashes(rows.products)), (merge_sql.KNOWN_VARIANTS, hashes(rows.variants)))
    for statistics in ("SELECT 1", "ANALYZE product_links, listings"):
        async with bench.container.begin() as session:
            await session.execute(text(statistics))
            for statement, values in looked_up:
                told = await session.execute(text(f"EXPLAIN (ANALYZE, TIMING OFF) {statement}"), {**scope, **values})
                plan = "\n".join(told.scalars())
                assert "Rows Removed by Filter" not in plan, plan
                assert "Seq Scan" not in plan, plan
                by_key = plan[: plan.index("external_id = shown.external_id")].splitlines()[-2]
                assert by_key.endswith("(never executed)"), plan


async def test_what_two_stores_of_an_unknown_tenant_show_is_judged_by_key(bench: Workbench) -> None:
    known, new = (await bench.organization()).tenant, (await bench.organization()).tenant
    stores = [uuid7(), uuid7()]
    async with bench.container.begin() as session:
        merge = StoreMerge(session, organization_id=known, store_id=uuid7(), currency="EUR")
        await merge.merge([product(n) for n in range(6_000)])
        await session.execute(text("ANALYZE product_links, listings, products, variants"))
    async with bench.container.begin() as session:
        for store_id in stores:
            url = f"https://{store_id}.test"
            row = Store(id=store_id, organization_id=new, platform="x", url=url, name="", state="active")
            session.add(row)
    for store_id in stores:
        async with bench.container.begin() as session:
            merge = StoreMerge(session, organization_id=new, store_id=store_id, currency="EUR")
            await merge.merge([product(n) for n in range(1_000)])
    values = {
        "org": new,
        "store": stores[1],
        "names": [str(n) for n in range(300)],
        "hub": False,
        "shared": True,
        "since": None,
    }
    async with bench.container.begin() as session:
        for statement in (judging_sql.CONTESTED_PRODUCTS, judging_sql.CONTESTED_VARIANTS):
            told = await session.execute(text(f"EXPLAIN (ANALYZE, TIMING OFF) {statement}"), values)
            plan = "\n".join(told.scalars())
            removed = [int(rows) for rows in re.findall(r"Rows Removed by Filter: (\d+)", plan)]
            assert max(removed, default=0) <= 2, plan
            assert "rows=300" in plan, plan
