"""Writing to a store of any platform: what is written is shown, nothing else is touched, each write has one result."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from backend.domain.catalog.fields import GROUP_OF, PRODUCT_FIELDS
from backend.ports.store_platform import PlatformImage
from backend.ports.store_writes import (
    REFUSED,
    STALE,
    UNCHANGED,
    WRITTEN,
    FieldValue,
    ProductRemoval,
    ProductWrite,
    StockWrite,
    StoreWrite,
    VariantWrite,
    WriteResult,
)
from plugin_bridge.registry import PLATFORMS
from tests.platforms.conformance.conftest import Serve
from tests.support.conformance.articles import PIECES, articles, bowl, creation, lamp
from tests.support.conformance.driver import Simulated
from tests.support.conformance.drivers import DRIVERS
from tests.support.conformance.reading import read

pytestmark = pytest.mark.anyio
VALUES: dict[str, FieldValue] = {
    "title": "Täglich & gut",
    "description": "<p>Holds <b>coffee</b> too</p>",
    "tags": ("gift", "new"),
    "brand": "Other Brand",
    "images": (PlatformImage(url="https://pictures.test/other.jpg", alt="From above"),),
    "status": "draft",
    "sku": "MUG-1",
    "barcode": "4006381333931",
    "price": Decimal("12.50"),
    "sale_price": Decimal("4.90"),
    "weight_g": 1250,
}
"""Another value for each field that can be written one by one."""
FIELDS = [
    pytest.param(name, field, id=f"{name}-{field}")
    for name in sorted(PLATFORMS)
    for field in sorted(DRIVERS[name].writes)
    if field != "stock"
]
ON_ITS_OWN = pytest.mark.parametrize(("platform", "field"), FIELDS)


def setting(store: Simulated, sku: str, field: str, key: str = "k") -> StoreWrite:
    """Write another value of a field."""
    write = store.telling if field in PRODUCT_FIELDS else store.selling
    return write(sku, key, **{field: VALUES[field]})


def verdicts(results: dict[str, WriteResult]) -> dict[str, str]:
    """Code of what was refused or failed, else the outcome, by key."""
    return {key: one.code or one.outcome for key, one in results.items()}


def test_every_field_that_a_platform_takes_is_written_here() -> None:
    assert {name: driver.writes - VALUES.keys() for name, driver in DRIVERS.items()} == {
        name: {"stock"} for name in PLATFORMS
    }
    assert VALUES.keys() <= GROUP_OF.keys()


# Fields.


@ON_ITS_OWN
async def test_a_field_that_was_written_is_read_as_it_was_told(serve: Serve, field: str) -> None:
    store = await serve(articles(3))
    told = (await store.write(setting(store, "CUP-1", field)))["k"]
    assert (told.outcome, told.code) == (WRITTEN, "")
    sku = "MUG-1" if field == "sku" else "CUP-1"
    shows = (await read(store)).held(sku)
    if field == "images":  # fetched by the store, and kept where it likes
        assert [image.alt for image in shows[field]] == ["From above"]
    else:
        assert _stripped(shows[field]) == _plain(VALUES[field])
    assert {name: _plain(value) for name, value in told.shown.items()} == {field: shows[field]}


@ON_ITS_OWN
async def test_a_field_that_was_written_leaves_all_others_alone(serve: Serve, field: str) -> None:
    store = await serve(articles(3))
    before = await read(store)
    await store.write(setting(store, "CUP-1", field))
    after = await read(store)
    sku = "MUG-1" if field == "sku" else "CUP-1"
    assert {**after.held(sku), field: ...} == {**before.held("CUP-1"), field: ...}
    for other in ("CUP-0", "CUP-2"):
        assert after.held(other) == before.held(other)


@ON_ITS_OWN
async def test_a_field_written_again_is_harmless(serve: Serve, field: str) -> None:
    store = await serve(articles(1))
    write = setting(store, "CUP-0", field)
    await store.write(write)
    before = await read(store)
    again = (await store.write(write))["k"]
    assert again.outcome in (WRITTEN, UNCHANGED)
    after = await read(store)
    assert [after.held(one.sku) for one in after.variants] == [before.held(one.sku) for one in before.variants]


@ON_ITS_OWN
async def test_a_field_that_is_shown_already_is_not_written_when_it_is_repeated(serve: Serve, field: str) -> None:
    store = await serve(articles(1))
    write = setting(store, "CUP-0", field)
    await store.write(write)
    accepted = len(store.writes)
    again = verdicts(await store.write(write, repeated=True))["k"]
    if field == "images":  # a store that keeps copies cannot tell whose they are, and is sent them again
        assert again in (WRITTEN, UNCHANGED)
        assert [image.alt for image in (await read(store)).held("CUP-0")["images"]] == ["From above"]
        return
    assert again == UNCHANGED
    assert len(store.writes) == accepted


async def test_a_variation_takes_its_fields_like_any_article(serve: Serve) -> None:
    store = await serve(articles(1, 2))
    before = await read(store)
    fields: dict[str, FieldValue] = {"price": Decimal("33.00"), "sale_price": Decimal("30.00"), "weight_g": 400}
    assert verdicts(await store.write(store.selling("SHIRT-1-1", **fields))) == {"SHIRT-1-1": WRITTEN}
    after = await read(store)
    assert after.held("SHIRT-1-1") == {**before.held("SHIRT-1-1"), **fields}
    for other in ("SHIRT-1-0", "SHIRT-1-2", "SHIRT-0-1", "CUP-0"):
        assert after.held(other) == before.held(other)


async def test_a_sale_is_ended_by_no_sale_price(serve: Serve) -> None:
    store = await serve(articles(1))
    await store.write(store.selling("CUP-0", price=Decimal("10.00"), sale_price=Decimal("8.00")))
    await store.write(store.selling("CUP-0", sale_price=None))
    found = (await read(store)).variant("CUP-0")
    assert (found.price, found.sale_price) == (Decimal("10.00"), None)


async def test_every_write_of_a_large_call_has_one_result_under_its_key(serve: Serve) -> None:
    store = await serve(articles(60, 15))
    most = store.connector.writes_at_once
    rows = store.rows()[:most]
    writes: list[StoreWrite] = [
        VariantWrite(
            key=f"key-{number}",
            external_product_id=row.product_id,
            external_id=row.id,
            fields={"price": Decimal(100 + number)},
        )
        for number, row in enumerate(rows)
    ]
    assert set(verdicts(await store.write(*writes)).values()) == {WRITTEN}
    found = await read(store)
    assert [found.variant(row.sku).price for row in rows] == [100 + number for number in range(len(rows))]


async def test_all_kinds_of_writes_go_in_one_call(serve: Serve) -> None:
    store = await serve(articles(4, 1))
    found = await store.write(
        store.counting("CUP-0", 9, key="stock"),
        store.selling("CUP-1", "price", price=Decimal("7.00")),
        store.telling("CUP-2", "title", title="Mug"),
        store.removing("CUP-3", "removal"),
        creation("creation"),
    )
    assert verdicts(found) == dict.fromkeys(("stock", "price", "title", "removal", "creation"), WRITTEN)


# Pieces.


async def test_pieces_that_were_written_are_read(serve: Serve) -> None:
    store = await serve(articles(2, 1))
    found = await store.write(store.counting("CUP-1", 9), store.counting("SHIRT-0-2", 0))
    assert {key: (one.outcome, one.pieces) for key, one in found.items()} == {
        "CUP-1": (WRITTEN, 9),
        "SHIRT-0-2": (WRITTEN, 0),
    }
    shows = await read(store)
    assert [shows.variant(sku).stock for sku in ("CUP-0", "CUP-1", "SHIRT-0-2", "SHIRT-0-1")] == [PIECES, 9, 0, PIECES]


async def test_pieces_that_are_shown_already_are_not_written(serve: Serve) -> None:
    store = await serve(articles(1))
    assert verdicts(await store.write(store.counting("CUP-0", PIECES))) == {"CUP-0": UNCHANGED}
    assert store.writes == []


async def test_a_wrong_belief_is_stale_and_told_the_true_pieces(serve: Serve) -> None:
    store = await serve(articles(2, 1))
    writes = [store.counting("CUP-0", 9), store.counting("SHIRT-0-1", 2), store.counting("CUP-1", 8)]
    store.order("CUP-0", 2)
    store.order("SHIRT-0-1", 1)
    found = await store.write(*writes)
    assert {key: (one.outcome, one.pieces) for key, one in found.items()} == {
        "CUP-0": (STALE, PIECES - 2),
        "SHIRT-0-1": (STALE, PIECES - 1),
        "CUP-1": (WRITTEN, 8),
    }
    assert (store.row("CUP-0").stock, store.row("SHIRT-0-1").stock) == (PIECES - 2, PIECES - 1)
    assert store.pieces_set(store.row("CUP-0")) == store.pieces_set(store.row("SHIRT-0-1")) == []


async def test_what_a_store_does_not_count_is_not_counted_for_it(serve: Serve) -> None:
    store = await serve(articles(1, uncounted=1))
    found = await store.write(store.counting("ODD-0", 4), store.counting("CUP-0", 4))
    assert {key: (one.outcome, one.code) for key, one in found.items()} == {
        "ODD-0": (REFUSED, "not_counted"),
        "CUP-0": (WRITTEN, ""),
    }
    assert (await read(store)).variant("ODD-0").stock is None


# Trouble with one of many.


async def test_a_bad_write_among_good_ones_fails_alone(serve: Serve) -> None:
    store = await serve(articles(8, 1))
    nowhere: dict[str, Any] = {"external_product_id": "987654321", "external_id": "987654321"}
    found = await store.write(
        store.selling("CUP-0", price=Decimal("7.00")),
        store.selling("CUP-1", price=Decimal("-1.00")),
        VariantWrite(key="no variant", fields={"price": Decimal("7.00")}, **nowhere),
        store.selling("CUP-2", sku="CUP-3"),
        store.selling("SHIRT-0-0", price=Decimal("21.50")),
        store.selling("SHIRT-0-1", price=Decimal("9.00"), sale_price=Decimal("9.00")),
        ProductWrite(key="no product", external_product_id="987654321", fields={"title": "Nothing"}),
        store.telling("CUP-4", title="Mug"),
        StockWrite(key="no stock", believed=1, target=2, inventory_id="987654321", **nowhere),
        store.counting("CUP-5", 9),
        creation("bad creation", bowl(price=Decimal("-1.00"))),
        creation("good creation"),
    )
    taken = "sku_taken" if store.skus_are_unique else WRITTEN
    assert verdicts(found) == {
        "CUP-0": WRITTEN,
        "CUP-1": "price_invalid",
        "no variant": "gone",
        "CUP-2": taken,
        "SHIRT-0-0": WRITTEN,
        "SHIRT-0-1": "price_invalid",
        "no product": "gone",
        "CUP-4": WRITTEN,
        "no stock": "gone",
        "CUP-5": WRITTEN,
        "bad creation": "price_invalid",
        "good creation": WRITTEN,
    }
    shows = await read(store)
    assert [str(shows.variant(sku).price) for sku in ("CUP-0", "CUP-1", "SHIRT-0-0")] == ["7.00", "6.50", "21.50"]
    assert (shows.product("CUP-4").title, shows.variant("CUP-5").stock) == ("Mug", 9)


# Creations.


@pytest.mark.parametrize("product", [lamp(), bowl()], ids=["in colours", "as it is"])
async def test_a_created_product_is_read_as_it_was_meant(serve: Serve, product: Any) -> None:
    store = await serve(articles(2))
    made = (await store.write(creation(product=product)))["made"]
    assert (made.outcome, made.code) == (WRITTEN, "")
    assert made.created is not None
    assert not made.created.adopted
    shows = await read(store)
    ids = {one.own_id: one.external_id for one in made.created.variants}
    assert ids.keys() == {one.external_id for one in product.variants}
    for own in product.variants:
        there = shows.variant(own.sku)
        assert (there.external_id, there.external_product_id) == (
            ids[own.external_id],
            made.created.external_product_id,
        )
        assert (there.price, there.sale_price, there.stock) == (own.price, own.sale_price, own.stock)
        assert (there.options, there.weight_g) == (own.options, own.weight_g)
        assert there.active
        assert store.row(own.sku).on_sale
    parent = shows.product(product.variants[0].sku)
    assert (parent.title, parent.status, set(parent.tags)) == (product.title, "active", set(product.tags))


async def test_a_repeated_creation_adopts_what_is_there(serve: Serve) -> None:
    store = await serve(articles(1))
    first = (await store.write(creation()))["made"]
    accepted = len(store.writes)
    again = (await store.write(creation(), repeated=True))["made"]
    assert again.outcome == UNCHANGED
    assert first.created is not None
    assert again.created is not None
    assert _ids(again) == _ids(first)
    assert len(store.writes) == accepted


async def test_a_creation_whose_skus_are_there_adopts_the_product_when_it_is_repeated(serve: Serve) -> None:
    store = await serve([lamp("0190-theirs")])
    theirs = store.row("0190-THEIRS-RED")
    found = (await store.write(creation(product=lamp("0190-theirs")), repeated=True))["made"]
    assert found.created is not None
    assert (found.outcome, found.created.adopted) == (UNCHANGED, True)
    assert found.created.external_product_id == theirs.product_id
    assert {one.external_id for one in found.created.variants} == {one.id for one in store.rows()}
    assert store.writes == []


def _ids(result: WriteResult) -> Any:
    assert result.created is not None
    return result.created.external_product_id, sorted(msgspec.to_builtins(result.created.variants), key=str)


# Removals.


async def test_a_removed_product_is_off_sale_and_still_there(serve: Serve) -> None:
    store = await serve(articles(2, 1))
    for sku in ("CUP-0", "SHIRT-0-1"):
        assert verdicts(await store.write(store.removing(sku))) == {sku: WRITTEN}
        row = store.row(sku)
        async with store.opened() as opened:
            assert await opened.still_listed([row.product_id], [])
    shows = await read(store)
    skus = ("CUP-0", "SHIRT-0-1", "CUP-1")
    assert [shows.product(sku).status == "active" for sku in skus] == [False, False, True]
    assert [store.row(sku).on_sale for sku in skus] == [False, False, True]


@pytest.mark.parametrize("repeated", [False, True], ids=["asked anew", "repeated"])
async def test_a_removal_is_harmless_twice(serve: Serve, repeated: bool) -> None:
    store = await serve(articles(2, 1))
    removals = [store.removing("CUP-0"), store.removing("SHIRT-0-1")]
    await store.write(*removals)
    before = await read(store)
    assert set(verdicts(await store.write(*removals, repeated=repeated)).values()) <= {WRITTEN, UNCHANGED}
    after = await read(store)
    assert [after.held(row.sku) for row in store.rows()] == [before.held(row.sku) for row in store.rows()]


async def test_a_removed_product_comes_back_on_sale(serve: Serve) -> None:
    store = await serve(articles(2, 1))
    await store.write(creation())
    skus = ("CUP-0", "SHIRT-0-1", "0190-LAMP-BLUE")
    await store.write(*[store.removing(sku) for sku in skus])
    back = [store.telling(sku, status="active") for sku in skus]
    assert verdicts(await store.write(*back)) == dict.fromkeys(skus, WRITTEN)
    assert verdicts(await store.write(*back, repeated=True)) == dict.fromkeys(skus, UNCHANGED)
    assert [store.row(sku).on_sale for sku in skus] == [True, True, True]


async def test_what_we_made_is_deleted_for_good_and_harmlessly_twice(serve: Serve) -> None:
    store = await serve(articles(1))
    await store.write(creation())
    removal = store.removing("0190-LAMP-RED", "gone", delete=True)
    assert verdicts(await store.write(removal)) == {"gone": WRITTEN}
    assert [one.sku for one in store.rows()] == ["CUP-0"]
    assert verdicts(await store.write(removal, repeated=True)) == {"gone": UNCHANGED}
    async with store.opened() as opened:
        assert not await opened.still_listed([removal.external_product_id], [])


async def test_the_removal_of_what_is_gone_is_done(serve: Serve) -> None:
    store = await serve(articles(2))
    removals: list[ProductRemoval] = [store.removing("CUP-0"), store.removing("CUP-1", delete=True)]
    store.delete("CUP-0")
    store.delete("CUP-1")
    assert verdicts(await store.write(*removals)) == {"CUP-0": UNCHANGED, "CUP-1": UNCHANGED}


def _stripped(value: Any) -> Any:
    """Without the line ends that a store puts behind a text."""
    return value.strip() if isinstance(value, str) else value


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, tuple) and all(isinstance(one, str) for one in value) else value
