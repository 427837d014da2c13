"""Writing to a simulated shop through its real answers: prices, pieces, products, pictures, whole catalogs, trouble."""

from decimal import Decimal
from typing import Any

import pytest

from backend.ports.platform_errors import Cause, StoreNotReady, StoreRefused, StoreUnavailable
from backend.ports.store_platform import PlatformImage, PlatformVariant
from backend.ports.store_writes import ProductRemoval, ProductWrite, WriteResult
from plugin_bridge.shopify import bulk_writing
from plugin_bridge.shopify.bulk import Patience
from tests.support.shopify_adapter import variants_of
from tests.support.shopify_writes import Writer, creation, lamp, writing

pytestmark = pytest.mark.anyio
D = Decimal
SILENT = {"next": 1, "seconds": 0.05}
"""Of `timeout_after_write`: the connection ends soon."""


def outcomes(results: dict[str, WriteResult]) -> dict[str, str]:
    return {key: one.code or one.outcome for key, one in results.items()}


# Prices and other fields of variants.


async def test_a_price_is_written_and_told_as_reading_tells_it() -> None:
    with writing() as shop:
        found = await shop.write(shop.price("a", 0, price=D("40.00"), sale_price=D("29.90")))
        assert found["a"].outcome == "written"
        assert found["a"].shown == {"price": D("40.00"), "sale_price": D("29.90")}
        row = shop.row(0)
        assert (row["price"], row["compare_at_price"]) == ("29.90", "40.00")
        read = variants_of(await shop.adapter.walk())[row["sku"]]
        assert (read.price, read.sale_price) == (D("40.00"), D("29.90"))


async def test_variants_of_one_product_are_one_mutation_and_several_products_several() -> None:
    with writing(2, variants_per_product=3) as shop:
        writes = [shop.price(str(at), at, price=D("5.00"), sale_price=None) for at in range(6)]
        assert set(outcomes(await shop.write(*writes)).values()) == {"written"}
        assert shop.asked == 2
        assert sorted(len(one["variants"]) for one in shop.done("productVariantsBulkUpdate")) == [3, 3]
        assert {row["price"] for row in shop.shop.catalog} == {"5.00"}


async def test_only_named_fields_are_sent() -> None:
    with writing() as shop:
        await shop.write(shop.price("a", 0, sku="NEW-1", barcode="4006381333931", weight_g=250))
        (sent,) = shop.done("productVariantsBulkUpdate")
        assert sorted(sent["variants"][0]) == ["barcode", "id", "inventoryItem"]
        assert shop.row(0)["sku"] == "NEW-1"
        assert shop.row(0)["price"] == shop.rows[0]["price"]


async def test_a_regular_price_alone_keeps_the_sale_that_is_on() -> None:
    with writing() as shop:
        await shop.write(shop.price("a", 0, price=D("40.00"), sale_price=D("29.90")))
        found = await shop.write(shop.price("b", 0, price=D("50.00")))
        assert found["b"].shown == {"price": D("50.00")}
        assert (shop.row(0)["price"], shop.row(0)["compare_at_price"]) == ("29.90", "50.00")


async def test_ending_a_sale_brings_the_regular_price_back() -> None:
    with writing() as shop:
        await shop.write(shop.price("a", 0, price=D("40.00"), sale_price=D("29.90")))
        await shop.write(shop.price("b", 0, sale_price=None))
        assert (shop.row(0)["price"], shop.row(0)["compare_at_price"]) == ("40.00", None)


async def test_one_bad_variant_does_not_stop_its_sisters() -> None:
    with writing(1, variants_per_product=3) as shop:
        gone = shop.price("gone", 1, price=D(6), sale_price=None)
        gone = type(gone)(key="gone", external_product_id=gone.external_product_id, external_id="1", fields=gone.fields)
        found = await shop.write(
            shop.price("a", 0, price=D(5), sale_price=None), gone, shop.price("c", 2, price=D(7), sale_price=None)
        )
        assert outcomes(found) == {"a": "written", "gone": "gone", "c": "written"}
        assert shop.asked == 1


async def test_a_price_that_shopify_cannot_show_is_refused_without_asking() -> None:
    with writing() as shop:
        found = await shop.write(
            shop.price("none", 0, price=None, sale_price=None), shop.price("sale", 1, price=D(5), sale_price=D(5))
        )
        assert outcomes(found) == {"none": "price_invalid", "sale": "price_invalid"}
        assert shop.asked == 0


async def test_a_mutation_refused_as_a_whole_is_cut_until_the_culprit_stands_alone() -> None:
    """A barcode is text: the shop refuses the request before it looks at any variant."""
    with writing(1, variants_per_product=5) as shop:
        writes = [shop.price(str(at), at, price=D(5), sale_price=None) for at in range(5)]
        writes[3] = shop.price("3", 3, barcode=5)
        found = outcomes(await shop.write(*writes))
        assert found == {"0": "written", "1": "written", "2": "written", "3": "rejected", "4": "written"}


async def test_what_is_shown_already_is_not_sent_again() -> None:
    with writing(1, variants_per_product=3) as shop:
        writes = [shop.price(str(at), at, price=D("5.00"), sale_price=None) for at in range(3)]
        await shop.write(*writes[:2])
        found = await shop.write(*writes, repeated=True)
        assert outcomes(found) == {"0": "unchanged", "1": "unchanged", "2": "written"}
        assert found["0"].shown == {"price": D("5.00"), "sale_price": None}
        assert [len(one["variants"]) for one in shop.done("productVariantsBulkUpdate")] == [2, 1]


@pytest.mark.parametrize("fault", ["throttle", "internal_error", "server_error", "rate_limited_without_retry_after"])
async def test_trouble_that_passes_costs_nothing(fault: str) -> None:
    with writing(4) as shop:
        shop.shop.fault(fault, next=2)
        writes = [shop.price(str(at), at, price=D("5.00"), sale_price=None) for at in range(4)]
        assert set(outcomes(await shop.write(*writes)).values()) == {"written"}


async def test_a_revoked_installation_is_the_shops_fault_and_no_items() -> None:
    with writing(4) as shop:
        shop.shop.fault("token_revoked", next=1)
        found: list[WriteResult] = []
        writes = [shop.price(str(at), at, price=D("5.00"), sale_price=None) for at in range(4)]
        error = await shop.collect(writes, found)
        assert isinstance(error, StoreRefused)
        assert error.cause is Cause.KEY_REVOKED
        assert found == []


async def test_a_grant_that_is_too_small_is_the_shops_fault() -> None:
    with writing(2) as shop:
        shop.shop.control("POST", "scopes", {"scopes": "read_products,read_inventory,read_locations"})
        error = await shop.collect([shop.price("a", 0, price=D(5), sale_price=None)], [])
        assert error is not None
        assert error.cause is Cause.SCOPE_MISSING


async def test_what_was_done_before_an_error_is_told() -> None:
    with writing(40) as shop:
        writes = [shop.price(str(at), at, price=D("5.00"), sale_price=None) for at in range(40)]
        found: list[WriteResult] = []
        store = shop.adapter.open()
        with pytest.raises(StoreUnavailable):  # noqa: PT012 - the fault is switched on in the middle
            async for results in store.write(writes):
                found += results
                shop.shop.fault("server_error")
        await store.aclose()
        shop.shop.clear_faults()
        written = {one.key for one in found}
        assert written == {str(at) for at, row in enumerate(shop.shop.catalog) if row["price"] == "5.00"}


# Pieces.


async def test_pieces_are_set_where_the_shop_shows_what_is_believed() -> None:
    with writing(3, options={"locations": ["Berlin", "Bremen"]}) as shop:
        found = await shop.write(
            shop.stock("more", 0, 500), shop.stock("stale", 1, 5, believed=12_345), shop.stock("same", 2, 0, believed=3)
        )
        assert outcomes(found)["more"] == "written"
        assert outcomes(found)["stale"] == "stale"
        assert found["stale"].pieces == shop.rows[1]["stock"]
        assert (shop.row(0)["stock"], shop.row(1)["stock"]) == (500, shop.rows[1]["stock"])
        assert found["more"].pieces == 500


async def test_many_pieces_are_two_requests() -> None:
    with writing(60) as shop:
        counted = [at for at, row in enumerate(shop.rows) if row["stock"] is not None]
        writes = [shop.stock(str(at), at, shop.rows[at]["stock"] + 1) for at in counted]
        assert set(outcomes(await shop.write(*writes)).values()) == {"written"}
        assert shop.asked == 2
        assert all(shop.row(at)["stock"] == shop.rows[at]["stock"] + 1 for at in counted)


async def test_what_shows_the_wanted_pieces_already_is_unchanged() -> None:
    with writing(1) as shop:
        found = await shop.write(shop.stock("a", 0, shop.rows[0]["stock"], believed=99))
        assert (found["a"].outcome, found["a"].pieces) == ("unchanged", shop.rows[0]["stock"])
        assert shop.shop.writes == []


async def test_what_the_shop_does_not_count_is_refused() -> None:
    product = lamp(variants=(PlatformVariant(external_id="1", external_product_id="p", sku="U", price=D(3)),))
    with writing([product]) as shop:
        assert outcomes(await shop.write(shop.stock("a", 0, 4, believed=0))) == {"a": "not_counted"}


async def test_what_is_gone_is_refused() -> None:
    with writing(2) as shop:
        write = shop.stock("a", 0, 4)
        shop.shop.change(shop.rows[0]["sku"], delete=True)
        assert outcomes(await shop.write(write)) == {"a": "gone"}


async def test_pieces_are_spread_over_the_places() -> None:
    product = lamp(variants=(lamp().variants[0],))
    with writing([product], options={"locations": ["Berlin", "Bremen", "Bonn"]}) as shop:
        for place, pieces in (("Bremen", 5), ("Bonn", 2)):
            shop.shop.change(shop.rows[0]["sku"], stock=pieces, location=place)
        await shop.write(shop.stock("up", 0, 20, believed=14))
        assert shop.row(0)["levels"] == {"Berlin": 13, "Bremen": 5, "Bonn": 2}
        await shop.write(shop.stock("down", 0, 4, believed=20))
        assert shop.row(0)["levels"] == {"Berlin": 0, "Bremen": 2, "Bonn": 2}


async def test_an_item_that_no_place_holds_is_begun_in_the_first_open_one() -> None:
    with writing([lamp()], options={"locations": ["Berlin", "Bremen"]}) as shop:
        variant = shop.shop.shop.catalog.variants[shop.rows[0]["id"]]
        shop.shop.server.call(_emptied(variant))
        found = await shop.write(shop.stock("a", 0, 6, believed=0))
        assert found["a"].outcome == "written"
        assert shop.row(0)["levels"] == {"Berlin": 6}


async def _emptied(variant: Any) -> None:
    variant.levels = {}


async def test_a_customer_who_comes_between_reading_and_writing_is_not_overwritten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with writing(3) as shop:
        writes = [shop.stock(str(at), at, shop.rows[at]["stock"] + 5) for at in range(3)]
        sold = shop.rows[1]["stock"] - 1
        _between(shop, monkeypatch, lambda: shop.shop.change(shop.rows[1]["sku"], stock=sold))
        found = await shop.write(*writes)
        assert outcomes(found) == {"0": "written", "1": "stale", "2": "written"}
        assert found["1"].pieces == sold
        assert shop.row(1)["stock"] == sold


def _between(shop: Writer, monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """Have something happen after the levels were read, once."""
    from plugin_bridge.shopify import stock_writing

    batches, done = stock_writing.batches, []

    def interrupted(*args: Any) -> Any:
        if not done:
            done.append(act())
        return batches(*args)

    monkeypatch.setattr(stock_writing, "batches", interrupted)


async def test_a_stock_write_without_an_answer_is_done_once() -> None:
    with writing(3) as shop:
        shop.shop.fault("timeout_after_write", **SILENT)
        writes = [shop.stock(str(at), at, shop.rows[at]["stock"] + 5) for at in range(3)]
        assert set(outcomes(await shop.write(*writes)).values()) == {"written"}
        assert len(shop.done("inventorySetQuantities")) == 1


async def test_a_repeated_stock_write_is_found_done() -> None:
    with writing(3) as shop:
        writes = [shop.stock(str(at), at, shop.rows[at]["stock"] + 5) for at in range(3)]
        await shop.write(*writes)
        again = await shop.write(*writes, repeated=True)
        assert set(outcomes(again).values()) == {"unchanged"}
        assert len(shop.done("inventorySetQuantities")) == 1


async def test_a_repeated_stock_write_is_not_done_again_though_the_old_pieces_came_back() -> None:
    """Somebody else moved them meanwhile: only the key tells that our part is done."""
    with writing(1) as shop:
        write = shop.stock("a", 0, shop.rows[0]["stock"] + 5)
        await shop.write(write)
        shop.shop.change(shop.rows[0]["sku"], stock=shop.rows[0]["stock"])
        await shop.write(write, repeated=True)
        assert len(shop.done("inventorySetQuantities")) == 1
        assert shop.row(0)["stock"] == shop.rows[0]["stock"]


# Products, pictures, going.


def product_write(shop: Writer, key: str, place: int, **fields: Any) -> ProductWrite:
    return ProductWrite(key=key, external_product_id=str(shop.rows[place]["product_id"]), fields=fields)


async def test_what_a_product_says_of_itself_is_written() -> None:
    with writing() as shop:
        fields = {"title": "New", "description": "<b>x</b>", "brand": "Acme", "tags": ("b", "a"), "status": "draft"}
        found = await shop.write(product_write(shop, "a", 0, **fields))
        assert found["a"].outcome == "written"
        assert found["a"].shown == {**fields, "tags": ("a", "b")}
        row = shop.row(0)
        assert (row["title"], row["status"]) == ("New", "draft")
        again = await shop.write(product_write(shop, "a", 0, **fields), repeated=True)
        assert again["a"].outcome == "unchanged"
        assert len(shop.done("productUpdate")) == 1


async def test_a_product_that_is_gone_or_says_nothing_is_refused_alone() -> None:
    with writing() as shop:
        gone = ProductWrite(key="gone", external_product_id="1", fields={"title": "x"})
        found = await shop.write(
            gone, product_write(shop, "blank", 0, title=" "), product_write(shop, "c", 1, title="C")
        )
        assert outcomes(found) == {"gone": "gone", "blank": "rejected", "c": "written"}


async def test_pictures_are_set_as_one_list_and_variants_stay() -> None:
    old = PlatformImage(url="https://shop.test/old.jpg", alt="old")
    kept = PlatformImage(url="https://shop.test/kept.jpg?v=1", alt="kept")
    with writing([lamp(images=(old, kept))]) as shop:
        new = PlatformImage(url="https://hub.test/new.jpg", alt="new")
        wanted = (new, PlatformImage(url="https://shop.test/kept.jpg?v=1", alt="better"))
        found = await shop.write(product_write(shop, "a", 0, images=wanted, title="Lamp"))
        assert found["a"].shown == {"images": wanted, "title": "Lamp"}
        (sent,) = shop.done("productSet")
        assert sorted(sent["input"]) == ["files", "title"]
        assert "id" in sent["input"]["files"][1]
        assert len(shop.shop.catalog) == 2
        again = await shop.write(product_write(shop, "a", 0, images=wanted, title="Lamp"), repeated=True)
        assert again["a"].outcome == "unchanged"
        assert len(shop.done("productSet")) == 1


async def test_a_list_of_pictures_without_an_answer_shows_none_twice() -> None:
    with writing([lamp()]) as shop:
        shop.shop.fault("timeout_after_write", **SILENT)
        wanted = (PlatformImage(url="https://hub.test/1.jpg"), PlatformImage(url="https://hub.test/2.jpg"))
        found = await shop.write(product_write(shop, "a", 0, images=wanted))
        assert found["a"].shown == {"images": wanted}


async def test_going_off_sale_archives_and_what_is_gone_is_done() -> None:
    with writing(3) as shop:
        ids = [str(row["product_id"]) for row in shop.rows]
        found = await shop.write(
            ProductRemoval(key="a", external_product_id=ids[0]),
            ProductRemoval(key="b", external_product_id=ids[1], delete=True),
            ProductRemoval(key="gone", external_product_id="1"),
            ProductRemoval(key="gone too", external_product_id="2", delete=True),
        )
        assert outcomes(found) == {"a": "written", "b": "written", "gone": "unchanged", "gone too": "unchanged"}
        assert [row["status"] for row in shop.shop.catalog] == ["archived", "active"]
        again = await shop.write(ProductRemoval(key="a", external_product_id=ids[0]), repeated=True)
        assert again["a"].outcome == "unchanged"


# Putting up for sale.


async def test_a_product_is_made_with_variants_stock_and_pictures_in_one_mutation() -> None:
    with writing(1, options={"locations": ["Berlin", "Bremen"]}) as shop:
        product = lamp(images=(PlatformImage(url="https://hub.test/1.jpg", alt="one"),))
        made = (await shop.write(creation("c", product)))["c"]
        assert made.outcome == "written"
        assert made.created is not None
        rows = {row["sku"]: row for row in shop.shop.catalog if row["title"] == "Reading Lamp"}
        for variant in made.created.variants:
            row = rows[variant.own_id.upper()]
            assert (variant.external_id, variant.inventory_id) == (str(row["id"]), str(row["inventory_item_id"]))
        red = rows["018F-LAMP-RED"]
        assert (red["price"], red["compare_at_price"], red["levels"]) == ("29.90", "40.00", {"Berlin": 7})
        assert [one["body"]["mutation"] for one in shop.shop.writes] == ["productSet", "publishablePublish"]
        read = variants_of(await shop.adapter.walk())["018F-LAMP-RED"]
        own = product.variants[0]
        for name in ("sku", "barcode", "price", "sale_price", "stock", "weight_g", "options", "backorder"):
            assert getattr(read, name) == getattr(own, name)


async def test_a_product_without_options_is_made_with_one_variant() -> None:
    variant = PlatformVariant(external_id="v", external_product_id="p", sku="ONE", price=D("3.00"))
    with writing(0) as shop:
        made = (await shop.write(creation("c", lamp("p", variants=(variant,)))))["c"]
        assert made.created is not None
        assert [one.own_id for one in made.created.variants] == ["v"]
        (row,) = shop.shop.catalog
        assert (row["options"], row["stock"], row["price"]) == ({"Title": "Default Title"}, None, "3.00")


async def test_a_creation_without_an_answer_makes_one_product() -> None:
    with writing(0) as shop:
        shop.shop.fault("timeout_after_write", **SILENT)
        made = (await shop.write(creation()))["c"]
        assert (made.outcome, made.created is not None) == ("written", True)
        assert len(shop.done("productSet")) == 1
        assert shop.shop.state["products"] == 1


async def test_a_repeated_creation_finds_what_it_made() -> None:
    with writing(0) as shop:
        first = (await shop.write(creation()))["c"]
        again = (await shop.write(creation(), repeated=True))["c"]
        assert again.outcome == "unchanged"
        assert again.created is not None
        assert first.created is not None
        assert (again.created.adopted, again.created.variants) == (True, first.created.variants)
        assert shop.shop.state["products"] == 1


async def test_a_creation_repeated_by_somebody_who_does_not_know_makes_none_either() -> None:
    with writing(0) as shop:
        first = (await shop.write(creation()))["c"]
        again = (await shop.write(creation("other")))["other"]
        assert again.created is not None
        assert first.created is not None
        assert again.created.external_product_id == first.created.external_product_id
        assert shop.shop.state["products"] == 1


async def test_a_repeated_creation_whose_handle_was_changed_is_found_by_its_skus() -> None:
    with writing(0) as shop:
        await shop.write(creation())
        renamed = lamp(title="Another title")
        again = (await shop.write(creation("c", renamed), repeated=True))["c"]
        assert again.outcome == "unchanged"
        assert shop.shop.state["products"] == 1


async def test_a_repeated_creation_does_not_take_a_product_that_is_only_half_the_same() -> None:
    half = lamp(variants=lamp().variants[:1])
    with writing([half]) as shop:
        found = await shop.write(creation(), repeated=True)
        assert outcomes(found) == {"c": "sku_taken"}
        assert shop.shop.state["products"] == 1


async def test_what_shopify_cannot_sell_is_refused_and_others_are_made() -> None:
    bad = lamp("bad", variants=tuple(PlatformVariant(external_id=one, external_product_id="bad") for one in "ab"))
    with writing(0) as shop:
        found = await shop.write(creation("bad", bad), creation("good"))
        assert outcomes(found) == {"bad": "price_invalid", "good": "written"}


def wide(count: int) -> Any:
    variants = tuple(
        PlatformVariant(
            external_id=f"w-{at}", external_product_id="w", sku=f"W{at}", price=D(3), stock=1, options={"Size": str(at)}
        )
        for at in range(count)
    )
    return lamp("w", variants=variants)


async def test_a_product_with_many_variants_is_made_and_then_filled() -> None:
    with writing(0) as shop:
        made = (await shop.write(creation("c", wide(520))))["c"]
        assert made.created is not None
        assert [one.own_id for one in made.created.variants] == [f"w-{at}" for at in range(520)]
        assert [one["body"]["mutation"] for one in shop.shop.writes] == [
            "productSet",
            "productVariantsBulkCreate",
            "productVariantsBulkCreate",
            "publishablePublish",
        ]
        assert sum(row["stock"] for row in shop.shop.catalog) == 520


async def test_a_creation_that_died_half_way_is_completed() -> None:
    with writing(0) as shop:
        await shop.write(creation("c", wide(250)))
        made = (await shop.write(creation("c", wide(300)), repeated=True))["c"]
        assert made.created is not None
        assert len(made.created.variants) == 300
        assert shop.shop.state["products"] == 1
        assert shop.shop.state["variants"] == 300


# Many at once.


def thousand(shop: Writer, count: int = 1_000) -> list[Any]:
    return [shop.price(f"k{at}", at, price=D("5.00"), sale_price=None) for at in range(count)]


async def test_a_thousand_prices_are_one_bulk_operation() -> None:
    with writing(1_000) as shop:
        found = await shop.write(*thousand(shop))
        assert set(outcomes(found).values()) == {"written"}
        assert found["k0"].shown == {"price": D("5.00"), "sale_price": None}
        assert [one["type"] for one in shop.shop.state["bulk_operations"]] == ["MUTATION"]
        assert len(shop.done("productVariantsBulkUpdate")) == 1_000
        assert shop.asked < 60
        assert {row["price"] for row in shop.shop.catalog} == {"5.00"}


async def test_two_hundred_products_are_one_mutation_each() -> None:
    with writing(200) as shop:
        await shop.write(*thousand(shop, 200))
        assert shop.asked == 200
        assert shop.shop.state["bulk_operations"] == []


async def test_many_products_are_one_bulk_operation_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugin_bridge.shopify.writing.BULK_FROM", 5)
    with writing(9) as shop:
        gone = ProductWrite(key="gone", external_product_id="1", fields={"title": "x"})
        writes = [product_write(shop, str(at), at, title=f"T{at}") for at in range(9)]
        found = await shop.write(*writes, gone)
        assert outcomes(found) == {**{str(at): "written" for at in range(9)}, "gone": "gone"}
        assert found["3"].shown == {"title": "T3"}
        assert len(shop.shop.state["bulk_operations"]) == 1


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bulk operations begin with few products."""
    monkeypatch.setattr("plugin_bridge.shopify.writing.BULK_FROM", 5)


async def test_an_operation_that_fails_half_way_is_finished_one_by_one(few: None) -> None:
    with writing(20) as shop:
        shop.shop.fault("bulk_failed", next=1)
        assert set(outcomes(await shop.write(*thousand(shop, 20))).values()) == {"written"}
        assert len(shop.done("productVariantsBulkUpdate")) == 20


async def test_without_a_free_slot_they_go_one_by_one(few: None) -> None:
    with writing(20) as shop:
        shop.shop.fault("bulk_refused")
        assert set(outcomes(await shop.write(*thousand(shop, 20))).values()) == {"written"}
        assert shop.shop.state["bulk_operations"] == []


async def test_a_lost_finish_webhook_is_not_waited_for(few: None) -> None:
    with writing(20) as shop:
        shop.shop.fault("finish_webhook_lost")
        assert set(outcomes(await shop.write(*thousand(shop, 20))).values()) == {"written"}


async def test_a_start_without_an_answer_is_one_operation(few: None) -> None:
    with writing(20) as shop:
        # The first mutation asks for a place to upload to, the second starts the operation.
        shop.shop.fault("timeout_after_write", next=2, seconds=0.05)
        assert set(outcomes(await shop.write(*thousand(shop, 20))).values()) == {"written"}
        assert len(shop.shop.state["bulk_operations"]) == 1
        assert len(shop.done("productVariantsBulkUpdate")) == 20


async def test_a_slow_operation_gives_the_worker_back_and_is_waited_for_by_the_repetition(few: None) -> None:
    with writing(20) as shop:
        shop.adapter.connector._patience = Patience(first_s=0.02, most_s=0.05, here_s=0.2)
        shop.shop.fault("bulk_stuck")
        error = await shop.collect(thousand(shop, 20), [])
        assert isinstance(error, StoreNotReady)
        assert isinstance(await shop.collect(thousand(shop, 20), [], repeated=True), StoreNotReady)
        shop.shop.clear_faults()
        found = await shop.write(*thousand(shop, 20), repeated=True)
        assert set(outcomes(found).values()) == {"unchanged"}
        assert len(shop.done("productVariantsBulkUpdate")) == 20


async def test_a_worker_that_died_behind_an_operation_finds_it_done(few: None) -> None:
    with writing(20) as shop:
        await shop.write(*thousand(shop, 20))
        found = await shop.write(*thousand(shop, 20), repeated=True)
        assert set(outcomes(found).values()) == {"unchanged"}
        assert len(shop.shop.state["bulk_operations"]) == 1


async def test_lines_that_are_too_large_go_one_by_one(few: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_writing, "MOST_BYTES", 100)
    with writing(10) as shop:
        assert set(outcomes(await shop.write(*thousand(shop, 10))).values()) == {"written"}
        assert shop.shop.state["bulk_operations"] == []


async def test_going_off_sale_of_many_is_one_operation_too(few: None) -> None:
    with writing(9) as shop:
        ids = [str(row["product_id"]) for row in shop.rows]
        found = await shop.write(*[ProductRemoval(key=one, external_product_id=one) for one in [*ids, "1"]])
        assert outcomes(found) == {**dict.fromkeys(ids, "written"), "1": "unchanged"}
        assert {row["status"] for row in shop.shop.catalog} == {"archived"}
        assert len(shop.shop.state["bulk_operations"]) == 1


# Everything at once, under disasters.


@pytest.mark.parametrize("seed", [11, 23, 47])
async def test_whatever_fails_every_write_is_done_in_the_end_and_nothing_twice(seed: int, few: None) -> None:
    with writing(12) as shop:
        shop.shop.shop.faults.random.seed(seed)
        for fault in ("throttle", "internal_error", "server_error", "truncated_json"):
            shop.shop.fault(fault, rate=0.06)
        shop.shop.fault("timeout_after_write", rate=0.2, seconds=0.02)
        shop.shop.fault("bulk_failed", rate=0.5)
        left: dict[str, Any] = {}
        for at in range(8):
            left[f"p{at}"] = shop.price(f"p{at}", at, price=D("5.00"), sale_price=None)
            left[f"s{at}"] = shop.stock(f"s{at}", at, shop.rows[at]["stock"] + 5)
            left[f"c{at}"] = creation(f"c{at}", lamp(f"own-{at}"))
        for turn in range(40):
            found: list[WriteResult] = []
            await shop.collect(list(left.values()), found, repeated=turn > 0)
            for one in found:
                if one.outcome in ("written", "unchanged"):
                    del left[one.key]
                else:
                    assert (one.key, one.outcome) == (one.key, "failed")
            if not left:
                break
            shop.adapter.connector._traffic.clear()  # nobody waits for a shop to rest
        assert left == {}
        shop.shop.clear_faults()
        rows = {row["id"]: row for row in shop.shop.catalog}
        for at in range(8):
            before = shop.rows[at]
            assert (rows[before["id"]]["price"], rows[before["id"]]["stock"]) == ("5.00", before["stock"] + 5)
        assert shop.shop.state["products"] == 12 + 8
        assert sum(row["stock"] for row in rows.values() if row["title"] == "Reading Lamp") == 8 * 10
        moved = [
            row["inventoryItemId"] for one in shop.done("inventorySetQuantities") for row in one["input"]["quantities"]
        ]
        assert len(moved) == len(set(moved)) == 8
        assert len([one for one in shop.done("productSet") if one["input"]["title"] == "Reading Lamp"]) == 8
