"""Linking looks rows up by key, whatever the statistics say: they were taken before a tenant came, or never."""

import re

import pytest
from sqlalchemy import text

from backend.domain.catalog import linking_repository as queries
from tests.support.linked_shops import Shop, product, simple, variant
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio

MANY = 1_500
"""So many rows of a store that going through them for each look-up shows in the plan."""


def ean(number: int) -> str:
    return str(4_000_000_000_000 + number)


async def filled(bench: Workbench) -> tuple[Shop, Shop]:
    """Two stores of a new organization with the same articles, and parents of one that have no variants yet."""
    actor = await bench.organization()
    first, second = await Shop.opened(bench, actor, "first"), await Shop.opened(bench, actor, "second")
    for shop in (first, second):
        await shop.shows(*(simple(str(n), f"S-{n}", ean(n)) for n in range(MANY)))
    await first.shows(product("single", variant("v", "single", "X")))
    await second.shows(*(product(f"parent-{n}") for n in range(50)))
    return first, second


async def passed_over(shop: Shop, statement: str, **values: object) -> list[int]:
    """Return how many rows each part of a plan reads in vain, for each time it is run."""
    scope = {"org": shop.actor.tenant, "store": shop.store_id}
    async with shop.bench.container.begin() as session:
        told = await session.execute(text(f"EXPLAIN (ANALYZE, TIMING OFF) {statement}"), {**scope, **values})
        plan = "\n".join(told.scalars())
        return [int(found) for found in re.findall(r"Rows Removed by \w+(?: \w+)*: (\d+)", plan)]


@pytest.mark.parametrize("statistics", ["never taken", "taken before the tenant came"])
async def test_a_tenant_unknown_to_the_statistics_is_looked_up_by_key(bench: Workbench, statistics: str) -> None:
    if statistics != "never taken":
        await filled(bench)
        async with bench.container.begin() as session:
            await session.execute(text("ANALYZE product_links, listings, products, variants, field_changes"))
    _, second = await filled(bench)
    products = [
        row[0]
        for row in await bench.rows(
            "SELECT product_id FROM product_links WHERE organization_id = :org LIMIT 200", org=second.actor.tenant
        )
    ]
    for statement, values in (
        (queries.HITS_BY_SKU, {"words": [f"S-{n}" for n in range(200)]}),
        (queries.HITS_BY_BARCODE, {"words": [ean(n) for n in range(200)]}),
        (queries.UNPLACED, {"products": products}),
        (queries.PARENT_STATES, {"names": [f"parent-{n}" for n in range(50)]}),
    ):
        assert max(await passed_over(second, statement, **values), default=0) <= 2, statement
