"""Whatever a store holds, its sync ends, keeps the rest, and says what it could not take."""

import random
import string
from decimal import Decimal

import msgspec
import pytest

from backend.ports.store_platform import PlatformImage, PlatformProduct
from plugin_bridge.sandbox.generator import generate_products
from tests.support.product import Workbench

pytestmark = pytest.mark.anyio

LONG = "".join(random.Random(7).choices(string.ascii_letters + string.digits, k=10_000))
"""Does not compress: an index that holds it whole would refuse it."""


def product(number: int, **changes: object) -> PlatformProduct:
    """Return an ordinary product with changes; those named `variant_…` go to its variant."""
    base = next(iter(generate_products(1, seed=number)))
    mine = {"external_id": str(number), "external_product_id": str(number), "sku": f"SKU-{number}", "barcode": ""}
    variant = {key.removeprefix("variant_"): value for key, value in changes.items() if key.startswith("variant_")}
    rest = {key: value for key, value in changes.items() if not key.startswith("variant_")}
    variants = (msgspec.structs.replace(base.variants[0], **{**mine, **variant}),)
    return msgspec.structs.replace(base, **{"external_id": str(number), "variants": variants, **rest})


HOSTILE = [
    {"title": LONG},
    {"title": "Smile 😀 \U0001f9f5 and \u202e turn"},
    {"title": "<script>alert(1)</script>"},
    {"description": LONG * 10},
    {"brand": LONG},
    {"brand": "İstanbul"},
    {"brand": "STRASSE ẞ"},
    {"categories": (LONG,)},
    {"categories": tuple(f"C{n}" for n in range(200))},
    {"tags": (LONG,) * 3},
    {"handle": LONG},
    {"url": f"https://shop.example.com/{LONG}"},
    {"images": tuple(PlatformImage(url=f"https://i.example.com/{n}-{LONG[:500]}.jpg") for n in range(100))},
    {"variant_sku": LONG},
    {"variant_barcode": "0" * 500},
    {"variant_price": Decimal("99999999999.999999")},
    {"variant_price": Decimal("0.000000001")},
    {"variant_price": None},
    {"variant_stock": 2_147_483_647},
    {"variant_stock": -2_147_483_648},
    {"variant_weight_g": 2_147_483_647},
]


async def test_a_catalog_of_extremes_is_synced_whole(bench: Workbench) -> None:
    actor = await bench.organization()
    store = bench.store([product(number, **changes) for number, changes in enumerate(HOSTILE, 1)])
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    async with bench.container.transaction() as services:
        run = (await services.sync.history(actor, store_id))[0]
    assert run.state == "completed", run.error_message
    count = "SELECT count(*) FROM products WHERE organization_id = :org AND deleted_at IS NULL"
    assert await bench.value(count, org=actor.tenant) == len(HOSTILE)
    again = await bench.pull(actor, store_id)
    assert again.state == "completed"
    assert again.stats["products_updated"] == again.stats["variants_updated"] == 0


async def test_numbers_beyond_what_can_be_kept_are_issues_and_cost_nothing_else(bench: Workbench) -> None:
    actor = await bench.organization()
    store = bench.store(generate_products(3))
    items = list(store.app.shop.catalog.items.values())
    items[0].stock = 10**15
    items[1].regular_price = "9" * 40
    for item in items[:2]:
        store.app.shop.renderer.forget(item.id)
    store_id = await bench.connect(actor, store)
    await bench.work_off()
    async with bench.container.transaction() as services:
        run = (await services.sync.history(actor, store_id))[0]
    assert run.state == "completed", run.error_message
    assert {issue.code for issue in await bench.issues(actor, run.id)} == {"stock_unreadable", "price_unreadable"}
    assert run.stats["products_added"] == 3
