"""Writing to a WooCommerce store: few requests, only what changed, nothing twice, whatever the store answers."""

from decimal import Decimal

import pytest

from backend.ports.store_platform import PlatformImage
from backend.ports.store_writes import (
    REFUSED,
    STALE,
    UNCHANGED,
    WRITTEN,
    ProductRemoval,
    ProductWrite,
    VariantWrite,
)
from tests.support.woo import catalog, walk, woo_store
from tests.support.woo_writes import (
    OLD,
    YES,
    batches,
    counted,
    ids,
    item,
    outcomes,
    rows,
    setting,
    telling,
    written,
)

pytestmark = pytest.mark.anyio


async def test_a_hundred_prices_are_one_request_that_holds_nothing_else() -> None:
    async with woo_store(catalog(simple=100)) as store:
        writes = [setting(store, f"CUP-{n}", price=Decimal(n + 1)) for n in range(100)]
        results = await written(store.open(facts=YES), writes)
        assert {one.outcome for one in results.values()} == {WRITTEN}
        assert results["CUP-9"].shown == {"price": Decimal(10)}
        assert len(store.asked) == 1
        assert {tuple(row) for row in batches(store)[0]["update"]} == {("id", "regular_price")}
        assert item(store, "CUP-99").regular_price == "100.00"


async def test_variations_are_sent_in_one_batch_for_each_product() -> None:
    async with woo_store(catalog(variable=3, each=4)) as store:
        writes = [setting(store, f"SHIRT-{n}-{m}", price=Decimal("9.99")) for n in range(3) for m in range(4)]
        results = await written(store.open(facts=YES), writes)
        assert {one.outcome for one in results.values()} == {WRITTEN}
        assert len(store.asked) == 3
        assert item(store, "SHIRT-2-3").regular_price == "9.99"


async def test_pieces_are_read_compared_and_written_in_two_requests() -> None:
    async with woo_store(catalog(simple=5)) as store:
        writes = [
            counted(store, "CUP-1", 1, 7),
            counted(store, "CUP-2", 5, 9),
            counted(store, "CUP-3", 0, 3),
            counted(store, "CUP-4", 4, -2),
        ]
        results = await written(store.open(facts=YES), writes)
        assert {key: (one.outcome, one.pieces) for key, one in results.items()} == {
            "CUP-1": (WRITTEN, 7),
            "CUP-2": (STALE, 2),
            "CUP-3": (UNCHANGED, 3),
            "CUP-4": (WRITTEN, -2),
        }
        assert [item(store, f"CUP-{n}").stock for n in range(1, 5)] == [7, 2, 3, -2]
        assert len(store.asked) == 2
        assert [row["id"] for row in batches(store)[0]["update"]] == [item(store, f"CUP-{n}").id for n in (1, 4)]


async def test_what_the_store_does_not_count_is_not_counted_for_it() -> None:
    async with woo_store(catalog(simple=1)) as store:
        item(store, "CUP-0").manage_stock = False
        results = await written(store.open(facts=YES), [counted(store, "CUP-0", 0, 4)])
        assert (results["CUP-0"].outcome, results["CUP-0"].code) == (REFUSED, "not_counted")
        assert batches(store) == []


async def test_one_bad_row_is_its_own_trouble() -> None:
    async with woo_store(catalog(simple=3)) as store:
        gone = VariantWrite(key="gone", external_product_id="987654", external_id="987654", fields={"sku": "X"})
        taken = setting(store, "CUP-0", sku="CUP-1")
        fine = ProductWrite(key="fine", external_product_id=ids(store, "CUP-2")["external_id"], fields={"title": "Mug"})
        results = await written(store.open(facts=YES), [gone, taken, fine])
        assert {key: (one.outcome, one.code) for key, one in results.items()} == {
            "gone": (REFUSED, "gone"),
            "CUP-0": (REFUSED, "sku_taken"),
            "fine": (WRITTEN, ""),
        }
        assert len(store.asked) == 1


async def test_a_thousand_prices_are_ten_requests() -> None:
    async with woo_store(catalog(simple=1000)) as store:
        opened = store.open(facts=YES)
        for start in range(0, 1000, store.connector.writes_at_once):
            chunk = [setting(store, f"CUP-{n}", price=Decimal("7.77")) for n in range(start, start + 100)]
            await written(opened, chunk)
        assert len(store.asked) == 10
        assert {one.regular_price for one in store.shop.catalog.items.values()} == {"7.77"}


async def test_prices_that_a_store_would_misread_are_never_sent() -> None:
    async with woo_store(catalog(simple=4)) as store:
        results = await written(
            store.open(facts=YES),
            [
                setting(store, "CUP-0", price=Decimal("-1")),
                setting(store, "CUP-1", price=Decimal("NaN")),
                setting(store, "CUP-2", price=Decimal(5), sale_price=Decimal(5)),
                setting(store, "CUP-3", price=None, sale_price=Decimal(5)),
            ],
        )
        assert set(outcomes(results).values()) == {(REFUSED, "price_invalid")}
        assert store.asked == []


async def test_a_sale_that_the_store_clears_is_told_with_what_it_shows() -> None:
    async with woo_store(catalog(simple=1)) as store:
        results = await written(store.open(facts=YES), [setting(store, "CUP-0", sale_price=Decimal(99))])
        assert outcomes(results) == {"CUP-0": (REFUSED, "echo_differs")}
        assert results["CUP-0"].shown == {"sale_price": None}


async def test_no_price_and_no_sale_empty_them() -> None:
    async with woo_store(catalog(simple=1)) as store:
        opened = store.open(facts=YES)
        await written(opened, [setting(store, "CUP-0", sale_price=Decimal(3))])
        assert item(store, "CUP-0").sale_price == "3.00"
        results = await written(opened, [setting(store, "CUP-0", price=None, sale_price=None)])
        assert outcomes(results) == {"CUP-0": (WRITTEN, "")}
        assert (item(store, "CUP-0").regular_price, item(store, "CUP-0").sale_price) == ("", "")


async def test_every_field_of_a_variant_is_written_and_shown_as_reading_gives_it() -> None:
    async with woo_store(catalog(simple=1, variable=1)) as store:
        fields = {
            "sku": "NEW",
            "barcode": "4006381333931",
            "price": Decimal("12.500000"),
            "sale_price": Decimal("9.99"),
            "weight_g": 250,
        }
        other = {**fields, "sku": "NEW-2"}
        cup, shirt = setting(store, "CUP-0", **fields), setting(store, "SHIRT-0-1", **other)
        results = await written(store.open(facts=YES), [cup, shirt])
        assert {key: one.shown for key, one in results.items()} == {"CUP-0": fields, "SHIRT-0-1": other}
        assert item(store, "NEW").regular_price == "12.50"
        assert (item(store, "NEW-2").weight, item(store, "NEW-2").gtin) == ("0.25", "4006381333931")


async def test_title_status_and_description_are_shown_as_reading_gives_them() -> None:
    async with woo_store(catalog(simple=1)) as store:
        write = telling(store, "CUP-0", title="Tom & Jerry", description="Holds tea", status="archived")
        results = await written(store.open(facts=YES), [write])
        assert outcomes(results) == {"CUP-0": (WRITTEN, "")}
        # As pages show it; a next pull must not take that for an edit by the merchant.
        assert results["CUP-0"].shown == {
            "title": "Tom & Jerry",
            "description": "<p>Holds tea</p>\n",
            "status": "draft",
        }
        (pulled,) = (await walk(store.open(facts=YES)))[0].products
        assert {name: getattr(pulled, name) for name in results["CUP-0"].shown} == results["CUP-0"].shown


async def test_markup_that_the_store_drops_is_told() -> None:
    async with woo_store(catalog(simple=1)) as store:
        write = telling(store, "CUP-0", description="<p>Tea</p><script>x</script>")
        results = await written(store.open(facts=YES), [write])
        assert outcomes(results) == {"CUP-0": (REFUSED, "echo_differs")}


async def test_tags_are_found_or_made_in_one_request() -> None:
    async with woo_store(catalog(simple=3)) as store:
        opened = store.open(facts=YES)
        await written(opened, [telling(store, "CUP-0", tags=("Sale", "Tea & Co"))])
        before = len(store.asked)
        results = await written(
            opened, [telling(store, "CUP-1", tags=("sale", "Blue")), telling(store, "CUP-2", tags=("Blue",))]
        )
        assert set(outcomes(results).values()) == {(WRITTEN, "")}
        assert len(store.asked) - before == 2
        assert results["CUP-1"].shown == {"tags": ("Sale", "Blue")}
        assert len(store.shop.terms.by_id["tags"]) == 3


async def test_a_tag_without_a_name_is_no_tag() -> None:
    async with woo_store(catalog(simple=1)) as store:
        results = await written(store.open(facts=YES), [telling(store, "CUP-0", tags=("Blue", ""))])
        assert outcomes(results) == {"CUP-0": (REFUSED, "rejected")}
        assert item(store, "CUP-0").tags == ()


async def test_images_go_apart_and_those_that_are_there_are_kept() -> None:
    async with woo_store(catalog(simple=1)) as store:
        opened = store.open(facts=YES)
        one = PlatformImage(url="https://cdn.example/one.png", alt="One")
        results = await written(opened, [telling(store, "CUP-0", title="Mug", images=(one,))])
        assert outcomes(results) == {"CUP-0": (WRITTEN, "")}
        (kept,) = results["CUP-0"].shown["images"]  # type: ignore[misc, union-attr]
        assert kept.url.startswith(store.url)
        assert [set(row) for row in rows(store)] == [{"id", "name"}, {"id", "images"}]
        first = item(store, "CUP-0").pictures[0].id
        other = PlatformImage(url="https://cdn.example/two.png")
        await written(opened, [telling(store, "CUP-0", images=(other, kept))])
        assert [picture.id == first for picture in item(store, "CUP-0").pictures] == [False, True]
        again = await written(opened, [telling(store, "CUP-0", images=(kept,))])
        assert outcomes(again) == {"CUP-0": (WRITTEN, "")}
        assert outcomes(await written(opened, [telling(store, "CUP-0", images=(kept,))])) == {"CUP-0": (UNCHANGED, "")}


async def test_an_image_that_cannot_be_fetched_does_not_keep_the_title_back() -> None:
    async with woo_store(catalog(simple=2)) as store:
        lost = PlatformImage(url="https://cdn.invalid/one.png")
        results = await written(
            store.open(facts=YES),
            [telling(store, "CUP-0", title="Mug", images=(lost,)), telling(store, "CUP-1", images=(lost,))],
        )
        assert outcomes(results) == {"CUP-0": (WRITTEN, "image_refused"), "CUP-1": (REFUSED, "image_refused")}
        assert results["CUP-0"].shown == {"title": "Mug"}
        assert "cdn.invalid" in results["CUP-0"].message


async def test_old_stores_are_asked_below_each_product() -> None:
    async with woo_store(catalog(variable=2), variations_endpoint=False) as store:
        writes = [counted(store, "SHIRT-0-1", 1, 4), counted(store, "SHIRT-1-2", 2, 0)]
        results = await written(store.open(facts=OLD), writes)
        assert outcomes(results) == {"SHIRT-0-1": (WRITTEN, ""), "SHIRT-1-2": (WRITTEN, "")}
        assert (item(store, "SHIRT-0-1").stock, item(store, "SHIRT-1-2").stock) == (4, 0)


async def test_a_store_whose_lists_are_unknown_is_asked_what_it_has() -> None:
    async with woo_store(catalog(variable=1), variations_endpoint=False) as store:
        assert outcomes(await written(store.open(), [counted(store, "SHIRT-0-1", 1, 4)])) == {
            "SHIRT-0-1": (WRITTEN, "")
        }


async def test_what_is_in_the_trash_is_gone() -> None:
    async with woo_store(catalog(simple=1, variable=1)) as store:
        writes = [
            setting(store, "CUP-0", price=Decimal(1)),
            counted(store, "SHIRT-0-0", 0, 4),
            setting(store, "SHIRT-0-1", price=Decimal(1)),
        ]
        for sku in ("CUP-0", "SHIRT-0-0"):
            store.shop.trash(item(store, sku))
        store.shop.delete(store.shop.catalog.items[item(store, "SHIRT-0-1").parent_id])
        assert set(outcomes(await written(store.open(facts=YES), writes)).values()) == {(REFUSED, "gone")}


async def test_ids_that_are_none_are_gone() -> None:
    async with woo_store() as store:
        writes = [
            ProductWrite(key="a", external_product_id="x1", fields={"title": "A"}),
            VariantWrite(key="b", external_product_id="7", external_id="", fields={"sku": "A"}),
        ]
        assert set(outcomes(await written(store.open(facts=YES), writes)).values()) == {(REFUSED, "gone")}
        assert store.asked == []


async def test_a_product_that_became_a_parent_of_variations_is_not_sold_itself() -> None:
    async with woo_store(catalog(variable=1)) as store:
        parent = str(item(store, "SHIRT-0-0").parent_id)
        write = VariantWrite(key="a", external_product_id=parent, external_id=parent, fields={"price": Decimal(5)})
        assert outcomes(await written(store.open(facts=YES), [write])) == {"a": (REFUSED, "gone")}


async def test_a_removal_hides_and_what_is_gone_counts_as_removed() -> None:
    async with woo_store(catalog(simple=1)) as store:
        number = ids(store, "CUP-0")["external_id"]
        removals = [
            ProductRemoval(key="hide", external_product_id=number),
            ProductRemoval(key="gone", external_product_id="99999"),
        ]
        results = await written(store.open(facts=YES), removals)
        assert outcomes(results) == {"hide": (WRITTEN, ""), "gone": (UNCHANGED, "")}
        assert item(store, "CUP-0").status == "draft"


async def test_only_what_we_made_is_deleted() -> None:
    async with woo_store(catalog(simple=1)) as store:
        number = ids(store, "CUP-0")["external_id"]
        removals = [
            ProductRemoval(key="theirs", external_product_id=number, delete=True),
            ProductRemoval(key="gone", external_product_id="99999", delete=True),
        ]
        results = await written(store.open(facts=YES), removals)
        assert outcomes(results) == {"theirs": (WRITTEN, ""), "gone": (UNCHANGED, "")}
        assert item(store, "CUP-0").status == "draft"


async def test_what_is_repeated_is_read_first_and_not_written_again() -> None:
    async with woo_store(catalog(simple=3, variable=1)) as store:
        opened = store.open(facts=YES)
        writes = [
            setting(store, "CUP-0", price=Decimal(4)),
            counted(store, "CUP-1", 1, 8),
            telling(store, "CUP-2", title="Mug", tags=("Blue",)),
            setting(store, "SHIRT-0-0", sku="SHIRT-0-0"),
        ]
        await written(opened, writes)
        done = len(batches(store))
        results = await written(opened, writes, repeated=True)
        assert {one.outcome for one in results.values()} == {UNCHANGED}
        assert len(batches(store)) == done
