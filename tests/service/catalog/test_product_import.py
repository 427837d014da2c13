"""A product file comes into the catalog once, however often it is imported, and says what it could not take."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from sqlalchemy import text

from backend.domain.catalog import merge_sql
from backend.domain.catalog.product_import import ImportResult, ProductImport
from backend.kit.errors import DomainError, ErrorKind
from backend.ports.actor import Actor, system_actor
from backend.ports.store_platform import PlatformProduct, PlatformVariant
from plugin_bridge.sandbox.generator import generate_products
from tests.support.product import Workbench
from tests.support.product_files import SHOPIFY, csv_bytes, shopify_file, woocommerce_file

pytestmark = pytest.mark.anyio

CAP = {"Handle": "cap", "Title": "Cap", "Variant SKU": "cap", "Variant Price": "5", "Vendor": "Acme", "Type": "Hats"}
COUNTS = """SELECT (SELECT count(*) FROM products WHERE organization_id = :org),
    (SELECT count(*) FROM variants WHERE organization_id = :org),
    (SELECT count(*) FROM stock_levels WHERE organization_id = :org)"""


def file(*rows: dict[str, Any]) -> bytes:
    return csv_bytes(SHOPIFY, rows)


def shirts(count: int, *, without_sku: bool = False) -> bytes:
    rows = []
    for number in range(count):
        for size in "SM":
            first = {"Title": f"Shirt {number}", "Option1 Name": "Size", "Tags": "a, b"} if size == "S" else {}
            sku = "" if without_sku else f"{number}-{size}"
            rows.append(
                first | {"Handle": f"shirt-{number}", "Option1 Value": size, "Variant Price": "9", "Variant SKU": sku}
            )
    return file(*rows)


def numbered(product: PlatformProduct, number: int) -> PlatformProduct:
    """Give a product and its variants ids as WooCommerce has them."""
    variants = tuple(
        structs.replace(variant, external_id=f"{number}0{n}", external_product_id=f"{number}")
        for n, variant in enumerate(product.variants, 1)
    )
    return structs.replace(product, external_id=f"{number}", handle=product.handle or f"p{number}", variants=variants)


def numbers(result: ImportResult) -> tuple[int, int, int]:
    return result.created, result.updated, result.unchanged


async def state(bench: Workbench, actor: Actor) -> list[tuple[Any, ...]]:
    """Return everything the catalog says, times of change included."""
    return await bench.rows(
        """SELECT p.*, v.*, k.* FROM products p JOIN variants v ON v.product_id = p.id
        JOIN stock_levels k ON k.variant_id = v.id WHERE p.organization_id = :org ORDER BY v.id""",
        org=actor.tenant,
    )


async def revision(bench: Workbench, actor: Actor) -> int:
    return int(await bench.value("SELECT catalog_revision FROM organizations WHERE id = :org", org=actor.tenant))


async def test_a_file_comes_in_with_products_variants_and_stock(bench: Workbench) -> None:
    actor = await bench.organization()
    result = await bench.container.product_import.run(actor, shirts(3))
    assert numbers(result) == (3, 0, 0)
    assert result.rejected == ()
    assert (await bench.rows(COUNTS, org=actor.tenant)) == [(3, 6, 6)]


@pytest.mark.parametrize("without_sku", [False, True])
async def test_the_same_file_again_changes_nothing(bench: Workbench, without_sku: bool) -> None:
    actor = await bench.organization()
    data = shirts(5, without_sku=without_sku)
    await bench.container.product_import.run(actor, data)
    before, counted = await state(bench, actor), await revision(bench, actor)
    assert numbers(await bench.container.product_import.run(actor, data)) == (0, 0, 5)
    assert await state(bench, actor) == before
    assert await revision(bench, actor) == counted == 1


@pytest.mark.parametrize("write", [shopify_file, woocommerce_file])
async def test_rich_products_in_both_formats_are_unchanged_the_second_time(bench: Workbench, write: Any) -> None:
    actor = await bench.organization()
    data = write([numbered(product, number) for number, product in enumerate(generate_products(40, 3), 1)])
    first = await bench.container.product_import.run(actor, data)
    assert (first.created, first.rejected) == (40, ())
    assert numbers(await bench.container.product_import.run(actor, data)) == (0, 0, 40)


async def test_a_woocommerce_product_without_any_sku_is_found_again(bench: Workbench) -> None:
    actor = await bench.organization()
    data = b"ID,Name,Regular price\n7,Cap,5\n8,Hat,6\n"
    assert numbers(await bench.container.product_import.run(actor, data)) == (2, 0, 0)
    assert numbers(await bench.container.product_import.run(actor, data)) == (0, 0, 2)


async def test_a_changed_price_updates_its_product_alone(bench: Workbench) -> None:
    actor = await bench.organization()
    await bench.container.product_import.run(actor, shirts(4))
    changed = shirts(4).replace(b"9", b"10", 1)
    assert numbers(await bench.container.product_import.run(actor, changed)) == (0, 1, 3)
    prices = await bench.rows("SELECT price FROM variants WHERE organization_id = :org ORDER BY id", org=actor.tenant)
    assert [str(price.normalize()) for (price,) in prices] == ["1E+1"] + ["9"] * 7


async def test_a_new_variant_of_a_known_product_is_added_to_it(bench: Workbench) -> None:
    actor = await bench.organization()
    await bench.container.product_import.run(actor, shirts(1))
    more = shirts(1) + b"shirt-0,,,,,,,,,L,,,,,0-L,,,,,9\n"
    assert numbers(await bench.container.product_import.run(actor, more)) == (0, 1, 0)
    assert (await bench.rows(COUNTS, org=actor.tenant)) == [(1, 3, 3)]


async def test_what_a_file_does_not_have_stays_in_the_catalog(bench: Workbench) -> None:
    actor = await bench.organization()
    await bench.container.product_import.run(actor, shirts(2))
    assert numbers(await bench.container.product_import.run(actor, file(CAP))) == (1, 0, 0)
    assert (await bench.rows(COUNTS, org=actor.tenant))[0][0] == 3


async def test_g16_a_column_the_file_does_not_have_keeps_its_values_and_an_empty_cell_clears_them(
    bench: Workbench,
) -> None:
    actor = await bench.organization()
    full = CAP | {
        "Tags": "wool",
        "Variant Barcode": "0123",
        "Variant Inventory Tracker": "shopify",
        "Variant Inventory Qty": 7,
    }
    await bench.container.product_import.run(actor, file(full))
    short = b"Handle,Title,Variant SKU,Variant Price,Variant Barcode\ncap,Cap,cap,6,\n"
    assert numbers(await bench.container.product_import.run(actor, short)) == (0, 1, 0)
    (row,) = await bench.rows(
        """SELECT p.tags, b.name, p.categories, v.barcode, k.on_hand FROM products p
        JOIN brands b ON b.id = p.brand_id JOIN variants v ON v.product_id = p.id
        JOIN stock_levels k ON k.variant_id = v.id WHERE p.organization_id = :org""",
        org=actor.tenant,
    )
    assert row == (["wool"], "Acme", ["Hats"], "", 7)


async def test_brands_and_categories_are_made_once_without_regard_to_case(bench: Workbench) -> None:
    actor = await bench.organization()
    other = {
        "Handle": "hat",
        "Title": "Hat",
        "Variant SKU": "hat",
        "Variant Price": "5",
        "Vendor": "ACME",
        "Type": "HATS",
    }
    await bench.container.product_import.run(actor, file(CAP, other))
    for table in ("brands", "categories"):
        assert await bench.value(f"SELECT count(*) FROM {table} WHERE organization_id = :org", org=actor.tenant) == 1


async def test_rejected_rows_are_told_by_line_and_the_others_come_in(bench: Workbench) -> None:
    actor = await bench.organization()
    result = await bench.container.product_import.run(
        actor, file(CAP | {"Handle": "hat", "Variant SKU": "hat", "Variant Price": "12,50"}, CAP)
    )
    assert numbers(result) == (1, 0, 0)
    assert [row.line for row in result.rejected] == [2]
    assert "12.50" in result.rejected[0].reason


async def test_skus_of_two_catalog_products_in_one_product_are_rejected(bench: Workbench) -> None:
    actor = await bench.organization()
    await bench.container.product_import.run(
        actor, file(CAP, CAP | {"Handle": "hat", "Title": "Hat", "Variant SKU": "hat"})
    )
    both = [
        {"Handle": "set", "Title": "Set", "Option1 Name": "Kind", "Option1 Value": "Cap", "Variant SKU": "cap"},
        {"Handle": "set", "Option1 Value": "Hat", "Variant SKU": "hat"},
    ]
    before = await state(bench, actor)
    result = await bench.container.product_import.run(actor, file(*both))
    assert numbers(result) == (0, 0, 0)
    assert [row.line for row in result.rejected] == [2]
    assert await state(bench, actor) == before


async def test_a_dry_run_writes_nothing_and_says_the_same_numbers(bench: Workbench) -> None:
    actor = await bench.organization()
    importing = ProductImport(bench.container.begin, bench.container.product_limit, batch=3)
    await importing.run(actor, shirts(4))
    changed = shirts(9).replace(b"9", b"10", 1) + b"broken,Broken,,,,,,,,,,,,,,,,,,abc\n"
    before, counted = await state(bench, actor), await revision(bench, actor)
    tried = await importing.run(actor, changed, dry_run=True)
    assert await state(bench, actor) == before
    assert await revision(bench, actor) == counted
    done = await importing.run(actor, changed)
    assert tried == done
    assert numbers(done) == (5, 1, 3)
    assert len(done.rejected) == 1


async def test_progress_is_told_after_every_batch(bench: Workbench) -> None:
    actor = await bench.organization()
    told: list[tuple[int, int]] = []
    importing = ProductImport(bench.container.begin, bench.container.product_limit, batch=2)
    await importing.run(actor, shirts(5), progress=lambda done, total: told.append((done, total)))
    assert told == [(2, 5), (4, 5), (5, 5)]


async def test_an_import_that_was_stopped_half_way_is_finished_by_repeating_it(bench: Workbench) -> None:
    actor = await bench.organization()
    importing = ProductImport(bench.container.begin, bench.container.product_limit, batch=2)

    def stop(done: int, _: int) -> None:
        if done == 4:
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await importing.run(actor, shirts(6), progress=stop)
    assert numbers(await importing.run(actor, shirts(6))) == (2, 0, 4)


async def test_s2s_23_a_file_with_more_new_products_than_the_plan_holds_is_refused_whole(bench: Workbench) -> None:
    actor = await bench.organization("starter")
    for importing in (
        bench.container.product_import,
        ProductImport(bench.container.begin, bench.container.product_limit, batch=400),
    ):
        for dry_run in (True, False):
            with pytest.raises(DomainError) as refused:
                await importing.run(actor, shirts(1_001), dry_run=dry_run)
            assert (refused.value.kind, refused.value.code) == (ErrorKind.LIMIT_REACHED, "PIM_PRODUCT_LIMIT")
            assert (await bench.rows(COUNTS, org=actor.tenant)) == [(0, 0, 0)]


async def test_s2s_23_a_full_plan_still_takes_changes_of_what_is_there(bench: Workbench) -> None:
    actor = await bench.organization("starter")
    importing = ProductImport(bench.container.begin, bench.container.product_limit, batch=400)
    await importing.run(actor, shirts(1_000))
    changed = shirts(1_000).replace(b"9", b"10", 1)
    assert numbers(await importing.run(actor, changed)) == (0, 1, 999)
    with pytest.raises(DomainError):
        await importing.run(actor, file(CAP))


async def test_two_organizations_do_not_touch_each_other(bench: Workbench) -> None:
    one, other = await bench.organization(), await bench.organization()
    await bench.container.product_import.run(one, shirts(3))
    before = await state(bench, one)
    assert numbers(await bench.container.product_import.run(other, shirts(3).replace(b"9", b"8"))) == (3, 0, 0)
    assert await state(bench, one) == before


async def test_an_import_meets_the_products_of_a_connected_store_by_sku(bench: Workbench) -> None:
    actor = await bench.organization()
    product = PlatformProduct(
        external_id="1",
        title="Cap",
        handle="wool-cap",
        variants=(PlatformVariant(external_id="1", external_product_id="1", sku="cap", price=5),),
    )
    await bench.connect(actor, bench.store([product]))
    await bench.work_off()
    url = await bench.value("SELECT url FROM products WHERE organization_id = :org", org=actor.tenant)
    assert url
    assert numbers(await bench.container.product_import.run(actor, file(CAP | {"Variant Price": "6"}))) == (0, 1, 0)
    assert await bench.rows(
        "SELECT p.url, v.currency, v.price::int FROM products p JOIN variants v ON v.product_id = p.id"
        " WHERE p.organization_id = :org",
        org=actor.tenant,
    ) == [(url, "EUR", 6)]


async def test_new_products_are_in_the_currency_of_the_connected_store(bench: Workbench) -> None:
    actor = await bench.organization()
    await bench.connect(actor, bench.store())
    await bench.container.product_import.run(actor, file(CAP))
    assert await bench.value("SELECT currency FROM variants WHERE organization_id = :org", org=actor.tenant) == "EUR"


async def test_a_tombstoned_product_is_left_alone_and_made_anew(bench: Workbench) -> None:
    actor = await bench.organization()
    await bench.container.product_import.run(actor, file(CAP))
    await bench.rows(
        "UPDATE products SET deleted_at = now() WHERE organization_id = :org RETURNING id", org=actor.tenant
    )
    assert numbers(await bench.container.product_import.run(actor, file(CAP))) == (1, 0, 0)


async def test_two_imports_of_one_file_at_once_make_every_product_once(bench: Workbench) -> None:
    actor = await bench.organization()
    importing = ProductImport(bench.container.begin, bench.container.product_limit, batch=5)
    both = await asyncio.gather(importing.run(actor, shirts(20)), importing.run(actor, shirts(20)))
    assert sum(result.created for result in both) == 20
    assert (await bench.rows(COUNTS, org=actor.tenant)) == [(20, 40, 40)]


async def test_an_import_and_a_pull_wait_for_each_other_without_a_deadlock(bench: Workbench) -> None:
    actor = await bench.organization("starter")
    store_id = await bench.connect(actor, bench.store())
    async with bench.container.begin() as pull:
        await pull.execute(text(merge_sql.LOCK_STORE), {"store": store_id})
        importing = asyncio.create_task(bench.container.product_import.run(actor, shirts(3)))
        while not await bench.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
            assert not importing.done()
        # What a merge does next: count under the organization's lock.
        await pull.execute(text(merge_sql.LOCK_COUNT), {"org": actor.tenant})
    assert numbers(await importing) == (3, 0, 0)


async def test_an_unknown_organization_is_not_found(bench: Workbench, tmp_path: Path) -> None:
    nobody = system_actor((await bench.organization()).tenant.__class__(int=1))
    with pytest.raises(DomainError) as refused:
        await bench.container.product_import.run(nobody, tmp_path / "none.csv")
    assert refused.value.kind is ErrorKind.NOT_FOUND


@pytest.mark.parametrize("name", ["shopify-apparel.csv", "shopify-home-and-garden.csv", "shopify-jewelery.csv"])
async def test_a_real_sample_comes_in_whole_and_once(bench: Workbench, name: str) -> None:
    sample = Path(__file__).parents[4] / "shared" / "data" / name
    if not sample.exists():
        pytest.skip(f"THE SAMPLE FILE {sample} IS NOT HERE: real product exports were not tried")
    actor = await bench.organization("starter")
    first = await bench.container.product_import.run(actor, sample)
    assert (numbers(first), first.rejected) == ((20, 0, 0), ())
    assert numbers(await bench.container.product_import.run(actor, sample)) == (0, 0, 20)
