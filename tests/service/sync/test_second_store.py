"""A store that is connected after another changes no number of pieces, however often it is read."""

import pytest

from plugin_bridge.sandbox.generator import generate_products
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio

PIECES = (
    "SELECT v.sku, sum(k.on_hand) FROM variants v JOIN stock_levels k ON k.organization_id = v.organization_id"
    " AND k.variant_id = v.id WHERE v.organization_id = :org GROUP BY v.sku ORDER BY v.sku"
)
BOOKED = "SELECT count(*) FROM stock_adjustments WHERE organization_id = :org"


async def test_the_same_articles_with_other_numbers_are_met_without_a_change(bench: Workbench) -> None:
    actor = await bench.organization()
    first, second = bench.store(generate_products(3)), bench.store(generate_products(3))
    await bench.connect(actor, first)
    await bench.work_off()
    before = await bench.rows(PIECES, org=actor.tenant)
    for row in second.control("GET", "catalog"):
        second.control("POST", "change", {"sku": row["sku"], "stock": (row["stock"] or 0) + 5, "silent": True})
    second_id = await bench.connect(actor, second)
    await bench.work_off()
    await bench.pull(actor, second_id)
    assert await bench.rows(PIECES, org=actor.tenant) == before
    assert await bench.value(BOOKED, org=actor.tenant) == 0
    # What is sold there from now on counts.
    sku, pieces = before[0]
    second.control("POST", "change", {"sku": sku, "stock": pieces + 5 - 2, "silent": True})
    await bench.pull(actor, second_id)
    assert await bench.rows(PIECES, org=actor.tenant) == [(sku, pieces - 2), *before[1:]]
